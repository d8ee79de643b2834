"""What becomes of an offer and of its invite: accepted, declined, missed, revoked, unserved, withdrawn (R-O, R-T, R-C).

The conversation is the judge: an offer is won once, while it is open, and only for the invite that is still open.
"""

from hookflash.engine.domain import commands as c
from hookflash.engine.domain import events as e
from hookflash.engine.domain.notices import NoticeKey
from hookflash.engine.domain.refusals import (
    IdentityMismatch,
    InviteClosed,
    InviteNotFound,
    OfferClosed,
    OfferNotFound,
    RoleNotAllowed,
)
from hookflash.engine.domain.struct import changed
from hookflash.engine.domain.values import Decision, Invite, Offer, PastOffer, RevokeReason, offer_id
from hookflash.sdk.types import AgentId, InviteKind, InviteState, OfferOutcome, ParticipantRole

from . import attendance, search
from .turn import REOFFER_PRIORITY, Turn

__all__ = [
    "accept",
    "answer_decision",
    "ask_strategy",
    "cancel_invite",
    "decline",
    "end_decision",
    "end_offer",
    "end_pause",
    "end_search",
    "end_wait",
    "open_step",
    "revoke",
]


def accept(turn: Turn, command: c.AcceptOffer) -> None:
    """Join, or be refused; nothing between (R-O6)."""
    past = _past(turn, command.number, command.agent)
    if past.outcome is OfferOutcome.ACCEPTED:
        return
    invite, offer = _open(turn, command.number, past)
    turn.add(_ended(turn, invite, offer, OfferOutcome.ACCEPTED))
    if len(invite.offers) > 1:
        # Offered to several at once: the first accept wins (R-O1).
        others = tuple(other for other in invite.offers if other.number != offer.number)
        attendance.take_back(turn, changed(invite, offers=others), RevokeReason.INVITE_ENDED)
    turn.add(
        e.ParticipantJoined(
            at=turn.now,
            sequence=turn.next_sequence(),
            agent=offer.agent,
            display_name=offer.agent_name,
            role=ParticipantRole.ASSISTANT if invite.kind is InviteKind.CONSULT else ParticipantRole.PRIMARY,
            media_domain=invite.media_domain,
            queue=invite.target.queue,
            offer=offer.number,
        )
    )
    turn.add(
        e.InviteEnded(
            at=turn.now,
            sequence=turn.next_sequence(),
            invite=invite.number,
            state=InviteState.ACCEPTED,
            agent=offer.agent,
        )
    )
    turn.tell_agent(NoticeKey.JOIN_AGENT_SELF, offer.agent)
    turn.tell_agents(NoticeKey.JOIN_OTHERS_JOINED, except_agent=offer.agent, agent_name=offer.agent_name)
    turn.tell_customer(NoticeKey.JOIN_OTHERS_JOINED, agent_name=offer.agent_name)


def decline(turn: Turn, command: c.DeclineOffer) -> None:
    """The agent says no; the search goes on, or ends DECLINED where only he was asked."""
    past = _past(turn, command.number, command.agent)
    if past.outcome is OfferOutcome.DECLINED:
        return
    invite, offer = _open(turn, command.number, past)
    pause = turn.now + turn.ctx.limits.reoffer_pause_s
    turn.add(_ended(turn, invite, offer, OfferOutcome.DECLINED, detail=command.reason, paused_until=pause))
    _go_on(turn, invite, offer, InviteState.DECLINED)


def end_offer(turn: Turn, command: c.EndOffer) -> None:
    """The offer's time is over. A late timer is no error: the offer was answered first."""
    found = _offer_if_open(turn, command.number)
    if found is None:
        return
    invite, offer = found
    if command.is_overdue:
        turn.add(_ended(turn, invite, offer, OfferOutcome.REVOKED, reason=RevokeReason.ENGINE_DOWN))
    else:
        pause = turn.now + turn.ctx.limits.reoffer_pause_s
        turn.add(_ended(turn, invite, offer, OfferOutcome.MISSED, paused_until=pause))
    _go_on(turn, invite, offer, InviteState.NO_AGENT)


