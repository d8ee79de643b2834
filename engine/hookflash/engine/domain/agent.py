"""An agent's own facts: presence, readiness, slots. What state he is in is derived from them each time.

Pure. Every race about his capacity is decided here: a reservation is granted only while a slot is free, so two queues
cannot both win (R-A2).
"""

from collections.abc import Mapping
from typing import Final, assert_never

from hookflash.engine.domain import commands as c
from hookflash.engine.domain import events as e
from hookflash.engine.domain.struct import Struct, changed, field
from hookflash.engine.domain.values import AgentSettings, Reservation, RevokeReason, Served, Talking
from hookflash.sdk.types import AgentId, AgentState, ConversationId, MediaDomainId, OfferOutcome, QueueId

__all__ = ["AVAILABLE", "Agent", "day_of", "deadlines", "evolve", "is_available", "state_in"]

AVAILABLE: Final = (AgentState.READY, AgentState.ACTIVE)
"""The states in which offers come: the seed's "ready + active"."""

DAY_S: Final = 86_400.0

_NOTHING: Final = Served()

_NOT_HIS_DOING = (RevokeReason.INVITE_ENDED, RevokeReason.CONVERSATION_CLOSED, RevokeReason.ENGINE_DOWN)


class Agent(Struct, frozen=True, kw_only=True):
    """A person who answers.

    `stream` is the desk's open stream; without one he is detached until `grace_until`. `ready` are the media domains
    in which he takes offers. `slots` says in which media domain each of his conversations holds a slot.
    `available_since` is the engine time in seconds since when he is READY or ACTIVE, per media domain. `talking` tells
    since when he has a conversation that came through a queue, `served` what he did for each queue so far.
    """

    id: AgentId
    settings: AgentSettings
    capacity: Mapping[MediaDomainId, int]
    place: int
    is_logged_in: bool = False
    stream: str | None = None
    grace_until: float | None = None
    ready: frozenset[MediaDomainId] = frozenset()
    not_ready_reason: str = ""
    slots: Mapping[ConversationId, MediaDomainId] = field(default_factory=dict)
    reservations: tuple[Reservation, ...] = ()
    available_since: Mapping[MediaDomainId, float] = field(default_factory=dict)
    misses: int = 0
    talking: Mapping[ConversationId, Talking] = field(default_factory=dict)
    served: Mapping[QueueId, Served] = field(default_factory=dict)

    def active(self, domain: MediaDomainId) -> int:
        """The slots that conversations use in that media domain."""
        return list(self.slots.values()).count(domain)

    def reserved(self, domain: MediaDomainId) -> int:
        """The slots that open offers hold in that media domain."""
        return sum(r.media_domain == domain for r in self.reservations) if self.reservations else 0

    def reservation(self, offer: str) -> Reservation | None:
        """The reservation made for that offer."""
        return next((r for r in self.reservations if r.offer == offer), None)


def state_in(agent: Agent, domain: MediaDomainId) -> AgentState:
    """The agent's state in one media domain: the first row of domain section 4 that fits."""
    if not agent.is_logged_in:
        return AgentState.LOGGED_OUT
    active, reserved, capacity = agent.active(domain), agent.reserved(domain), agent.capacity.get(domain, 0)
    if agent.stream is None or domain not in agent.ready or capacity == 0:
        return AgentState.PENDING_NOT_READY if active + reserved else AgentState.NOT_READY
    if reserved:
        return AgentState.RESERVED
    if active >= capacity:
        return AgentState.BUSY
    return AgentState.ACTIVE if active else AgentState.READY


def is_available(agent: Agent, domain: MediaDomainId) -> bool:
    """Whether he is READY or ACTIVE there."""
    return state_in(agent, domain) in AVAILABLE


