"""The obvious design's server: synchronous gRPC, a thread for each call, which asks an actor and waits.

It speaks as much of our API as the loads use, so that the same loads measure both. Run as
`python -m tests.bench.alternatives.obvious_server DIRECTORY`; it says its address and serves until it is killed.
"""

import queue
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
from google.protobuf.empty_pb2 import Empty

from hookflash.v1 import admin_service_pb2 as admin
from hookflash.v1 import agent_pb2, conversation_pb2, delivery_pb2, invite_pb2, message_pb2, whisper_pb2
from hookflash.v1 import agent_service_pb2 as agents
from hookflash.v1 import channel_service_pb2 as channels
from hookflash.v1 import conversation_service_pb2 as conversations
from tests.bench.alternatives.obvious_actors import AgentActor, Centre, ConversationActor, Desk, Journal, QueueActor

_THREADS = 1_200
"""Each attached desk holds one."""

_ASK_S = 30.0


class _Service:
    """Requests to messages and back."""

    def __init__(self, centre: Centre) -> None:
        self._centre = centre

    def apply(self, request: admin.ApplyRequest, _context: object) -> admin.ApplyResponse:
        centre = self._centre
        for each in request.queues:
            centre.queues[each.name] = QueueActor.start(centre, each.name)
        for channel in request.channels:
            centre.channels[channel.name] = queue.SimpleQueue()
        for agent in request.agents:
            capacity = agent.domains[0].capacity
            centre.agents[agent.name] = AgentActor.start(centre, agent.name, list(agent.queues), capacity)
        return admin.ApplyResponse()

    def set_state(self, request: agents.SetAgentStateRequest, _context: object) -> agent_pb2.Agent:
        ready = ("ready", request.state == agent_pb2.READINESS_READY)
        self._centre.agents[request.agent].ask(ready, timeout=_ASK_S)
        return agent_pb2.Agent(name=request.agent)

    def attach(self, request: agents.AttachRequest, _context: object) -> Iterator[agents.AttachResponse]:
        desk: Desk = queue.SimpleQueue()
        self._centre.agents[request.agent].ask(("attach", desk), timeout=_ASK_S)
        yield agents.AttachResponse(welcome=agents.Welcome(agent=agent_pb2.Agent(name=request.agent)))
        while True:
            kind, fields = desk.get()
            item = agents.AttachResponse()
            if kind == "offer":
                item.offer_made.offer.name = fields["offer"]
                item.offer_made.offer.conversation = fields["conversation"]
            else:
                item.timeline_update.conversation = fields["conversation"]
                item.timeline_update.entry.message.text = fields["text"]
            yield item

    def accept(
        self, request: agents.AcceptOfferRequest, context: grpc.ServicerContext
    ) -> conversation_pb2.Conversation:
        holder = self._centre.offers.get(request.name)
        if holder is None or not holder.ask(("accept", request.name), timeout=_ASK_S):
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, "The offer is not open.")
        return conversation_pb2.Conversation()

    def create(
        self, request: conversations.CreateConversationRequest, _context: object
    ) -> conversation_pb2.Conversation:
        name = f"conversations/{request.conversation_id}"
        made = self._centre.conversations[name] = ConversationActor.start(self._centre, name, request.channel)
        made.ask(("seek", request.target.queue, "", False), timeout=_ASK_S)
        return conversation_pb2.Conversation(name=name)

    def send(self, request: conversations.SendMessageRequest, _context: object) -> message_pb2.Message:
        number = self._ask(request.name, ("say", request.agent, request.text))
        return message_pb2.Message(name=f"{request.name}/messages/{number}", sender=request.agent, text=request.text)

    def whisper(self, request: conversations.WhisperRequest, _context: object) -> whisper_pb2.Whisper:
        number = self._ask(request.name, ("whisper", request.agent, request.text))
        return whisper_pb2.Whisper(name=f"{request.name}/whispers/{number}", text=request.text)

    def transfer(self, request: conversations.TransferRequest, _context: object) -> invite_pb2.Invite:
        self._ask(request.name, ("seek", request.target.queue, request.agent, False))
        return invite_pb2.Invite()

    def conference(self, request: conversations.ConferenceRequest, _context: object) -> invite_pb2.Invite:
        self._ask(request.name, ("seek", request.target.queue, request.agent, True))
        return invite_pb2.Invite()

    def leave(self, request: conversations.LeaveRequest, _context: object) -> conversation_pb2.Conversation:
        self._ask(request.name, ("leave", request.agent))
        return conversation_pb2.Conversation()

    def close(self, request: conversations.CloseConversationRequest, _context: object) -> conversation_pb2.Conversation:
        actor = self._centre.conversations[request.name]
        actor.ask(("close",), timeout=_ASK_S)
        actor.stop(block=False)
        return conversation_pb2.Conversation()

    def deliveries(self, request: channels.DeliveriesRequest, _context: object) -> Iterator[delivery_pb2.Delivery]:
        channel = self._centre.channels[request.channel]
        while True:
            _, fields = channel.get()
            item = delivery_pb2.Delivery(name=fields["name"], conversation=fields["conversation"])
            if fields["key"] == "message":
                item.message.text = fields["text"]
            else:
                item.notice.key, item.notice.text = fields["key"], fields["text"]
            yield item

    def settle(self, request: channels.SettleDeliveryRequest, _context: object) -> Empty:
        conversation, _, _ = request.name.partition("/deliveries/")
        # The last notices of a conversation may be settled when it is closed already.
        actor = self._centre.conversations.get(conversation)
        if actor is not None:
            actor.ask(("settle", request.name), timeout=_ASK_S)
        return Empty()

    def _ask(self, conversation: str, message: tuple[object, ...]) -> object:
        return self._centre.conversations[conversation].ask(message, timeout=_ASK_S)