def revoke(turn: Turn, command: c.RevokeOffer) -> None:
    """The agent cannot take it any more; the next candidate is asked (R-O8)."""
    found = _offer_if_open(turn, command.number)
    if found is None:
        return
    invite, offer = found
    outcome = OfferOutcome.MISSED if command.is_missed else OfferOutcome.REVOKED
    pause = turn.now + turn.ctx.limits.reoffer_pause_s if command.is_missed else None
    turn.add(_ended(turn, invite, offer, outcome, reason=command.reason, paused_until=pause))
    _go_on(turn, invite, offer, InviteState.NO_AGENT)


def end_search(turn: Turn, number: int) -> None:
    """The ttl is over. An open offer lives its own time (R-O5)."""
    invite = turn.state.open_invite
    if invite is not None and invite.number == number and not invite.offers:
        _unserved(turn, invite, InviteState.NO_AGENT)


def cancel_invite(turn: Turn, command: c.CancelInvite) -> None:
    """Withdraw the search; withdrawn before, nothing happens."""
    state = turn.state
    name = f"conversations/{turn.id}/invites/{command.number}"
    if not 1 <= command.number <= state.invites:
        raise InviteNotFound(name)
    turn.ctx.check_etag(state.etag)
    invite = state.open_invite
    if command.agent is not None:
        role = turn.acting(command.agent).role
        if role is not ParticipantRole.PRIMARY:
            raise RoleNotAllowed(role, "cancel an invite")
    if invite is not None and invite.number == command.number:
        attendance.end_invite(turn, InviteState.CANCELLED)
        _tell_unserved(turn, invite, InviteState.CANCELLED, "")
        attendance.rest(turn)
        return
    ended = state.invites_ended[command.number - 1]
    if ended is not InviteState.CANCELLED:
        raise InviteClosed(name, ended)


def open_step(turn: Turn, command: c.OpenStep) -> None:
    """One more step counts from now on."""
    invite = turn.state.open_invite
    if invite is not None and invite.number == command.number and invite.step + 1 == command.step:
        turn.add(e.StepOpened(invite=invite.number, step=command.step))


def end_pause(turn: Turn, command: c.EndPause) -> None:
    """The agent may be asked again."""
    invite = turn.state.open_invite
    if invite is None or invite.number != command.number:
        return
    tried = invite.tried_of(command.agent)
    if tried is not None and tried.paused_until is not None and tried.paused_until <= turn.now:
        turn.add(e.PauseEnded(invite=invite.number, agent=command.agent))


def ask_strategy(turn: Turn, command: c.AskStrategy) -> None:
    """Record that a strategy is being asked; until it answers the invite waits (R-Q6)."""
    invite = turn.state.open_invite
    if invite is None or invite.number != command.number or invite.decision is not None or invite.offers:
        return
    decision = Decision(number=invite.revision, strategy=command.strategy, until=command.until)
    turn.add(e.DecisionAsked(invite=invite.number, decision=decision))


def answer_decision(turn: Turn, command: c.AnswerDecision) -> None:
    """Record the answer and do what it says. A late answer is dropped: the default decided first."""
    invite = turn.state.open_invite
    if invite is None or invite.number != command.number or invite.state is not InviteState.PARKED:
        return
    asked = 0 if invite.decision is None else invite.decision.number
    if asked != command.decision:
        return
    turn.add(
        e.DecisionMade(
            invite=invite.number,
            number=asked,
            strategy=command.strategy,
            agents=command.agents,
            fault=command.fault,
            to=command.to,
            wait_until=command.wait_until,
            rejected=command.rejected,
            cursor=command.cursor,
        )
    )
    if command.rejected is not None:
        _unserved(turn, invite, InviteState.NO_AGENT)
    else:
        search.offer_to(turn, invite.number, command.choices)


def end_decision(turn: Turn, command: c.EndDecision) -> None:
    """The strategy's time is over and the matching found nobody to offer to either."""
    invite = turn.state.open_invite
    if invite is not None and invite.decision is not None:
        strategy = invite.decision.strategy
        answer_decision(
            turn,
            c.AnswerDecision(number=command.number, decision=command.decision, strategy=strategy, fault="out of time"),
        )


def end_wait(turn: Turn, command: c.EndWait) -> None:
    """The strategy is asked again; the matching sees to that."""
    invite = turn.state.open_invite
    if invite is None or invite.number != command.number or invite.wait_until is None:
        return
    if invite.wait_until <= turn.now:
        turn.add(e.WaitEnded(invite=invite.number))


