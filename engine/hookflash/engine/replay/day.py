"""What a journal says of the world outside the engine: who came when, how long it took, and how people answered.

Offers, waits and outcomes are left out, for they are what another strategy changes. What cannot be told apart from the
agent who had the conversation (conferences, invites to a named agent) is counted in `left_out` and not replayed.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple

from hookflash.engine.domain import commands as c
from hookflash.engine.domain import events as e
from hookflash.engine.domain.address import SITE, Address, Kind
from hookflash.engine.domain.limits import Limits
from hookflash.engine.domain.struct import changed
from hookflash.engine.domain.values import ChannelSettings, Invite
from hookflash.engine.journal.record import Record
from hookflash.sdk.types import AgentId, ChannelId, ConversationId, InviteKind, InviteState, OfferOutcome, QueueId

__all__ = ["Answer", "Arrival", "Asked", "Day", "DayTooLong", "Leg", "read_day"]

_ANSWERS: Final = (OfferOutcome.ACCEPTED, OfferOutcome.DECLINED, OfferOutcome.MISSED)
_PRIORITY_MAX: Final = 10


class DayTooLong(Exception):  # noqa: N818  the sentence is the command's answer
    """More conversations than may be replayed at once."""

    def __init__(self, conversations_max: int) -> None:
        """Name the limit and the way out."""
        super().__init__(
            f"The journal holds more than {conversations_max:,} conversations; replay a copy of fewer days, or allow"
            " more with --conversations-max."
        )


class Asked(NamedTuple):
    """A command from outside and when it came."""

    at: float
    address: Address
    command: c.Command


class Answer(NamedTuple):
    """What an agent did with an offer, and so many seconds after he was shown it."""

    outcome: OfferOutcome
    after_s: float


@dataclass(slots=True, kw_only=True)
class Leg:
    """One search of a conversation in a queue, and what followed it.

    `after_s`: since the agent before had accepted (0: the first). `handling_s`: how long the agent who accepted stayed,
    None where nobody accepted. `patience_s`: after which wait the customer left, None where he did not.
    """

    queue: QueueId
    after_s: float
    priority: int
    ttl_s: float
    handling_s: float | None = None
    patience_s: float | None = None


@dataclass(slots=True, kw_only=True)
class Arrival:
    """A conversation that began to wait: when, and its searches in their order."""

    at: float
    conversation: ConversationId
    channel: ChannelId
    legs: list[Leg]


@dataclass(slots=True)
class Day:
    """Everything from outside, in order; `limits` are those that the journal shows to have held."""

    asked: list[Asked] = field(default_factory=list)
    arrivals: list[Arrival] = field(default_factory=list)
    answers: defaultdict[AgentId, list[Answer]] = field(default_factory=lambda: defaultdict(list))
    left_out: Counter[str] = field(default_factory=Counter)
    limits: Limits = field(default_factory=Limits)
    ends_at: float = 0.0


def read_day(records: Iterable[Record], conversations_max: int) -> Day:
    """Read a journal from its beginning; raises DayTooLong."""
    reader = _Reader(conversations_max)
    for record in records:
        reader.follow(record)
    return reader.day


@dataclass(slots=True)
class _Talk:
    """A conversation while it is read: its arrival, the invite of its last leg, and who holds it, since when."""

    channel: ChannelId
    arrival: Arrival | None = None
    invite: int = 0
    placed_at: float = 0.0
    holder: AgentId | None = None
    held: Leg | None = None
    since: float = 0.0


class _Reader:
    def __init__(self, conversations_max: int) -> None:
        self.day = Day()
        self._conversations_max = conversations_max
        self._talks: dict[str, _Talk] = {}
        self._shown_at: dict[tuple[str, int], float] = {}
        self._own_timeouts: dict[QueueId, float | None] = {}

    def follow(self, record: Record) -> None:
        self.day.ends_at = record.at
        applied = c.Apply()
        for fact in record.facts:
            applied = _applied(applied, fact.event)
            if isinstance(fact.event, e.QueueConfigured):
                self._own_timeouts[fact.event.settings.id] = fact.event.settings.offer_timeout_s
            if fact.subject.kind is Kind.AGENT:
                self._agent(record.at, fact.subject, fact.event)
            elif fact.subject.kind is Kind.CONVERSATION:
                self._conversation(record.at, fact.subject.id, fact.event)
        if applied != c.Apply():
            self.day.asked.append(Asked(record.at, SITE, applied))

    def _agent(self, at: float, agent: Address, event: e.Event) -> None:
        match event:
            case e.AgentAttached(stream=stream):
                self.day.asked.append(Asked(at, agent, c.Attach(stream=stream)))
            case e.AgentDetached(grace_until=until):
                self.day.asked.append(Asked(at, agent, c.Detach(stream=None)))
                if until > at:
                    self.day.limits = replace(self.day.limits, disconnect_grace_s=until - at)
            case e.AgentLoggedOut(reason=reason):
                self.day.asked.append(Asked(at, agent, c.Logout(reason=reason)))
            case e.ReadinessChanged(is_ready=is_ready, media_domains=domains, reason=reason):
                for domain in domains:
                    command = c.SetReadiness(is_ready=is_ready, media_domain=domain, reason=reason)
                    self.day.asked.append(Asked(at, agent, command))
            case _:
                pass

    def _conversation(self, at: float, conversation: str, event: e.Event) -> None:
        if isinstance(event, e.ConversationOpened):
            self._talks[conversation] = _Talk(event.channel)
            return
        talk = self._talks[conversation]
        match event:
            case e.InvitePlaced(invite=invite, is_exempt=is_exempt):
                self._placed(ConversationId(conversation), talk, invite, is_exempt=is_exempt)
            case e.OfferMade(offer=offer):
                self._shown_at[conversation, offer.number] = offer.made_at
            case e.OfferEnded(number=number, agent=agent, outcome=outcome):
                after_s = at - self._shown_at.pop((conversation, number))
                if outcome in _ANSWERS:
                    self.day.answers[agent].append(Answer(outcome, after_s))
                if event.paused_until is not None and event.paused_until > at:
                    self.day.limits = replace(self.day.limits, reoffer_pause_s=event.paused_until - at)
            case e.InviteEnded(invite=number, state=ended, agent=agent) if number == talk.invite and talk.arrival:
                if ended is InviteState.ACCEPTED:
                    talk.holder, talk.held, talk.since = agent, talk.arrival.legs[-1], at
                elif ended is InviteState.CUSTOMER_LEFT:
                    talk.arrival.legs[-1].patience_s = at - talk.placed_at
            case e.ParticipantLeft(agent=agent) if agent == talk.holder and talk.held:
                talk.held.handling_s = at - talk.since
                talk.holder = talk.held = None
            case e.ConversationClosed():
                del self._talks[conversation]
            case _:
                pass

    def _placed(self, conversation: ConversationId, talk: _Talk, invite: Invite, *, is_exempt: bool) -> None:
        queue = invite.target.queue
        if queue is None:
            self.day.left_out["invites to a named agent"] += 1
            return
        if self._own_timeouts.get(queue) is None:
            self.day.limits = replace(self.day.limits, offer_timeout_s=invite.offer_timeout_s)
        arrival = talk.arrival
        if invite.kind is InviteKind.ROUTE and arrival is None:
            arrival = Arrival(at=invite.placed_at, conversation=conversation, channel=talk.channel, legs=[])
            if len(self.day.arrivals) >= self._conversations_max:
                raise DayTooLong(self._conversations_max)
            self.day.arrivals.append(arrival)
        elif is_exempt:
            return  # The engine's own doing, when an agent was lost; it does so again if it comes to that.
        elif invite.kind is not InviteKind.TRANSFER or arrival is None or invite.requester != talk.holder:
            self.day.left_out[f"{invite.kind.lower()} invites"] += 1
            return
        leg = Leg(
            queue=queue,
            after_s=invite.placed_at - talk.since if arrival.legs else 0.0,
            priority=min(invite.priority, _PRIORITY_MAX),
            ttl_s=invite.expire_at - invite.placed_at,
        )
        arrival.legs.append(leg)
        talk.arrival, talk.invite, talk.placed_at = arrival, invite.number, invite.placed_at


def _applied(applied: c.Apply, event: e.Event) -> c.Apply:
    match event:
        case e.QueueConfigured(settings=queue):
            return changed(applied, queues=(*applied.queues, queue))
        case e.AgentConfigured(settings=agent, capacity=capacity):
            return changed(applied, agents=(*applied.agents, changed(agent, capacity=capacity)))
        case e.ChannelConfigured(settings=channel):
            # Nobody is served through it here, so its adapter need not be installed.
            bare = ChannelSettings(
                id=channel.id, kind=channel.kind, is_external=True, media_domain=channel.media_domain
            )
            return changed(applied, channels=(*applied.channels, bare))
        case e.AttributeConfigured(settings=attribute):
            return changed(applied, attributes=(*applied.attributes, attribute))
        case e.MediaDomainConfigured(settings=domain):
            return changed(applied, media_domains=(*applied.media_domains, domain))
        case _:
            return applied