def _methods(service: _Service) -> dict[str, tuple[Any, Callable[..., Any], bool]]:
    return {
        "AdminService/Apply": (admin.ApplyRequest, service.apply, False),
        "AgentService/SetAgentState": (agents.SetAgentStateRequest, service.set_state, False),
        "AgentService/Attach": (agents.AttachRequest, service.attach, True),
        "AgentService/AcceptOffer": (agents.AcceptOfferRequest, service.accept, False),
        "ConversationService/CreateConversation": (conversations.CreateConversationRequest, service.create, False),
        "ConversationService/SendMessage": (conversations.SendMessageRequest, service.send, False),
        "ConversationService/Whisper": (conversations.WhisperRequest, service.whisper, False),
        "ConversationService/Transfer": (conversations.TransferRequest, service.transfer, False),
        "ConversationService/Conference": (conversations.ConferenceRequest, service.conference, False),
        "ConversationService/Leave": (conversations.LeaveRequest, service.leave, False),
        "ConversationService/CloseConversation": (conversations.CloseConversationRequest, service.close, False),
        "ChannelService/Deliveries": (channels.DeliveriesRequest, service.deliveries, True),
        "ChannelService/SettleDelivery": (channels.SettleDeliveryRequest, service.settle, False),
    }


def _main() -> None:
    directory = Path(sys.argv[1])
    directory.mkdir(parents=True)
    server = grpc.server(ThreadPoolExecutor(_THREADS), options=(("grpc.so_reuseport", 0),))
    for name, (request, behaviour, is_stream) in _methods(
        _Service(Centre(Journal(directory / "events.sqlite")))
    ).items():
        service, _, method = name.partition("/")
        make: Callable[..., Any] = (
            grpc.unary_stream_rpc_method_handler if is_stream else grpc.unary_unary_rpc_method_handler
        )
        handler = make(behaviour, request.FromString, lambda answer: answer.SerializeToString())
        generic = grpc.method_handlers_generic_handler(f"hookflash.v1.{service}", {method: handler})
        server.add_generic_rpc_handlers((generic,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    print(f"127.0.0.1:{port}", flush=True)  # noqa: T201  whoever started us waits for it
    server.wait_for_termination()


if __name__ == "__main__":
    _main()
