"""Whoever tries what he may not: another's offers and conversations, another's name, another's role, a used request id.

Nothing of it may leave a trace. What he draws is named by his own beats, so he changes nothing that others do.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from google.protobuf.message import Message

from hookflash.engine.checker import Gauge
from hookflash.v1 import agent_pb2, agent_service_pb2
from hookflash.v1 import conversation_service_pb2 as pb

from .desk import Desk
from .network import Client

if TYPE_CHECKING:
    from .world import World

__all__ = ["Intruder"]

_FLOOD = 40
"""Commands at once for one agent: far more than a mailbox of the simulation takes."""


class Intruder:
    """An agent who forgets himself, a viewer who wants more, and a service that calls too often."""

    def __init__(self, world: "World", desks: Sequence[Desk], viewer: Client, service: Client) -> None:
        self.world, self.desks, self.viewer, self.service = world, desks, viewer, service
        self._beat = 0

    def beat(self) -> None:
        """Try one thing."""
        self._beat += 1
        world, name = self.world, f"intruder beat {self._beat}"
        if world.is_calm:
            return
        random = world.chance.fresh(name)
        own, other = random.sample(list(self.desks), 2)
        trick = random.choice(("offer", "talk", "talk", "name", "role", "reuse", "reuse", "flood"))
        kind, pick = random.choice(("send", "whisper", "transfer", "leave", "close")), random.random()
        request_id = f"intruder-{self._beat}"
        mine = other.conversations - own.conversations
        conversation = sorted(mine)[int(pick * len(mine))] if mine else ""
        if trick == "offer" and other.offers:
            accept = agent_service_pb2.AcceptOfferRequest(request_id=request_id, name=min(other.offers))
            self._call(own.client, "AgentService/AcceptOffer", accept)
        elif trick == "reuse" and other.last_said is not None:
            method, said = other.last_said
            again = type(said).FromString(said.SerializeToString())
            again.text += " and more"  # type: ignore[attr-defined]  # whatever was said has a text
            self._call(other.client, method, again)
        elif trick == "flood":
            self._flood(other.name, request_id)
        elif conversation:
            self._meddle(trick, kind, conversation, own, other, request_id)

    def _meddle(self, trick: str, kind: str, conversation: str, own: Desk, other: Desk, request_id: str) -> None:
        world = self.world
        agent = "" if trick == "talk" else f"agents/{other.name}"
        client = self.viewer if trick == "role" else own.client
        match kind:
            case "whisper":
                if world.mix.whispers.are_said:
                    text = world.secret(request_id)
                    whisper = pb.WhisperRequest(request_id=request_id, name=conversation, agent=agent, text=text)
                    self._call(client, "ConversationService/Whisper", whisper)
            case "transfer":
                transfer = pb.TransferRequest(request_id=request_id, name=conversation, agent=agent)
                transfer.target.queue = "queues/q0"
                self._call(client, "ConversationService/Transfer", transfer)
            case "leave":
                leave = pb.LeaveRequest(request_id=request_id, name=conversation, agent=agent)
                self._call(client, "ConversationService/Leave", leave)
            case "close":
                close = pb.CloseConversationRequest(request_id=request_id, name=conversation)
                self._call(client, "ConversationService/CloseConversation", close)
            case _:
                said = pb.SendMessageRequest(request_id=request_id, name=conversation, agent=agent, text="let me in")
                self._call(client, "ConversationService/SendMessage", said)

    def _flood(self, agent: str, request_id: str) -> None:
        """Ask one agent's entity for more than its mailbox takes, and look how many it took."""
        for number in range(_FLOOD):
            state = agent_service_pb2.SetAgentStateRequest(
                request_id=f"{request_id}-{number}", agent=f"agents/{agent}", state=agent_pb2.READINESS_READY
            )
            self._call(self.service, "AgentService/SetAgentState", state)
        self.world.outside(self.world.mix.latency_s + 0.0001, self._measure)

    def _measure(self) -> None:
        world, process = self.world, self.world.process
        if process is None or not process.is_serving:
            return
        limit = world.mix.limits.mailbox_size_max
        most = process.engine.shard.fullest_mailbox
        # What follows by time or from others' commands is not refused, so a few more than that may be on their way.
        world.gauges.append(Gauge(name="mailbox", value=most, limit=limit + limit // 2, at=world.now()))

    def _call(self, client: Client, path: str, request: Message) -> None:
        self.world.start(client.call(path, request))
