"""A contact centre of one test's own on a server that many tests share: its ids carry the test's tag.

Agents serve a queue by a proficiency of the queue's own name, so no agent of one test is a candidate in another.
"""

import itertools
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from tests.e2e.conformance.outside import Caller, Refused, Stream, World, word

__all__ = ["Centre", "Customer", "Desk"]

_TAGS: Final = itertools.count(1)


@dataclass
class Desk:
    """An agent with his own token and, once attached, his own stream."""

    centre: "Centre"
    name: str
    caller: Caller
    stream: Stream = field(init=False)
    welcome: Any = None

    def attach(self, **fields: object) -> Any:  # noqa: ANN401 - a dynamic message
        """Open the stream; the answer is Welcome."""
        self.stream = self.caller.stream("AgentService.Attach", **fields)
        self.welcome = self.stream.next().welcome
        return self.welcome

    def ready(self) -> "Desk":
        """Say READY in all domains."""
        self.caller("AgentService.SetAgentState", agent=self.name, state="READINESS_READY")
        return self

    def not_ready(self) -> "Desk":
        """Say NOT_READY in all domains."""
        self.caller("AgentService.SetAgentState", agent=self.name, state="READINESS_NOT_READY")
        return self

    def next_of(self, kind: str, timeout_s: float = 10.0) -> Any:  # noqa: ANN401 - a dynamic message
        """The next update of that kind on the stream."""
        answer = self.stream.until(lambda update: update.WhichOneof("update") == kind, timeout_s)
        return getattr(answer, kind)

    def offer(self, timeout_s: float = 10.0) -> Any:  # noqa: ANN401 - a dynamic message
        """The next offer made to him."""
        return self.next_of("offer_made", timeout_s).offer

    def accept(self, offer: Any = None) -> Any:  # noqa: ANN401 - dynamic messages
        """Accept the offer, or else the next one; the answer is the Conversation."""
        return self.caller("AgentService.AcceptOffer", name=(offer or self.offer()).name)

    def notice(self, key: str) -> Any:  # noqa: ANN401 - a dynamic message
        """Wait for a notice, for him alone or for all, by its key."""
        return self.stream.until(lambda update: _key(update) == key)

    def keys(self) -> list[str]:
        """The keys of all notices that came so far, in order."""
        return [key for update in self.stream.seen if (key := _key(update))]

    def state(self, media_domain: str = "chat") -> str:
        """His state in a media domain, as the service has it."""
        agent = self.centre.admin("AgentService.GetAgent", name=self.name)
        return next(word(domain, "state") for domain in agent.domains if domain.media_domain == media_domain)

    def slots(self) -> int:
        """His slots used by conversations in chat."""
        agent = self.centre.admin("AgentService.GetAgent", name=self.name)
        return next(int(domain.active) for domain in agent.domains if domain.media_domain == "chat")


@dataclass
class Customer:
    """A customer behind the adapter of the centre's channel."""

    centre: "Centre"
    address: str
    conversation: str = ""

    def says(self, text: str, **fields: object) -> Any:  # noqa: ANN401 - a dynamic message
        """Write a message; the conversation is known from then on."""
        fields = {"customer": {"display_name": "Cleo", "identified": True}, "external_id": self.centre.fresh()} | fields
        answer = self.centre.adapter(
            "ChannelService.Receive", channel=self.centre.channel, address=self.address, text=text, **fields
        )
        self.conversation = answer.conversation
        return answer

    def leaves(self) -> Any:  # noqa: ANN401 - a dynamic message
        """End the ChannelSession."""
        return self.centre.adapter(
            "ChannelService.Receive",
            channel=self.centre.channel,
            address=self.address,
            external_id=self.centre.fresh(),
            customer_left=True,
        )

    def sees(self) -> list[str]:
        """The texts of the Transcript, in order."""
        page = self.centre.admin("ConversationService.GetTranscript", name=self.conversation)
        return [
            entry.notice.text if entry.WhichOneof("entry") == "notice" else entry.message.text for entry in page.entries
        ]


