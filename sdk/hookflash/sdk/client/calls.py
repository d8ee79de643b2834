"""Every unary call of the API as a method: a request message goes in, the answer's message comes out.

Nothing is renamed or hidden: what a call does stands beside it in the .proto files, and errors are the classes of
`hookflash.sdk.client.errors`. A test fails when a call is missing here or in the sync client.
"""

import uuid
from typing import Final, TypeVar

import grpc
import grpc.aio
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2, health_pb2_grpc  # type: ignore[import-untyped]

from hookflash.sdk.client import messages as m
from hookflash.sdk.client.connection import DEADLINE_S, Tls, bearer, open_channel
from hookflash.sdk.client.errors import HookflashError, from_rpc_error
from hookflash.v1.admin_service_pb2_grpc import AdminServiceStub
from hookflash.v1.agent_service_pb2_grpc import AgentServiceStub
from hookflash.v1.channel_service_pb2_grpc import ChannelServiceStub
from hookflash.v1.conversation_service_pb2_grpc import ConversationServiceStub
from hookflash.v1.event_service_pb2_grpc import EventServiceStub
from hookflash.v1.queue_service_pb2_grpc import QueueServiceStub

__all__ = ["Calls"]

_Request = TypeVar("_Request", bound=Message)
_Answer = TypeVar("_Answer", bound=Message)
_REQUEST_ID: Final = "request_id"


