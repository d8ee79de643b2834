"""An agent at his desk: attaches, answers offers, talks, whispers, hands on, leaves, disconnects, comes back.

He acts in beats. What he draws for a beat depends on the beat alone, so that what a whisper was answered, or whether
it was said at all, changes nothing that he does later.
"""

from random import Random
from typing import TYPE_CHECKING

from google.protobuf.message import Message

from hookflash.v1 import agent_pb2, agent_service_pb2, conversation_pb2, invite_pb2
from hookflash.v1 import conversation_service_pb2 as pb

from .mix import DESK_DEEDS
from .network import Client, Stream

if TYPE_CHECKING:
    from .world import World

__all__ = ["Desk", "open_invite_of"]

_GONE = frozenset({"NOT_A_PARTICIPANT", "CONVERSATION_NOT_FOUND", "CONVERSATION_CLOSED"})


class Desk:
    """One agent."""

    def __init__(self, world: "World", name: str, client: Client) -> None:
        self.world, self.name, self.client = world, name, client
        self.stream: Stream | None = None
        self.conversations: set[str] = set()
        self.offers: dict[str, int] = {}
        self.is_ready = False
        self.last_said: tuple[str, Message] | None = None
        self._position = 0
        self._beat = 0

    def beat(self) -> None:
        """Do the one thing that this beat is for."""
        self._beat += 1
        random = self.world.chance.fresh(f"{self.name} beat {self._beat}")
        if self.stream is None or not self.stream.is_open:
            if self.world.is_calm or random.random() < 0.7:
                self._attach(random)
        elif not self.is_ready:
            if self.world.is_calm or random.random() < 0.6:
                self._ready(agent_pb2.READINESS_READY)
        elif self.offers:
            self._answer(random)
        elif not self.world.is_calm:
            self._do(random)
        elif self.conversations:
            # Rest comes only when the work is done: whoever still waits needs somebody with a free slot.
            self._talk("close", min(self.conversations), 0.0)

    # --- the stream

    def _attach(self, random: Random) -> None:
        request = agent_service_pb2.AttachRequest()
        if self._position and random.random() < 0.5:
            request.after_position = self._position
        self.world.tell(self.name, f"attaches {request.after_position or ''}")
        self.stream = self.client.open_stream("AgentService/Attach", request, self._hear)

    def _hear(self, item: bytes) -> None:
        update = agent_service_pb2.AttachResponse.FromString(item)
        match update.WhichOneof("update"):
            case "welcome":
                self.conversations = {each.name for each in update.welcome.conversations}
                self.offers = {each.name: self._beat for each in update.welcome.offers}
                self._note(update.welcome.agent)
                self._position = update.welcome.position
            case "offer_made":
                self.offers[update.offer_made.offer.name] = self._beat
                self.world.tell(
                    self.name, f"is offered {update.offer_made.offer.name} {update.offer_made.offer.heading}"
                )
            case "offer_withdrawn":
                self.offers.pop(update.offer_withdrawn.offer, None)
                self.world.tell(self.name, f"no longer offered {update.offer_withdrawn.offer}")
            case "agent_changed":
                self._note(update.agent_changed.agent)
            case "timeline_update":
                self._position = max(self._position, update.timeline_update.position)
            case "agent_notice":
                self._position = max(self._position, update.agent_notice.position)
                self.world.tell(self.name, f"reads: {update.agent_notice.notice!s:.100}".replace("\n", " "))
            case _:
                pass

    def _note(self, agent: agent_pb2.Agent) -> None:
        self.is_ready = agent.ready

    # --- offers

    def _answer(self, random: Random) -> None:
        name = min(self.offers)
        answers, drawn = self.world.mix.answers, random.random()
        if self.world.is_calm or drawn < answers["accept"]:
            self.world.start(self._accept(name))
        elif drawn < answers["accept"] + answers["decline"]:
            del self.offers[name]
            request = agent_service_pb2.DeclineOfferRequest(
                request_id=f"{self._id('decline')}", name=name, reason="busy"
            )
            self.world.start(self.client.call("AgentService/DeclineOffer", request))
        elif drawn < answers["accept"] + answers["decline"] + answers["late"]:
            # Answered late: by then it may be somebody else's.
            del self.offers[name]
            self.world.outside(
                self.world.mix.limits.offer_timeout_s - 0.5 + random.random(),
                lambda: self.world.start(self._accept(name)),
            )
        elif self._beat - self.offers[name] > 10:
            del self.offers[name]

    async def _accept(self, name: str) -> None:
        self.offers.pop(name, None)
        request = agent_service_pb2.AcceptOfferRequest(request_id=f"accept-{self.name}-{name}", name=name)
        reply = await self.client.call("AgentService/AcceptOffer", request)
        if reply.is_ok:
            self.conversations.add(conversation_pb2.Conversation.FromString(reply.answer).name)

    # --- conversations

    def _do(self, random: Random) -> None:
        deeds = self.world.mix.desk
        deed = random.choices((*DESK_DEEDS, "idle"), [deeds[each] for each in (*DESK_DEEDS, "idle")])[0]
        mine = sorted(self.conversations)
        pick, target = random.random(), random.random()
        conversation = mine[int(pick * len(mine))] if mine else ""
        match deed:
            case "idle":
                pass
            case "not_ready":
                self._ready(agent_pb2.READINESS_NOT_READY)
            case "disconnect":
                if self.stream is not None:
                    self.world.tell(self.name, "disconnects")
                    self.stream.cancel()
            case "logout":
                request = agent_service_pb2.LogoutRequest(request_id=self._id("logout"), reason="end of shift")
                self.world.start(self.client.call("AgentService/Logout", request))
            case _ if conversation:
                self._talk(deed, conversation, target)
            case _:
                pass

    def _talk(self, deed: str, conversation: str, target: float) -> None:
        world, request_id = self.world, self._id(deed)
        match deed:
            case "send":
                said = pb.SendMessageRequest(
                    request_id=request_id, name=conversation, text=f"{self.name} says {request_id}"
                )
                self.last_said = "ConversationService/SendMessage", said
                self._start("SendMessage", said, conversation)
                if world.chance.number(f"{request_id} reused") < 0.05:
                    # The same request id with other content: to be refused, whichever of the two comes first.
                    world.start(self.client.call("ConversationService/SendMessage", _reworded(said)))
            case "whisper":
                if world.mix.whispers.are_said:
                    text = world.secret(request_id)
                    whisper = pb.WhisperRequest(request_id=request_id, name=conversation, text=text)
                    world.start(self.client.call("ConversationService/Whisper", whisper))
            case "transfer_queue" | "transfer_agent" | "conference_queue" | "conference_agent":
                cls = pb.TransferRequest if deed.startswith("transfer") else pb.ConferenceRequest
                placing = cls(request_id=request_id, name=conversation)
                if deed.endswith("queue"):
                    placing.target.queue = f"queues/q{int(target * world.mix.queues)}"
                else:
                    placing.target.agent = f"agents/a{int(target * world.mix.agents)}"
                if world.chance.number(f"{request_id} note") < 0.5 and world.mix.whispers.are_said:
                    placing.note = world.secret(f"{request_id} note")
                if world.chance.number(f"{request_id} ttl") < 0.3:
                    placing.ttl.FromMilliseconds(15_007)
                method = "Transfer" if deed.startswith("transfer") else "Conference"
                self._start(method, placing, conversation)
            case "leave":
                self._start("Leave", pb.LeaveRequest(request_id=request_id, name=conversation), conversation)
            case "close":
                self._start(
                    "CloseConversation",
                    pb.CloseConversationRequest(request_id=request_id, name=conversation),
                    conversation,
                )
            case "cancel":
                world.start(self._cancel(conversation, request_id))
            case "read":
                listing = pb.ListTimelineRequest(name=conversation)
                world.start(self.client.call("ConversationService/ListTimeline", listing, tries=1))

    def _start(self, method: str, request: object, conversation: str) -> None:
        async def call() -> None:
            reply = await self.client.call(f"ConversationService/{method}", request)  # type: ignore[arg-type]
            is_out = method in ("Leave", "CloseConversation", "Transfer") and reply.is_ok
            if is_out or reply.reason in _GONE:
                self.conversations.discard(conversation)

        self.world.start(call())

    async def _cancel(self, conversation: str, request_id: str) -> None:
        reply = await self.client.call(
            "ConversationService/GetConversation", pb.GetConversationRequest(name=conversation), tries=1
        )
        talk = conversation_pb2.Conversation.FromString(reply.answer)
        if reply.is_ok and (invite := open_invite_of(talk)):
            await self.client.call(
                "ConversationService/CancelInvite", pb.CancelInviteRequest(request_id=request_id, name=invite)
            )

    def _ready(self, readiness: "agent_pb2.Readiness.ValueType") -> None:
        request = agent_service_pb2.SetAgentStateRequest(request_id=self._id("ready"), state=readiness)
        self.is_ready = readiness == agent_pb2.READINESS_READY
        self.world.start(self.client.call("AgentService/SetAgentState", request))

    def _id(self, deed: str) -> str:
        return f"{self.name}-{self._beat}-{deed}"


def _reworded(said: pb.SendMessageRequest) -> pb.SendMessageRequest:
    return pb.SendMessageRequest(request_id=said.request_id, name=said.name, text=f"{said.text}, or not")


def open_invite_of(talk: conversation_pb2.Conversation) -> str:
    """The name of a conversation's open invite; empty where it has none."""
    is_open = talk.invite.state in (invite_pb2.INVITE_STATE_PARKED, invite_pb2.INVITE_STATE_OFFERED)
    return talk.invite.name if is_open else ""