def day_of(at: float) -> int:
    """The UTC day of an engine time, in days since 1970."""
    return int(at // DAY_S)


def deadlines(agent: Agent) -> Mapping[c.EndGrace, float]:
    """What will be asked of this agent by time alone."""
    return {} if agent.grace_until is None else {c.EndGrace(): agent.grace_until}


def evolve(state: Agent | None, event: e.AgentEvent, agent: AgentId) -> Agent | None:
    """The state after the event; None when the agent is gone from the settings."""
    if isinstance(event, e.AgentConfigured):
        before = state or Agent(id=agent, settings=event.settings, capacity={}, place=event.place)
        after = changed(before, settings=event.settings, capacity=event.capacity)
        return _restamped(before, after, event.at)
    if state is None:
        raise TypeError(f"agent {agent} has no state to which {type(event).__name__} could happen")
    if isinstance(event, e.AgentDeleted):
        return None
    after = _evolved(state, event)
    if isinstance(event, e.ReservationEnded) and event.reason in _NOT_HIS_DOING:
        return after  # He keeps his place: the offer was taken from him.
    return _restamped(state, after, event.at)


def _evolved(state: Agent, event: e.AgentEvent) -> Agent:
    match event:
        case e.AgentAttached(stream=stream, logged_in=logged_in):
            ready: frozenset[MediaDomainId] = frozenset() if logged_in else state.ready
            return changed(state, is_logged_in=True, stream=stream, grace_until=None, ready=ready)
        case e.AgentDetached(grace_until=until):
            return changed(state, stream=None, grace_until=until)
        case e.AgentLoggedOut(reason=reason):
            return changed(
                state, is_logged_in=False, stream=None, grace_until=None, ready=frozenset(), not_ready_reason=reason
            )
        case e.ReadinessChanged(is_ready=True, media_domains=domains):
            return changed(state, ready=state.ready | set(domains), not_ready_reason="", misses=0)
        case e.ReadinessChanged(media_domains=domains, reason=reason):
            return changed(state, ready=state.ready - set(domains), not_ready_reason=reason)
        case e.SlotReserved(reservation=made):
            return _reserved(state, made, event.at)
        case e.ReservationEnded(offer=offer, outcome=outcome):
            misses = state.misses + 1 if outcome is OfferOutcome.MISSED else state.misses
            misses = 0 if outcome is OfferOutcome.DECLINED else misses
            return changed(state, reservations=_without(state, offer), misses=misses)
        case e.SlotTaken(offer=offer, conversation=conversation, media_domain=domain):
            slots = {**state.slots, conversation: domain}
            reservation = state.reservation(offer)
            talking = state.talking
            if reservation is not None and reservation.queue is not None:
                talking = {**talking, conversation: Talking(queue=reservation.queue, since=event.at)}
            return changed(state, reservations=_without(state, offer), slots=slots, misses=0, talking=talking)
        case e.SlotReleased(conversation=conversation):
            return _released(state, conversation, event.at)
        case e.AgentConfigured() | e.AgentDeleted():
            return state
        case _:
            assert_never(event)


def _reserved(state: Agent, reservation: Reservation, at: float) -> Agent:
    reservations = (*state.reservations, reservation)
    queue = reservation.queue
    if queue is None:
        return changed(state, reservations=reservations)
    served = {**state.served, queue: changed(state.served.get(queue, _NOTHING), offered_at=at)}
    return changed(state, reservations=reservations, served=served)


def _released(state: Agent, conversation: ConversationId, at: float) -> Agent:
    slots = {k: v for k, v in state.slots.items() if k != conversation}
    talked = state.talking.get(conversation)
    if talked is None:
        return changed(state, slots=slots)
    talking = {k: v for k, v in state.talking.items() if k != conversation}
    before, day = state.served.get(talked.queue, _NOTHING), day_of(at)
    is_first = before.day != day
    after = changed(
        before,
        finished_at=at,
        day=day,
        handled=1 if is_first else before.handled + 1,
        talk_s=(0.0 if is_first else before.talk_s) + at - max(talked.since, day * DAY_S),
    )
    return changed(state, slots=slots, talking=talking, served={**state.served, talked.queue: after})


def _without(state: Agent, offer: str) -> tuple[Reservation, ...]:
    return tuple(r for r in state.reservations if r.offer != offer)


def _restamped(before: Agent, after: Agent, at: float) -> Agent:
    """Start "available since" anew where he became READY or ACTIVE from any other state (R-Q7)."""
    fresh = {d: at for d in after.capacity if is_available(after, d) and not is_available(before, d)}
    if not fresh:
        return after
    return changed(after, available_since={**after.available_since, **fresh})