def _past(turn: Turn, number: int, agent: AgentId | None) -> PastOffer:
    # The caller named an offer, not a conversation: where there is none, it is the offer that is not found.
    offers = turn.state.offers if turn.exists else ()
    if not 1 <= number <= len(offers):
        raise OfferNotFound(f"offers/{offer_id(turn.id, number)}")
    past = offers[number - 1]
    if agent is not None and agent != past.agent:
        raise IdentityMismatch(f"agents/{agent}", past.agent)
    return past


def _open(turn: Turn, number: int, past: PastOffer) -> tuple[Invite, Offer]:
    found = _offer_if_open(turn, number)
    if found is None:
        raise OfferClosed(f"offers/{offer_id(turn.id, number)}", past.outcome)
    return found


def _offer_if_open(turn: Turn, number: int) -> tuple[Invite, Offer] | None:
    invite = turn.state.open_invite
    offer = None if invite is None else invite.offer_of(number)
    return None if invite is None or offer is None else (invite, offer)


def _ended(
    turn: Turn,
    invite: Invite,
    offer: Offer,
    outcome: OfferOutcome,
    *,
    reason: RevokeReason = RevokeReason.NONE,
    detail: str = "",
    paused_until: float | None = None,
) -> e.OfferEnded:
    return e.OfferEnded(
        at=turn.now,
        invite=invite.number,
        number=offer.number,
        agent=offer.agent,
        outcome=outcome,
        reason=reason,
        detail=detail,
        paused_until=paused_until,
    )


def _go_on(turn: Turn, invite: Invite, offer: Offer, if_named: InviteState) -> None:
    """After an offer not accepted: back into the line at 11 while there is time, else unserved (R-O3, R-T8)."""
    if len(invite.offers) > 1:
        return  # It was offered to several, and others still have their offers.
    if invite.target.queue is None:
        _unserved(turn, invite, if_named, offer.agent_name)
    elif turn.now >= invite.expire_at:
        _unserved(turn, invite, InviteState.NO_AGENT)
    else:
        _let_time_count(turn)
        turn.add(e.InviteParkedAgain(invite=invite.number, priority=REOFFER_PRIORITY))


def _let_time_count(turn: Turn) -> None:
    """Open the steps and end the pauses that fell due during the offer: who is asked next depends on them (R-Q7)."""
    invite = turn.state.open_invite
    if invite is None:
        return
    for step, at in enumerate(invite.steps_at, start=2):
        if invite.step < step and at <= turn.now:
            turn.add(e.StepOpened(invite=invite.number, step=step))
    for tried in invite.tried:
        if tried.paused_until is not None and tried.paused_until <= turn.now:
            turn.add(e.PauseEnded(invite=invite.number, agent=tried.agent))


def _unserved(turn: Turn, invite: Invite, outcome: InviteState, decliner: str = "") -> None:
    attendance.end_invite(turn, outcome)
    _tell_unserved(turn, invite, outcome, decliner)
    attendance.rest(turn)


def _tell_unserved(turn: Turn, invite: Invite, outcome: InviteState, decliner: str) -> None:
    """The table of outcomes in domain section 5: agents first, then the customer where nobody is left with him."""
    key = NoticeKey
    if outcome is InviteState.DECLINED:
        turn.tell_agents(key.INVITE_AGENTS_DECLINED, agent_name=decliner)
    elif invite.kind is InviteKind.CONFERENCE:
        is_cancelled = outcome is InviteState.CANCELLED
        turn.tell_agents(key.CONFERENCE_AGENTS_CANCELLED if is_cancelled else key.CONFERENCE_AGENTS_NO_AGENT)
    elif invite.kind is InviteKind.TRANSFER:
        nobody = key.TRANSFER_AGENTS_NO_AGENT if invite.target.queue else key.TRANSFER_AGENTS_NO_AGENT_AGENT
        turn.tell_agents(key.TRANSFER_AGENTS_CANCELLED if outcome is InviteState.CANCELLED else nobody)
    if turn.state.primaries:
        return
    if invite.kind is InviteKind.TRANSFER:
        turn.tell_customer(key.TRANSFER_CUSTOMER_NO_AGENT)
    elif invite.kind is InviteKind.ROUTE:
        turn.tell_customer(key.ROUTE_CUSTOMER_NO_AGENT)
