"""The same client for programs without asyncio: every call waits for its answer.

It runs the asynchronous client in a thread of its own; so retries, deadlines and errors are the same.
"""

import asyncio
import threading
from collections.abc import AsyncGenerator, Coroutine, Iterator
from types import TracebackType
from typing import Any, Self, TypeVar

from grpc_health.v1 import health_pb2  # type: ignore[import-untyped]

from hookflash.sdk.client import messages as m
from hookflash.sdk.client.client import Client
from hookflash.sdk.client.connection import DEADLINE_S, Tls
from hookflash.sdk.client.resuming import Backoff, Interruption

__all__ = ["SyncClient"]

_T = TypeVar("_T")


class SyncClient:
    """A client of one server, for threads; arguments as for `Client`. Any thread may call it.

    with SyncClient("127.0.0.1:7433", token=token) as client:
        conversation = client.get_conversation(messages.GetConversationRequest(name="conversations/42"))
    """

    def __init__(
        self,
        address: str,
        *,
        token: str | None = None,
        tls: Tls | bool | None = None,
        timeout_s: float = DEADLINE_S,
        backoff: Backoff | None = None,
        on_interruption: Interruption | None = None,
    ) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="hookflash-client", daemon=True)
        self._thread.start()

        async def connected() -> Client:
            return Client(
                address, token=token, tls=tls, timeout_s=timeout_s, backoff=backoff, on_interruption=on_interruption
            )

        self._client = self._wait(connected())

    def __enter__(self) -> Self:
        """Return the client itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection."""
        self.close()

    def close(self) -> None:
        """Close the connection and end the thread; closing again does nothing."""
        if self._loop.is_closed():
            return
        self._wait(self._client.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def attach(self, agent: str = "", after_position: int | None = None) -> Iterator[m.AttachResponse]:
        """Open an agent's desk and stay, as `Client.attach`; leaving the loop closes the stream."""
        return self._iterated(self._client.attach(agent, after_position))

    def watch(
        self,
        *,
        after_position: int | None = None,
        from_start: bool = False,
        filter: str = "",  # noqa: A002 - the API's word
    ) -> Iterator[m.WatchResponse]:
        """Stream the journal's events without gap or repeat, as `Client.watch`."""
        return self._iterated(self._client.watch(after_position=after_position, from_start=from_start, filter=filter))

    def watch_queues(self) -> Iterator[m.WatchQueuesResponse]:
        """Stream every queue once, then those that changed, as `Client.watch_queues`."""
        return self._iterated(self._client.watch_queues())

    def deliveries(self, request: m.DeliveriesRequest) -> Iterator[m.Delivery]:
        """Stream what is to go out through a channel, as `Client.deliveries`."""
        return self._iterated(self._client.deliveries(request))

    def signs(self, request: m.SignsRequest) -> Iterator[m.Sign]:
        """Stream the signs that agents give a channel's customers, as `Client.signs`."""
        return self._iterated(self._client.signs(request))

    def _wait(self, coroutine: Coroutine[Any, Any, _T]) -> _T:
        future = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        try:
            return future.result()
        except BaseException:
            # Ctrl-C while waiting: the call must not go on behind the caller's back.
            future.cancel()
            raise

    def _iterated(self, stream: AsyncGenerator[_T, None]) -> Iterator[_T]:
        async def following() -> _T:
            return await anext(stream)

        try:
            while True:
                try:
                    item = self._wait(following())
                except StopAsyncIteration:
                    return
                yield item
        finally:
            self._wait(stream.aclose())

    def health(self, *, timeout_s: float | None = None) -> health_pb2.HealthCheckResponse:
        """Ask gRPC's standard health service whether the server serves; needs no token."""
        return self._wait(self._client.health(timeout_s=timeout_s))

    # ConversationService
    def create_conversation(
        self, request: m.CreateConversationRequest, *, timeout_s: float | None = None
    ) -> m.Conversation:
        """Opens a conversation for a customer's address."""
        return self._wait(self._client.create_conversation(request, timeout_s=timeout_s))

    def get_conversation(self, request: m.GetConversationRequest, *, timeout_s: float | None = None) -> m.Conversation:
        """Reads one conversation."""
        return self._wait(self._client.get_conversation(request, timeout_s=timeout_s))

    def list_conversations(
        self, request: m.ListConversationsRequest, *, timeout_s: float | None = None
    ) -> m.ListConversationsResponse:
        """Lists conversations, newest first."""
        return self._wait(self._client.list_conversations(request, timeout_s=timeout_s))

    def close_conversation(
        self, request: m.CloseConversationRequest, *, timeout_s: float | None = None
    ) -> m.Conversation:
        """Ends a conversation for everybody."""
        return self._wait(self._client.close_conversation(request, timeout_s=timeout_s))

    def send_message(self, request: m.SendMessageRequest, *, timeout_s: float | None = None) -> m.Message:
        """Says something to everybody in the conversation, the customer included."""
        return self._wait(self._client.send_message(request, timeout_s=timeout_s))

    def transfer(self, request: m.TransferRequest, *, timeout_s: float | None = None) -> m.Invite:
        """Hands the conversation on: the inviting agent leaves at once."""
        return self._wait(self._client.transfer(request, timeout_s=timeout_s))

    def conference(self, request: m.ConferenceRequest, *, timeout_s: float | None = None) -> m.Invite:
        """Adds an agent: the inviting agent stays."""
        return self._wait(self._client.conference(request, timeout_s=timeout_s))

    def whisper(self, request: m.WhisperRequest, *, timeout_s: float | None = None) -> m.Whisper:
        """Says something to the conversation's agents and supervisors only."""
        return self._wait(self._client.whisper(request, timeout_s=timeout_s))

    def send_typing(self, request: m.SendTypingRequest, *, timeout_s: float | None = None) -> None:
        """Shows the customer that an agent types, where his channel has such a sign."""
        self._wait(self._client.send_typing(request, timeout_s=timeout_s))

    def leave(self, request: m.LeaveRequest, *, timeout_s: float | None = None) -> m.Conversation:
        """Takes an agent out of the conversation."""
        return self._wait(self._client.leave(request, timeout_s=timeout_s))

    def route(self, request: m.RouteRequest, *, timeout_s: float | None = None) -> m.Invite:
        """Seeks an agent for a conversation that nobody attends."""
        return self._wait(self._client.route(request, timeout_s=timeout_s))

    def get_invite(self, request: m.GetInviteRequest, *, timeout_s: float | None = None) -> m.Invite:
        """Reads an invite, or waits for its end."""
        return self._wait(self._client.get_invite(request, timeout_s=timeout_s))

    def cancel_invite(self, request: m.CancelInviteRequest, *, timeout_s: float | None = None) -> m.Invite:
        """Withdraws an open invite."""
        return self._wait(self._client.cancel_invite(request, timeout_s=timeout_s))

    def list_timeline(
        self, request: m.ListTimelineRequest, *, timeout_s: float | None = None
    ) -> m.ListTimelineResponse:
        """Lists the Timeline, oldest first."""
        return self._wait(self._client.list_timeline(request, timeout_s=timeout_s))

    def get_transcript(
        self, request: m.GetTranscriptRequest, *, timeout_s: float | None = None
    ) -> m.GetTranscriptResponse:
        """Lists the customer's view of the conversation, oldest first."""
        return self._wait(self._client.get_transcript(request, timeout_s=timeout_s))

    # AgentService
    def get_agent(self, request: m.GetAgentRequest, *, timeout_s: float | None = None) -> m.Agent:
        """Reads one agent."""
        return self._wait(self._client.get_agent(request, timeout_s=timeout_s))

    def list_agents(self, request: m.ListAgentsRequest, *, timeout_s: float | None = None) -> m.ListAgentsResponse:
        """Lists agents by name."""
        return self._wait(self._client.list_agents(request, timeout_s=timeout_s))

    def set_agent_state(self, request: m.SetAgentStateRequest, *, timeout_s: float | None = None) -> m.Agent:
        """Sets an agent ready or not ready."""
        return self._wait(self._client.set_agent_state(request, timeout_s=timeout_s))

    def logout(self, request: m.LogoutRequest, *, timeout_s: float | None = None) -> m.Agent:
        """Logs an agent out, from any state."""
        return self._wait(self._client.logout(request, timeout_s=timeout_s))

    def accept_offer(self, request: m.AcceptOfferRequest, *, timeout_s: float | None = None) -> m.Conversation:
        """Accepts an offer: the agent joins, or is refused, nothing between."""
        return self._wait(self._client.accept_offer(request, timeout_s=timeout_s))

    def decline_offer(self, request: m.DeclineOfferRequest, *, timeout_s: float | None = None) -> None:
        """Declines an offer."""
        self._wait(self._client.decline_offer(request, timeout_s=timeout_s))

    # QueueService
    def get_queue(self, request: m.GetQueueRequest, *, timeout_s: float | None = None) -> m.Queue:
        """Reads one queue."""
        return self._wait(self._client.get_queue(request, timeout_s=timeout_s))

    def list_queues(self, request: m.ListQueuesRequest, *, timeout_s: float | None = None) -> m.ListQueuesResponse:
        """Lists queues by name."""
        return self._wait(self._client.list_queues(request, timeout_s=timeout_s))

    # ChannelService
    def receive(self, request: m.ReceiveRequest, *, timeout_s: float | None = None) -> m.ReceiveResponse:
        """Brings in something the customer did."""
        return self._wait(self._client.receive(request, timeout_s=timeout_s))

    def upload_media(self, request: m.UploadMediaRequest, *, timeout_s: float | None = None) -> m.UploadMediaResponse:
        """Brings in a medium that a customer sent, a piece of it."""
        return self._wait(self._client.upload_media(request, timeout_s=timeout_s))

    def settle_delivery(self, request: m.SettleDeliveryRequest, *, timeout_s: float | None = None) -> None:
        """Says what became of a Delivery."""
        self._wait(self._client.settle_delivery(request, timeout_s=timeout_s))

    # EventService
    def list_events(self, request: m.ListEventsRequest, *, timeout_s: float | None = None) -> m.ListEventsResponse:
        """Lists events, oldest first."""
        return self._wait(self._client.list_events(request, timeout_s=timeout_s))

    # AdminService
    def get_server(self, request: m.GetServerRequest, *, timeout_s: float | None = None) -> m.Server:
        """Reads how the engine is."""
        return self._wait(self._client.get_server(request, timeout_s=timeout_s))

    def apply(self, request: m.ApplyRequest, *, timeout_s: float | None = None) -> m.ApplyResponse:
        """Makes, replaces and deletes queues, agents, channels, attributes and media domains, all or nothing."""
        return self._wait(self._client.apply(request, timeout_s=timeout_s))

    def export(self, request: m.ExportRequest, *, timeout_s: float | None = None) -> m.ExportResponse:
        """Answers with what Apply would take to make this site again."""
        return self._wait(self._client.export(request, timeout_s=timeout_s))

    def drain(self, request: m.DrainRequest, *, timeout_s: float | None = None) -> None:
        """Stops the engine in order: new work is refused, streams end, then it stops."""
        self._wait(self._client.drain(request, timeout_s=timeout_s))

    def create_token(self, request: m.CreateTokenRequest, *, timeout_s: float | None = None) -> m.CreateTokenResponse:
        """Makes a token; its secret is shown this once."""
        return self._wait(self._client.create_token(request, timeout_s=timeout_s))

    def list_tokens(self, request: m.ListTokensRequest, *, timeout_s: float | None = None) -> m.ListTokensResponse:
        """Lists tokens without their secrets."""
        return self._wait(self._client.list_tokens(request, timeout_s=timeout_s))

    def revoke_token(self, request: m.RevokeTokenRequest, *, timeout_s: float | None = None) -> None:
        """Ends a token at once."""
        self._wait(self._client.revoke_token(request, timeout_s=timeout_s))

    def explain(self, request: m.ExplainRequest, *, timeout_s: float | None = None) -> m.Explanation:
        """Says why each agent was or was not chosen for an invite, now and at each decision made for it."""
        return self._wait(self._client.explain(request, timeout_s=timeout_s))