@dataclass
class Centre:
    """One test's queues, agents and channel."""

    world: World
    admin: Caller
    tag: str = field(default_factory=lambda: f"t{next(_TAGS)}")
    callers: list[Caller] = field(default_factory=list)
    desks: list[Desk] = field(default_factory=list)
    _numbers: Any = field(default_factory=lambda: itertools.count(1))
    _adapter: Caller | None = None

    def id(self, word_: str) -> str:
        """An id of this test's own."""
        return f"{self.tag}.{word_}"

    def fresh(self) -> str:
        """A word that was never used before."""
        return f"{self.tag}-{next(self._numbers)}"

    @property
    def channel(self) -> str:
        """The channel's name."""
        return f"channels/{self.id('web')}"

    def caller(self, role: str, subject: str, **fields: object) -> Caller:
        """A principal with a fresh token."""
        token = self.admin("AdminService.CreateToken", subject=subject, role=f"ROLE_{role}", **fields).token
        caller = self.world.caller(token)
        self.callers.append(caller)
        return caller

    @property
    def adapter(self) -> Caller:
        """The adapter of the channel; made with the channel on first use."""
        if self._adapter is None:
            self.admin("AdminService.Apply", channels=[{"name": self.channel, "kind": "web", "is_external": True}])
            self._adapter = self.caller("ADAPTER", f"adapters/{self.id('web')}", channel=self.channel)
        return self._adapter

    def queue(self, id_: str = "billing", **fields: object) -> str:
        """Apply a queue that agents serve by a proficiency of the same name; the answer is its name."""
        attribute = self.id(id_)
        queue = {
            "name": f"queues/{attribute}",
            "display_name": id_.capitalize(),
            "steps": [{"expression": f"{attribute} >= 1"}],
        } | fields
        self.admin(
            "AdminService.Apply",
            attributes=[{"name": f"attributes/{attribute}", "kind": "ATTRIBUTE_KIND_PROFICIENCY"}],
            queues=[queue],
        )
        return f"queues/{attribute}"

    def agent(self, id_: str, *queues: str, **fields: object) -> Desk:
        """Apply an agent who serves these queues, with a token of his own; not yet attached."""
        name = f"agents/{self.id(id_)}"
        attributes = {self.id(queue): 1 for queue in queues}
        agent = {"name": name, "display_name": id_.capitalize(), "attributes": attributes} | fields
        self.admin("AdminService.Apply", agents=[agent])
        desk = Desk(self, name, self.caller("AGENT", name))
        self.desks.append(desk)
        return desk

    def desk(self, id_: str, *queues: str, **fields: object) -> Desk:
        """An agent who is attached and READY."""
        desk = self.agent(id_, *queues, **fields)
        desk.attach()
        return desk.ready()

    def customer(self, *desks: Desk, says: str = "hello") -> Customer:
        """A customer in conversation with these agents: the first by a direct ROUTE, the others by conference."""
        customer = Customer(self, f"+{self.fresh()}")
        first, *others = desks or (None,)
        customer.says(says, **({"target": {"agent": first.name}} if first else {}))
        if first:
            first.accept()
        for other in others:
            assert first is not None
            self.invite("Conference", customer, first, agent=other.name)
            other.accept()
        return customer

    def invite(self, method: str, customer: Customer, by: Desk, **fields: Any) -> Any:  # noqa: ANN401
        """Transfer or Conference to `queue=` or `agent=`; the answer is the Invite."""
        target = {kind: fields.pop(kind) for kind in ("queue", "agent") if kind in fields}
        return by.caller(
            f"ConversationService.{method}", name=customer.conversation, agent=by.name, target=target, **fields
        )

    def ended(self, invite: Any, wait: str = "8s") -> Any:  # noqa: ANN401 - dynamic messages
        """The invite once it has ended."""
        return self.admin("ConversationService.GetInvite", name=invite.name, wait=wait)

    def get(self, customer: Customer) -> Any:  # noqa: ANN401 - a dynamic message
        """The Conversation."""
        return self.admin("ConversationService.GetConversation", name=customer.conversation)

    def state(self, customer: Customer) -> str:
        """The state of the Conversation."""
        return word(self.get(customer), "state")

    def agents_in(self, customer: Customer) -> set[str]:
        """The agents who are PRIMARY."""
        return {one.agent for one in self.get(customer).participants if word(one, "role") == "PRIMARY"}

    def timeline(self, customer: Customer, agent: str = "", caller: Caller | None = None) -> list[Any]:
        """The whole timeline, for one agent or for everybody."""
        read = caller or self.admin
        return list(
            read("ConversationService.ListTimeline", name=customer.conversation, agent=agent, page_size=500).entries
        )

    def texts(self, customer: Customer, agent: str = "", caller: Caller | None = None) -> list[str]:
        """The texts of the timeline, in order."""
        return [told for entry in self.timeline(customer, agent, caller) if (told := _text(entry))]

    def close(self) -> None:
        """Hang up all callers of this test and log its agents out."""
        for desk in self.desks:
            with suppress(Refused):
                self.admin("AgentService.Logout", agent=desk.name)
        for caller in self.callers:
            caller.close()


def _text(entry: Any) -> str:  # noqa: ANN401 - a dynamic message
    kind = entry.WhichOneof("entry")
    return str(getattr(entry, kind).text) if kind in {"message", "whisper", "notice"} else ""


def _key(update: Any) -> str:  # noqa: ANN401 - a dynamic message
    match update.WhichOneof("update"):
        case "agent_notice":
            return str(update.agent_notice.notice.key)
        case "timeline_update" if update.timeline_update.entry.WhichOneof("entry") == "notice":
            return str(update.timeline_update.entry.notice.key)
        case _:
            return ""
