"""Leaving, losing, closing: what becomes of a conversation when somebody goes (R-L)."""

from hookflash.engine.domain import commands as c
from hookflash.engine.domain import events as e
from hookflash.engine.domain.limits import UnattendedPolicy
from hookflash.engine.domain.notices import NoticeKey
from hookflash.engine.domain.refusals import RoleNotAllowed
from hookflash.engine.domain.values import (
    CloseCause,
    Invite,
    LeaveReason,
    Participant,
    RevokeReason,
    Target,
    UnattendedAnswer,
)
from hookflash.sdk.types import (
    ConversationState,
    InviteKind,
    InviteState,
    OfferOutcome,
    ParticipantRole,
    QueueId,
)

from . import search
from .state import Conversation, state_of
from .turn import REOFFER_PRIORITY, Turn

__all__ = [
    "become_unattended",
    "close",
    "decide_unattended",
    "end_invite",
    "end_session",
    "leave",
    "lose_agent",
    "rest",
    "route_after_hours",
    "take_back",
]

_ENDED_BECAUSE = {
    InviteState.CLOSED: RevokeReason.CONVERSATION_CLOSED,
}


def leave(turn: Turn, command: c.Leave) -> None:
    """An agent goes of his own will."""
    turn.open_state()
    _depart(turn, turn.acting(command.agent), LeaveReason.LEFT)
    if turn.state.primaries:
        return
    _end_inner_search(turn)
    rest(turn)


def lose_agent(turn: Turn, command: c.LoseAgent) -> None:
    """An agent is gone without leaving. Where he was the only one, the customer goes back to a queue (R-L7)."""
    state = turn.state
    lost = state.participant(command.agent)
    if lost is None or state.closed is not None:
        return
    queue = _queue_of(turn, state, lost)
    _depart(turn, lost, command.reason)
    if turn.state.primaries:
        return
    _end_inner_search(turn)
    if state_of(turn.state) is ConversationState.UNATTENDED and queue is not None:
        target = Target(queue=queue)
        again = c.PlaceInvite(kind=InviteKind.ROUTE, agent=None, target=target, priority=REOFFER_PRIORITY)
        search.place_checked(turn, again, is_exempt=True)
        turn.tell_customer(NoticeKey.ROUTE_CUSTOMER_AGAIN)
        return
    rest(turn)


def end_session(turn: Turn) -> None:
    """The customer's last ChannelSession ended (R-L4). With nobody there the conversation is over.

    Without a conversation it has no effect, yet is no refusal: brought again later it must not end another (R-G10, I2).
    """
    if not turn.exists:
        return
    state = turn.state
    session = state.open_session
    if state.closed is not None or session is None:
        return
    turn.add(e.ChannelSessionClosed(at=turn.now, session=session.number))
    if state.open_invite is not None:
        end_invite(turn, InviteState.CUSTOMER_LEFT)
    if state.primaries:
        turn.tell_agents(NoticeKey.CUSTOMER_AGENTS_LEFT)
        return
    _close(turn, CloseCause.CUSTOMER, "")


def close(turn: Turn, command: c.Close) -> None:
    """End everything in one record (R-L3)."""
    turn.open_state()
    if command.agent is not None:
        closer = turn.acting(command.agent)
        if closer.role is not ParticipantRole.PRIMARY:
            raise RoleNotAllowed(closer.role, "close the conversation")
    is_forced = command.cause is CloseCause.FORCE_CLOSED
    key = NoticeKey.CLOSE_CUSTOMER_FORCE_CLOSED if is_forced else NoticeKey.CLOSE_CUSTOMER_CLOSED
    _say_and_close(turn, key, command.cause, command.reason)


def rest(turn: Turn) -> None:
    """Leave the conversation in a defined state after somebody went or a search ended (INV-1)."""
    now = state_of(turn.state)
    if now is ConversationState.CUSTOMER_LEFT and not turn.state.primaries:
        _close(turn, CloseCause.CUSTOMER, "")
    elif now is ConversationState.UNATTENDED:
        become_unattended(turn)


def become_unattended(turn: Turn) -> None:
    """Say that nobody attends it, then do what the policy says, once until a PRIMARY was here again (R-L2).

    Where a plugin has a say it is asked after this record, for a cascade waits for nobody; the policy waits for that.
    """
    was_asked = turn.state.unattended_asked
    is_asked = not was_asked and turn.ctx.facts.asks_unattended()
    turn.add(e.ConversationUnattended(at=turn.now, is_asked=is_asked))
    if not was_asked and not is_asked:
        _follow_policy(turn)