class Calls:
    """The unary calls of all services, over one channel.

    Each takes `timeout_s`, its deadline in seconds; None: the client's own. A mutation without `request_id` is given
    one, so that what gRPC tries again is done once; give your own to repeat a call yourself.
    """

    def __init__(self, address: str, *, token: str | None, tls: Tls | None, timeout_s: float = DEADLINE_S) -> None:
        self.address = address
        self._metadata = bearer(token)
        self._timeout_s = timeout_s
        self._channel = open_channel(address, tls)
        self._admin = AdminServiceStub(self._channel)
        self._agent = AgentServiceStub(self._channel)
        self._channel_service = ChannelServiceStub(self._channel)
        self._conversation = ConversationServiceStub(self._channel)
        self._event = EventServiceStub(self._channel)
        self._queue = QueueServiceStub(self._channel)
        self._health = health_pb2_grpc.HealthStub(self._channel)

    async def _unary(
        self,
        method: grpc.aio.UnaryUnaryMultiCallable[_Request, _Answer],
        request: _Request,
        timeout_s: float | None,
    ) -> _Answer:
        deadline_s = self._timeout_s if timeout_s is None else timeout_s
        try:
            return await method(_with_request_id(request), timeout=deadline_s, metadata=self._metadata)
        except grpc.aio.AioRpcError as error:
            raise self._translated(error) from error

    def _translated(self, error: grpc.aio.AioRpcError) -> HookflashError:
        is_connected = self._channel.get_state() is grpc.ChannelConnectivity.READY
        return from_rpc_error(error, self.address, is_connected=is_connected)

    async def health(self, *, timeout_s: float | None = None) -> health_pb2.HealthCheckResponse:
        """Ask gRPC's standard health service whether the server serves; needs no token."""
        return await self._unary(self._health.Check, health_pb2.HealthCheckRequest(), timeout_s)

    # ConversationService
    async def create_conversation(
        self, request: m.CreateConversationRequest, *, timeout_s: float | None = None
    ) -> m.Conversation:
        """Opens a conversation for a customer's address."""
        return await self._unary(self._conversation.CreateConversation, request, timeout_s)

    async def get_conversation(
        self, request: m.GetConversationRequest, *, timeout_s: float | None = None
    ) -> m.Conversation:
        """Reads one conversation."""
        return await self._unary(self._conversation.GetConversation, request, timeout_s)

    async def list_conversations(
        self, request: m.ListConversationsRequest, *, timeout_s: float | None = None
    ) -> m.ListConversationsResponse:
        """Lists conversations, newest first."""
        return await self._unary(self._conversation.ListConversations, request, timeout_s)

    async def close_conversation(
        self, request: m.CloseConversationRequest, *, timeout_s: float | None = None
    ) -> m.Conversation:
        """Ends a conversation for everybody."""
        return await self._unary(self._conversation.CloseConversation, request, timeout_s)

    async def send_message(self, request: m.SendMessageRequest, *, timeout_s: float | None = None) -> m.Message:
        """Says something to everybody in the conversation, the customer included."""
        return await self._unary(self._conversation.SendMessage, request, timeout_s)

    async def transfer(self, request: m.TransferRequest, *, timeout_s: float | None = None) -> m.Invite:
        """Hands the conversation on: the inviting agent leaves at once."""
        return await self._unary(self._conversation.Transfer, request, timeout_s)

    async def conference(self, request: m.ConferenceRequest, *, timeout_s: float | None = None) -> m.Invite:
        """Adds an agent: the inviting agent stays."""
        return await self._unary(self._conversation.Conference, request, timeout_s)

    async def whisper(self, request: m.WhisperRequest, *, timeout_s: float | None = None) -> m.Whisper:
        """Says something to the conversation's agents and supervisors only."""
        return await self._unary(self._conversation.Whisper, request, timeout_s)

    async def send_typing(self, request: m.SendTypingRequest, *, timeout_s: float | None = None) -> None:
        """Shows the customer that an agent types, where his channel has such a sign."""
        await self._unary(self._conversation.SendTyping, request, timeout_s)

    async def leave(self, request: m.LeaveRequest, *, timeout_s: float | None = None) -> m.Conversation:
        """Takes an agent out of the conversation."""
        return await self._unary(self._conversation.Leave, request, timeout_s)

    async def route(self, request: m.RouteRequest, *, timeout_s: float | None = None) -> m.Invite:
        """Seeks an agent for a conversation that nobody attends."""
        return await self._unary(self._conversation.Route, request, timeout_s)

    async def get_invite(self, request: m.GetInviteRequest, *, timeout_s: float | None = None) -> m.Invite:
        """Reads an invite, or waits for its end; the deadline counts from the end of `wait` unless it is given."""
        if timeout_s is None:
            timeout_s = self._timeout_s + request.wait.ToTimedelta().total_seconds()
        return await self._unary(self._conversation.GetInvite, request, timeout_s)

    async def cancel_invite(self, request: m.CancelInviteRequest, *, timeout_s: float | None = None) -> m.Invite:
        """Withdraws an open invite."""
        return await self._unary(self._conversation.CancelInvite, request, timeout_s)

    async def list_timeline(
        self, request: m.ListTimelineRequest, *, timeout_s: float | None = None
    ) -> m.ListTimelineResponse:
        """Lists the Timeline, oldest first."""
        return await self._unary(self._conversation.ListTimeline, request, timeout_s)

    async def get_transcript(
        self, request: m.GetTranscriptRequest, *, timeout_s: float | None = None
    ) -> m.GetTranscriptResponse:
        """Lists the customer's view of the conversation, oldest first."""
        return await self._unary(self._conversation.GetTranscript, request, timeout_s)

    # AgentService
    async def get_agent(self, request: m.GetAgentRequest, *, timeout_s: float | None = None) -> m.Agent:
        """Reads one agent."""
        return await self._unary(self._agent.GetAgent, request, timeout_s)

    async def list_agents(
        self, request: m.ListAgentsRequest, *, timeout_s: float | None = None
    ) -> m.ListAgentsResponse:
        """Lists agents by name."""
        return await self._unary(self._agent.ListAgents, request, timeout_s)

    async def set_agent_state(self, request: m.SetAgentStateRequest, *, timeout_s: float | None = None) -> m.Agent:
        """Sets an agent ready or not ready."""
        return await self._unary(self._agent.SetAgentState, request, timeout_s)

    async def logout(self, request: m.LogoutRequest, *, timeout_s: float | None = None) -> m.Agent:
        """Logs an agent out, from any state."""
        return await self._unary(self._agent.Logout, request, timeout_s)

    async def accept_offer(self, request: m.AcceptOfferRequest, *, timeout_s: float | None = None) -> m.Conversation:
        """Accepts an offer: the agent joins, or is refused, nothing between."""
        return await self._unary(self._agent.AcceptOffer, request, timeout_s)

    async def decline_offer(self, request: m.DeclineOfferRequest, *, timeout_s: float | None = None) -> None:
        """Declines an offer."""
        await self._unary(self._agent.DeclineOffer, request, timeout_s)

    # QueueService
    async def get_queue(self, request: m.GetQueueRequest, *, timeout_s: float | None = None) -> m.Queue:
        """Reads one queue."""
        return await self._unary(self._queue.GetQueue, request, timeout_s)

    async def list_queues(
        self, request: m.ListQueuesRequest, *, timeout_s: float | None = None
    ) -> m.ListQueuesResponse:
        """Lists queues by name."""
        return await self._unary(self._queue.ListQueues, request, timeout_s)

    # ChannelService
    async def receive(self, request: m.ReceiveRequest, *, timeout_s: float | None = None) -> m.ReceiveResponse:
        """Brings in something the customer did."""
        return await self._unary(self._channel_service.Receive, request, timeout_s)

    async def upload_media(
        self, request: m.UploadMediaRequest, *, timeout_s: float | None = None
    ) -> m.UploadMediaResponse:
        """Brings in a medium that a customer sent, a piece of it."""
        return await self._unary(self._channel_service.UploadMedia, request, timeout_s)

    async def settle_delivery(self, request: m.SettleDeliveryRequest, *, timeout_s: float | None = None) -> None:
        """Says what became of a Delivery."""
        await self._unary(self._channel_service.SettleDelivery, request, timeout_s)

    # EventService
    async def list_events(
        self, request: m.ListEventsRequest, *, timeout_s: float | None = None
    ) -> m.ListEventsResponse:
        """Lists events, oldest first."""
        return await self._unary(self._event.ListEvents, request, timeout_s)

    # AdminService
    async def get_server(self, request: m.GetServerRequest, *, timeout_s: float | None = None) -> m.Server:
        """Reads how the engine is."""
        return await self._unary(self._admin.GetServer, request, timeout_s)

    async def apply(self, request: m.ApplyRequest, *, timeout_s: float | None = None) -> m.ApplyResponse:
        """Makes, replaces and deletes queues, agents, channels, attributes and media domains, all or nothing."""
        return await self._unary(self._admin.Apply, request, timeout_s)

    async def export(self, request: m.ExportRequest, *, timeout_s: float | None = None) -> m.ExportResponse:
        """Answers with what Apply would take to make this site again."""
        return await self._unary(self._admin.Export, request, timeout_s)

    async def drain(self, request: m.DrainRequest, *, timeout_s: float | None = None) -> None:
        """Stops the engine in order: new work is refused, streams end, then it stops."""
        await self._unary(self._admin.Drain, request, timeout_s)

    async def create_token(
        self, request: m.CreateTokenRequest, *, timeout_s: float | None = None
    ) -> m.CreateTokenResponse:
        """Makes a token; its secret is shown this once."""
        return await self._unary(self._admin.CreateToken, request, timeout_s)

    async def list_tokens(
        self, request: m.ListTokensRequest, *, timeout_s: float | None = None
    ) -> m.ListTokensResponse:
        """Lists tokens without their secrets."""
        return await self._unary(self._admin.ListTokens, request, timeout_s)

    async def revoke_token(self, request: m.RevokeTokenRequest, *, timeout_s: float | None = None) -> None:
        """Ends a token at once."""
        await self._unary(self._admin.RevokeToken, request, timeout_s)

    async def explain(self, request: m.ExplainRequest, *, timeout_s: float | None = None) -> m.Explanation:
        """Says why each agent was or was not chosen for an invite, now and at each decision made for it."""
        return await self._unary(self._admin.Explain, request, timeout_s)


def _with_request_id(request: _Request) -> _Request:
    """Return the request with a request_id: a copy, so that a caller's message sent twice is two commands."""
    if _REQUEST_ID not in request.DESCRIPTOR.fields_by_name or getattr(request, _REQUEST_ID):
        return request
    filled = type(request)()
    filled.CopyFrom(request)
    setattr(filled, _REQUEST_ID, uuid.uuid4().hex)
    return filled
