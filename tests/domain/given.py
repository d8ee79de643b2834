"""A small centre for tests: real deciders, their tells run to rest, and nothing else. No actor, no journal, no clock.

Every turn is folded again from its events and compared with what the decider returned, so each test that uses a centre
shows that as well. Agents are known by their ids, Ann by `ann`; the conversation is `v` unless another is named.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from hookflash.engine.domain import commands as c
from hookflash.engine.domain import deciders, states
from hookflash.engine.domain import events as e
from hookflash.engine.domain.address import SITE, Address, Kind
from hookflash.engine.domain.agent import Agent, state_in
from hookflash.engine.domain.conversation.state import Conversation, state_of
from hookflash.engine.domain.limits import Limits
from hookflash.engine.domain.notices import Catalogue, Style
from hookflash.engine.domain.queue import Queue
from hookflash.engine.domain.refusals import Refusal
from hookflash.engine.domain.states import State
from hookflash.engine.domain.turn import Context, Tell
from hookflash.engine.domain.values import (
    CHAT,
    Abilities,
    AgentSettings,
    AttributeSettings,
    ChannelSettings,
    Customer,
    Invite,
    MediaDomainSettings,
    QueueSettings,
    Target,
    TokenSettings,
)
from hookflash.sdk.types import (
    AgentId,
    AgentState,
    AttributeId,
    ChannelId,
    ConversationId,
    ConversationState,
    InviteKind,
    MediaDomainId,
    ParticipantRole,
    QueueId,
)

__all__ = [
    "ANN",
    "BILLING",
    "BOB",
    "CAT",
    "VOICE",
    "WEB",
    "Centre",
    "Heard",
    "V",
    "centre",
    "conference",
    "heard",
    "route",
    "transfer",
]

ANN, BOB, CAT = AgentId("ann"), AgentId("bob"), AgentId("cat")
BILLING, VOICE, WEB = QueueId("billing"), MediaDomainId("voice"), ChannelId("web")
V = ConversationId("v")
NOON = 1_000.0

Heard = tuple[str, str]
"""Who hears what: `customer`, `agents`, `agents but ann`, `ann`, or `ann (toast)`; and the text."""

_S = TypeVar("_S", Conversation, Agent, Queue, ChannelSettings, AttributeSettings, MediaDomainSettings, TokenSettings)


@dataclass
class Centre:
    """All entities of a test, and the facts about them."""

    limits: Limits = field(default_factory=Limits)
    catalogue: Catalogue = field(default_factory=Catalogue)
    now: float = NOON
    position: int = 0
    entities: dict[Address, State] = field(default_factory=dict)
    secrets: dict[str, frozenset[str]] = field(default_factory=dict)
    is_plugin_asked: bool = False
    able: dict[ChannelId, Abilities] = field(default_factory=dict)
    busy_channels: set[str] = field(default_factory=set)

    # What the deciders ask (Facts).

    def queues(self) -> Mapping[QueueId, Queue]:
        return {QueueId(each): state for each, state in self._all(Kind.QUEUE, Queue)}

    def agents(self) -> Mapping[AgentId, Agent]:
        return {AgentId(each): state for each, state in self._all(Kind.AGENT, Agent)}

    def channels(self) -> Mapping[ChannelId, ChannelSettings]:
        return {ChannelId(each): state for each, state in self._all(Kind.CHANNEL, ChannelSettings)}

    def attributes(self) -> Mapping[AttributeId, AttributeSettings]:
        return {AttributeId(each): state for each, state in self._all(Kind.ATTRIBUTE, AttributeSettings)}

    def media_domains(self) -> Mapping[MediaDomainId, MediaDomainSettings]:
        return {MediaDomainId(each): state for each, state in self._all(Kind.MEDIA_DOMAIN, MediaDomainSettings)}

    def conversation_at(self, channel: ChannelId, address: str) -> ConversationId | None:
        for each in self.conversations().values():
            if each.closed is None and (each.channel, each.address) == (channel, address):
                return each.id
        return None

    def queue_uses(self, queue: QueueId) -> int:
        talks = [each for each in self.conversations().values() if each.closed is None]
        return sum(queue in (each.last_queue, *(p.queue for p in each.participants)) for each in talks)

    def channel_uses(self, channel: ChannelId) -> int:
        return int(channel in self.busy_channels)

    def is_calendar(self, name: str) -> bool:
        return name == "office"

    def asks_unattended(self) -> bool:
        return self.is_plugin_asked

    def is_strategy(self, name: str) -> bool:
        return name in ("longest_available", "least_occupied")

    def is_ordering(self, name: str) -> bool:
        return name == "age_and_priority"

    def strategy_problems(self, name: str, options: Mapping[str, str]) -> tuple[str, ...]:
        return tuple(f"{name} has no option {option}" for option in options if option != "by")

    def channel_problems(self, channel: ChannelSettings) -> tuple[str, ...]:
        return tuple(f"{each} is unknown" for each in channel.settings if each.startswith("unknown"))

    def abilities(self, channel: ChannelId) -> Abilities:
        return self.able.get(channel, Abilities())

    def secret_settings(self, channel_kind: str) -> frozenset[str]:
        return self.secrets.get(channel_kind, frozenset())

    # What tests do.

    def run(self, address: Address, command: c.Command, *, etag: str = "") -> list[e.Event]:
        """Run a command and all it tells to rest; a refusal puts everything back. The events, in order."""
        before, self.position = dict(self.entities), self.position + 1
        ctx = Context(
            now=self.now, position=self.position, limits=self.limits, catalogue=self.catalogue, facts=self,
            etag_given=etag,
        )  # fmt: skip
        happened: list[e.Event] = []
        waiting = deque([Tell(address, command)])
        try:
            while waiting:
                told = waiting.popleft()
                state = self.entities.get(told.address)
                decided = deciders.decide(told.address, state, told.command, ctx)
                folded = state
                for event in decided.events:
                    folded = states.evolve(told.address, folded, event)
                assert folded == decided.state
                self._put(told.address, folded)
                happened += decided.events
                waiting.extend(decided.tells)
        except Refusal:
            self.entities = before
            raise
        return happened

    def tell(self, command: c.ConversationCommand, conversation: str = V) -> list[e.Event]:
        """Run a command of the conversation."""
        return self.run(Address(Kind.CONVERSATION, conversation), command)

    def tell_agent(self, agent: str, command: c.AgentCommand) -> list[e.Event]:
        """Run a command of an agent."""
        return self.run(Address(Kind.AGENT, agent), command)

    def apply(self, command: c.SiteCommand) -> list[e.Event]:
        """Run a command of the site."""
        return self.run(SITE, command)

    def opened(self, conversation: str = V, *, address: str = "carl", target: Target | None = None) -> list[e.Event]:
        """Let Carl have opened a conversation."""
        carl = Customer(display_name="Carl")
        return self.tell(c.OpenConversation(channel=WEB, address=address, customer=carl, target=target), conversation)

    def active(self, *agents: AgentId, conversation: str = V) -> "Centre":
        """Let these agents be in the conversation, the first of them by a direct ROUTE, the others by conference."""
        first, *others = agents
        self.opened(conversation, address=f"carl-{conversation}", target=Target(agent=first))
        self.accept(conversation)
        for other in others:
            self.tell(conference(first, agent=other), conversation)
            self.accept(conversation)
        return self

    def offer(self, agent: AgentId, conversation: str = V) -> list[e.Event]:
        """Offer the open invite to the agent, as the matching does."""
        name = self.agents()[agent].settings.name
        return self.tell(
            c.MakeOffer(number=self.invite(conversation).number, agent=agent, agent_name=name), conversation
        )

    def accept(self, conversation: str = V) -> list[e.Event]:
        """Let the last offer be accepted."""
        return self.tell(c.AcceptOffer(number=self.last_offer(conversation)), conversation)

    def decline(self, conversation: str = V) -> list[e.Event]:
        """Let the last offer be declined."""
        return self.tell(c.DeclineOffer(number=self.last_offer(conversation)), conversation)

    def miss(self, conversation: str = V, *, is_overdue: bool = False) -> list[e.Event]:
        """Let the last offer's time be over, at that time."""
        offer = self.invite(conversation).offer
        assert offer is not None
        self.now = max(self.now, offer.expire_at)
        return self.tell(c.EndOffer(number=offer.number, is_overdue=is_overdue), conversation)

    def end_ttl(self, conversation: str = V) -> list[e.Event]:
        """Let the open invite's ttl be over, at that time."""
        invite = self.invite(conversation)
        self.now = max(self.now, invite.expire_at)
        return self.tell(c.EndInvite(number=invite.number), conversation)

    # What tests look at.

    def conversations(self) -> Mapping[str, Conversation]:
        return dict(self._all(Kind.CONVERSATION, Conversation))

    def talk(self, conversation: str = V) -> Conversation:
        return self.conversations()[conversation]

    def state(self, conversation: str = V) -> ConversationState:
        return state_of(self.talk(conversation))

    def invite(self, conversation: str = V) -> Invite:
        invite = self.talk(conversation).invite
        assert invite is not None
        return invite

    def last_offer(self, conversation: str = V) -> int:
        return len(self.talk(conversation).offers)

    def agent(self, agent: AgentId) -> Agent:
        return self.agents()[agent]

    def agent_state(self, agent: AgentId, domain: MediaDomainId = CHAT) -> AgentState:
        return state_in(self.agent(agent), domain)

    def members(self, conversation: str = V) -> list[tuple[AgentId, ParticipantRole]]:
        return [(p.agent, p.role) for p in self.talk(conversation).participants]

    def waiting(self, queue: QueueId = BILLING) -> int:
        return self.queues()[queue].waiting

    def _all(self, kind: Kind, of: type[_S]) -> list[tuple[str, _S]]:
        found = [(address.id, state) for address, state in self.entities.items() if address.kind is kind]
        return [(each, state) for each, state in found if isinstance(state, of)]

    def _put(self, address: Address, state: State | None) -> None:
        if state is None:
            self.entities.pop(address, None)
        else:
            self.entities[address] = state