def decide_unattended(turn: Turn, command: c.DecideUnattended) -> None:
    """Do what a plugin says, or else what the policy does; nothing where something else became of it meanwhile."""
    if turn.state.unattended_due is None:
        return
    turn.add(e.UnattendedDecided(at=turn.now, plugin=command.plugin, answer=command.answer, queue=command.queue))
    match command.answer:
        case UnattendedAnswer.LEAVE_OPEN:
            pass
        case UnattendedAnswer.CLOSE:
            _say_and_close(turn, NoticeKey.CLOSE_CUSTOMER_CLOSED, CloseCause.SERVICE, "unattended")
        case UnattendedAnswer.ROUTE if _route(turn, command.queue):
            pass
        case _:
            _follow_policy(turn)


def route_after_hours(turn: Turn, command: c.RouteAfterHours) -> None:
    """Seek an agent for who came while his queue was closed; nothing where something became of him meanwhile."""
    if turn.exists and turn.state.closed_queue is not None and state_of(turn.state) is ConversationState.UNATTENDED:
        _route(turn, command.queue)


def _follow_policy(turn: Turn) -> None:
    limits = turn.ctx.limits
    if limits.on_unattended is UnattendedPolicy.LEAVE:
        return
    if limits.on_unattended is UnattendedPolicy.CLOSE:
        _say_and_close(turn, NoticeKey.CLOSE_CUSTOMER_CLOSED, CloseCause.SERVICE, "unattended")
        return
    _route(turn, QueueId(limits.on_unattended_queue or ""))


def _route(turn: Turn, name: QueueId | None) -> bool:
    """Seek an agent in that queue, if there is such a queue for this conversation."""
    queue = turn.ctx.facts.queues().get(name or QueueId(""))
    if queue is None or queue.settings.media_domain != turn.state.media_domain:
        return False
    target = Target(queue=queue.settings.id)
    route = c.PlaceInvite(kind=InviteKind.ROUTE, agent=None, target=target)
    search.place_checked(turn, route, is_exempt=True)
    return True


def end_invite(turn: Turn, outcome: InviteState) -> None:
    """End the open invite; open offers are taken back first, so nothing of them is left on a desk."""
    invite = turn.state.open_invite
    if invite is None:
        return
    take_back(turn, invite, _ENDED_BECAUSE.get(outcome, RevokeReason.INVITE_ENDED))
    turn.add(e.InviteEnded(at=turn.now, sequence=turn.next_sequence(), invite=invite.number, state=outcome))


def take_back(turn: Turn, invite: Invite, reason: RevokeReason) -> None:
    """Revoke every offer of the invite that is open."""
    for offer in invite.offers:
        turn.add(
            e.OfferEnded(
                at=turn.now,
                invite=invite.number,
                number=offer.number,
                agent=offer.agent,
                outcome=OfferOutcome.REVOKED,
                reason=reason,
            )
        )


def _depart(turn: Turn, participant: Participant, reason: LeaveReason) -> None:
    _out(turn, participant, reason)
    name = participant.display_name
    turn.tell_agents(NoticeKey.LEAVE_OTHERS_LEFT, except_agent=participant.agent, agent_names=name)
    turn.tell_customer(NoticeKey.LEAVE_OTHERS_LEFT, agent_names=name)


def _out(turn: Turn, participant: Participant, reason: LeaveReason) -> None:
    turn.add(
        e.ParticipantLeft(
            at=turn.now,
            sequence=turn.next_sequence(),
            agent=participant.agent,
            display_name=participant.display_name,
            role=participant.role,
            reason=reason,
        )
    )


def _end_inner_search(turn: Turn) -> None:
    """The last PRIMARY is out: a CONFERENCE or CONSULT has nobody to join, and who only listened goes too (R-C8)."""
    invite = turn.state.open_invite
    if invite is not None and invite.kind in (InviteKind.CONFERENCE, InviteKind.CONSULT):
        end_invite(turn, InviteState.CANCELLED)
        turn.tell_agents(NoticeKey.CONFERENCE_AGENTS_CANCELLED)
    for participant in turn.state.participants:
        _out(turn, participant, LeaveReason.REMOVED)


def _queue_of(turn: Turn, state: Conversation, lost: Participant) -> QueueId | None:
    """The conversation's queue (R-L8): by which he came, else where it last waited, else the channel's."""
    channel = turn.ctx.facts.channels().get(state.channel)
    queues = turn.ctx.facts.queues()
    for queue in (lost.queue, state.last_queue, None if channel is None else channel.queue):
        if queue is not None and queue in queues and queues[queue].settings.media_domain == state.media_domain:
            return queue
    return None


def _say_and_close(turn: Turn, key: NoticeKey, cause: CloseCause, reason: str) -> None:
    turn.tell_customer(key)
    _close(turn, cause, reason)


def _close(turn: Turn, cause: CloseCause, reason: str) -> None:
    end_invite(turn, InviteState.CLOSED)
    for participant in turn.state.participants:
        _out(turn, participant, LeaveReason.CLOSED)
    session = turn.state.open_session
    if session is not None:
        turn.add(e.ChannelSessionClosed(at=turn.now, session=session.number))
    turn.add(e.ConversationClosed(at=turn.now, cause=cause, reason=reason))
