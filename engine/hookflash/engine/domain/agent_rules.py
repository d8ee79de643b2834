"""What an agent answers to each command. Refuses first, then says what happened.

Pure. His offers and conversations are decided by their conversation; he tells it when he cannot go on.
"""

from typing import assert_never

from hookflash.engine.domain import commands as c
from hookflash.engine.domain import events as e
from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.refusals import (
    AgentInUse,
    AgentLoggedOut,
    AgentNotFound,
    InvalidSetting,
    TargetNotAvailable,
)
from hookflash.engine.domain.turn import Context, Decided, Tell
from hookflash.engine.domain.values import LeaveReason, Reservation, RevokeReason
from hookflash.sdk.types import AgentId, MediaDomainId, OfferOutcome

from .agent import Agent, evolve, is_available

__all__ = ["decide"]

_MISSES_REASON = "RONA"
_AGENTS_MAX = 1 << 20


def decide(state: Agent | None, command: c.AgentCommand, ctx: Context, agent: AgentId) -> Decided[Agent | None]:
    """The events of the command, the state after them, and what conversations are told."""
    turn = _Turn(state, ctx, agent)
    if isinstance(command, c.ConfigureAgent):
        place = _next_place(ctx) if state is None else state.place
        turn.add(e.AgentConfigured(at=ctx.now, place=place, settings=command.settings, capacity=command.capacity))
        return turn.decided()
    if state is None:
        raise AgentNotFound(agent)
    match command:
        case c.Reserve():
            _reserve(turn, state, command)
        case c.TakeSlot(offer=offer):
            _take_slot(turn, state, offer)
        case c.EndReservation():
            _end_reservation(turn, state, command)
        case c.ReleaseSlot(conversation=conversation):
            if conversation in state.slots:
                turn.add(e.SlotReleased(at=ctx.now, conversation=conversation))
        case c.Attach(stream=stream):
            turn.add(e.AgentAttached(at=ctx.now, stream=stream, logged_in=not state.is_logged_in))
        case c.Detach(stream=stream):
            _detach(turn, state, stream)
        case c.SetReadiness():
            _set_readiness(turn, state, command)
        case c.Logout(reason=reason):
            _log_out(turn, state, reason, LeaveReason.LOGGED_OUT)
        case c.EndGrace():
            if state.grace_until is not None and state.grace_until <= ctx.now:
                _log_out(turn, state, "", LeaveReason.DISCONNECTED)
        case c.DeleteAgent():
            _delete(turn, state)
        case _:
            assert_never(command)
    return turn.decided()


def _next_place(ctx: Context) -> int:
    """Later than everybody created before, in earlier records or in this one."""
    return ctx.position * _AGENTS_MAX + len(ctx.facts.agents())


class _Turn:
    """The agent's side of one turn: events so far, the state after them, and what is told."""

    def __init__(self, state: Agent | None, ctx: Context, agent: AgentId) -> None:
        self.state, self.ctx, self.agent = state, ctx, agent
        self.events: list[e.Event] = []
        self.tells: list[Tell] = []

    def add(self, event: e.AgentEvent) -> None:
        self.state = evolve(self.state, event, self.agent)
        self.events.append(event)

    def tell(self, conversation: str, command: c.ConversationCommand) -> None:
        self.tells.append(Tell(Address(Kind.CONVERSATION, conversation), command))

    def decided(self) -> Decided[Agent | None]:
        return Decided(self.events, self.state, self.tells)


def _reserve(turn: _Turn, state: Agent, command: c.Reserve) -> None:
    if not is_available(state, command.reservation.media_domain):
        raise TargetNotAvailable(state.id)
    turn.add(e.SlotReserved(at=turn.ctx.now, reservation=command.reservation))


def _take_slot(turn: _Turn, state: Agent, offer: str) -> None:
    reservation = state.reservation(offer)
    if reservation is None:
        raise TargetNotAvailable(state.id)
    turn.add(
        e.SlotTaken(
            at=turn.ctx.now,
            offer=offer,
            conversation=reservation.conversation,
            media_domain=reservation.media_domain,
        )
    )


def _end_reservation(turn: _Turn, state: Agent, command: c.EndReservation) -> None:
    if state.reservation(command.offer) is None:
        return
    now, misses_max = turn.ctx.now, turn.ctx.limits.misses_max
    turn.add(e.ReservationEnded(at=now, offer=command.offer, outcome=command.outcome, reason=command.reason))
    after = turn.state
    if command.outcome is OfferOutcome.MISSED and after is not None and after.ready and 0 < misses_max <= after.misses:
        _stop_offers(turn, after, tuple(sorted(after.ready)), _MISSES_REASON)


def _detach(turn: _Turn, state: Agent, stream: str | None) -> None:
    # A restart (None) gives everybody the full grace, also whose line broke just before: likely it cut him off (R-L6).
    # Else a newer desk may have taken over, and the old stream's end means nothing.
    is_over = state.is_logged_in if stream is None else stream == state.stream
    if not is_over:
        return
    turn.add(e.AgentDetached(at=turn.ctx.now, grace_until=turn.ctx.now + turn.ctx.limits.disconnect_grace_s))


def _set_readiness(turn: _Turn, state: Agent, command: c.SetReadiness) -> None:
    if command.media_domain is not None and command.media_domain not in state.capacity:
        raise InvalidSetting("media_domain", "names a media domain that does not exist")
    if not state.is_logged_in:
        raise AgentLoggedOut(state.id)
    named = tuple(sorted(state.capacity)) if command.media_domain is None else (command.media_domain,)
    changed = tuple(d for d in named if (d in state.ready) != command.is_ready)
    if not changed:
        return
    if command.is_ready:
        turn.add(e.ReadinessChanged(at=turn.ctx.now, is_ready=True, media_domains=changed))
    else:
        _stop_offers(turn, state, changed, command.reason)


def _stop_offers(turn: _Turn, state: Agent, domains: tuple[MediaDomainId, ...], reason: str) -> None:
    turn.add(e.ReadinessChanged(at=turn.ctx.now, is_ready=False, media_domains=domains, reason=reason))
    for reservation in state.reservations:
        if reservation.media_domain in domains and turn.state is not None and turn.state.reservation(reservation.offer):
            _revoke(turn, reservation, RevokeReason.NOT_READY, is_missed=False)


def _log_out(turn: _Turn, state: Agent, reason: str, why: LeaveReason) -> None:
    if not state.is_logged_in:
        return
    turn.add(e.AgentLoggedOut(at=turn.ctx.now, reason=reason or why))
    is_lost = why is LeaveReason.DISCONNECTED
    for reservation in state.reservations:
        revoked = RevokeReason.DISCONNECTED if is_lost else RevokeReason.LOGGED_OUT
        _revoke(turn, reservation, revoked, is_missed=is_lost)
    for conversation in state.slots:
        turn.tell(conversation, c.LoseAgent(agent=state.id, reason=why))


def _revoke(turn: _Turn, reservation: Reservation, reason: RevokeReason, *, is_missed: bool) -> None:
    number = int(reservation.offer.rpartition("~")[2])
    turn.tell(reservation.conversation, c.RevokeOffer(number=number, reason=reason, is_missed=is_missed))


def _delete(turn: _Turn, state: Agent) -> None:
    if state.is_logged_in:
        raise AgentInUse(state.id, "he is logged in")
    if state.slots or state.reservations:
        raise AgentInUse(state.id, "he is in a conversation")
    turn.add(e.AgentDeleted())