def centre(limits: Limits | None = None, *, catalogue: Catalogue | None = None, queue: bool = False) -> Centre:
    """Ann, Bob and Cat, ready in `chat`, three slots each; a queue Billing; and the channel `web`.

    With `queue` the channel routes to Billing.
    """
    made = Centre(limits=limits or Limits(), catalogue=catalogue or Catalogue())
    made.apply(c.RecordBoot(epoch=1))
    made.apply(
        c.Apply(
            queues=(QueueSettings(id=BILLING, display_name="Billing"),),
            channels=(ChannelSettings(id=WEB, kind="webchat", queue=BILLING if queue else None),),
            agents=tuple(AgentSettings(id=each, display_name=each.capitalize()) for each in (ANN, BOB, CAT)),
        )
    )
    for each in (ANN, BOB, CAT):
        made.tell_agent(each, c.Attach(stream=f"desk-of-{each}"))
        made.tell_agent(each, c.SetReadiness(is_ready=True))
    return made


def transfer(by: AgentId, *, agent: AgentId | None = None, note: str | None = None) -> c.PlaceInvite:
    """Ask for a transfer to Billing, or to the agent named."""
    return _invite(InviteKind.TRANSFER, by, agent, note)


def conference(by: AgentId, *, agent: AgentId | None = None, note: str | None = None) -> c.PlaceInvite:
    """Ask for a conference with somebody of Billing, or with the agent named."""
    return _invite(InviteKind.CONFERENCE, by, agent, note)


def route(*, agent: AgentId | None = None) -> c.PlaceInvite:
    """Ask for somebody of Billing, or the agent named, for a conversation that nobody attends."""
    return _invite(InviteKind.ROUTE, None, agent, None)


def heard(events: list[e.Event]) -> list[Heard]:
    """Every notice among the events, in order."""
    return [(_audience(event), event.text) for event in events if isinstance(event, e.StaffNoticed | e.CustomerNoticed)]


def _audience(event: e.StaffNoticed | e.CustomerNoticed) -> str:
    match event:
        case e.CustomerNoticed():
            return "customer"
        case e.StaffNoticed(agent=str(agent), style=Style.TOAST):
            return f"{agent} (toast)"
        case e.StaffNoticed(agent=str(agent)):
            return agent
        case e.StaffNoticed(except_agent=str(agent)):
            return f"agents but {agent}"
        case _:
            return "agents"


def _invite(kind: InviteKind, by: AgentId | None, agent: AgentId | None, note: str | None) -> c.PlaceInvite:
    target = Target(queue=BILLING) if agent is None else Target(agent=agent)
    return c.PlaceInvite(kind=kind, agent=by, target=target, note=note)
