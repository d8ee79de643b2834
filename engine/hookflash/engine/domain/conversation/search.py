"""Placing an invite: transfer, conference, route (R-T, R-C, R-G)."""

from collections.abc import Sequence

from hookflash.engine.domain import commands as c
from hookflash.engine.domain import events as e
from hookflash.engine.domain.limits import DURATION_MAX_S
from hookflash.engine.domain.notices import NoticeKey
from hookflash.engine.domain.refusals import (
    AgentNotFound,
    BadField,
    ConferenceFull,
    ConversationAttended,
    ConversationNotActive,
    InvalidSetting,
    InvitePending,
    MediaDomainMismatch,
    QueueNotFound,
    RoleNotAllowed,
    TargetAlreadyParticipant,
    TargetIsRequester,
    TransferLimitReached,
)
from hookflash.engine.domain.struct import changed
from hookflash.engine.domain.text import clean_note
from hookflash.engine.domain.values import Invite, LeaveReason, Offer, Participant, Target
from hookflash.sdk.types import (
    AgentId,
    ConversationState,
    InviteKind,
    InviteState,
    ParticipantRole,
)

from .state import Conversation, state_of
from .turn import Turn

__all__ = ["check_target_exists", "make_offer", "offer_to", "place", "place_checked"]

_PRIORITY_MAX = 10


def place(turn: Turn, command: c.PlaceInvite) -> None:
    """Check everything, then place the invite and say so, in the order of the seed."""
    note = None if command.note is None else clean_note(command.note, turn.ctx.limits.note_length_max)
    _check_form(command)
    state = turn.state
    if command.agent is not None and command.agent not in turn.ctx.facts.agents():
        raise AgentNotFound(command.agent)
    check_target_exists(turn, command.target)
    turn.open_state()
    requester = _requester(turn, command)
    _check_state(turn, state, command)
    _check_target(turn, state, command)
    place_checked(turn, changed(command, note=note), requester)


def place_checked(
    turn: Turn, command: c.PlaceInvite, requester: Participant | None = None, *, is_exempt: bool = False
) -> None:
    """Place the invite; whatever could refuse it here has been asked. `is_exempt`: not even for a full queue."""
    invite = _invite(turn, command, requester)
    turn.add(e.InvitePlaced(at=turn.now, sequence=turn.next_sequence(), invite=invite, is_exempt=is_exempt))
    if requester is not None and command.kind is InviteKind.TRANSFER:
        _say_transferred(turn, invite, requester)
    elif requester is not None and command.kind is InviteKind.CONFERENCE:
        _say_conferenced(turn, invite, requester)
    if command.target.agent is not None:
        make_offer(turn, c.MakeOffer(number=invite.number, agent=command.target.agent, agent_name=invite.target_name))


def make_offer(turn: Turn, command: c.MakeOffer) -> None:
    """Show the open invite to one agent. His own entity refuses where he cannot take it (R-Q4, D-8)."""
    offer_to(turn, command.number, ((command.agent, command.agent_name),))


def offer_to(turn: Turn, number: int, agents: Sequence[tuple[AgentId, str]]) -> None:
    """Show the parked invite to these agents, each with his name, at the same moment (R-O1)."""
    invite = turn.state.open_invite
    if invite is None or invite.number != number or invite.state is not InviteState.PARKED:
        raise ConversationNotActive(turn.id, state_of(turn.state))
    for agent, name in agents:
        if turn.state.participant(agent) is not None:
            raise TargetAlreadyParticipant(agent)
        if agent == invite.requester:
            raise TargetIsRequester(agent)
        offer = Offer(
            number=len(turn.state.offers) + 1,
            agent=agent,
            agent_name=name,
            made_at=turn.now,
            expire_at=turn.now + invite.offer_timeout_s,
        )
        turn.add(e.OfferMade(invite=invite.number, offer=offer))


def check_target_exists(turn: Turn, target: Target) -> None:
    """Refuse a target that is neither or both, or that nobody knows."""
    if (target.queue is None) == (target.agent is None):
        raise BadField("target", "must name either a queue or an agent")
    if target.queue is not None and target.queue not in turn.ctx.facts.queues():
        raise QueueNotFound(target.queue)
    if target.agent is not None and target.agent not in turn.ctx.facts.agents():
        raise AgentNotFound(target.agent)


def _check_form(command: c.PlaceInvite) -> None:
    if command.priority is not None and not 1 <= command.priority <= _PRIORITY_MAX:
        raise InvalidSetting("priority", f"must be a whole number from 1 to {_PRIORITY_MAX}")
    if command.ttl_s is not None and not 0 < command.ttl_s <= DURATION_MAX_S:
        raise InvalidSetting("ttl", f"must be more than 0 and at most {DURATION_MAX_S:,.0f} s")
    if command.kind is not InviteKind.ROUTE and command.agent is None:
        raise BadField("agent", "must name the agent who acts")


def _requester(turn: Turn, command: c.PlaceInvite) -> Participant | None:
    if command.agent is None:
        return None
    requester = turn.acting(command.agent)
    if requester.role is not ParticipantRole.PRIMARY:
        raise RoleNotAllowed(requester.role, command.kind.lower())
    return requester


def _check_state(turn: Turn, state: Conversation, command: c.PlaceInvite) -> None:
    now = state_of(state)
    if command.kind is InviteKind.ROUTE:
        if state.primaries:
            raise ConversationAttended(turn.id)
        if now is ConversationState.CUSTOMER_LEFT:
            raise ConversationNotActive(turn.id, now)
    elif now is not ConversationState.ACTIVE:
        raise ConversationNotActive(turn.id, now)
    if state.open_invite is not None:
        raise InvitePending(f"conversations/{turn.id}/invites/{state.open_invite.number}")
    limits = turn.ctx.limits
    if command.kind is InviteKind.CONFERENCE and len(state.participants) >= limits.agents_per_conversation_max:
        raise ConferenceFull(limits.agents_per_conversation_max)
    if command.kind is InviteKind.TRANSFER and state.transfers >= limits.transfers_per_conversation_max:
        raise TransferLimitReached(limits.transfers_per_conversation_max)


def _check_target(turn: Turn, state: Conversation, command: c.PlaceInvite) -> None:
    agent, queue = command.target.agent, command.target.queue
    if agent is not None:
        if agent == command.agent:
            raise TargetIsRequester(agent)
        if state.participant(agent) is not None:
            raise TargetAlreadyParticipant(agent)
    if queue is not None:
        domain = turn.ctx.facts.queues()[queue].settings.media_domain
        if domain != state.media_domain:
            raise MediaDomainMismatch(queue, domain, state.media_domain)


def _invite(turn: Turn, command: c.PlaceInvite, requester: Participant | None) -> Invite:
    state, limits, target = turn.state, turn.ctx.limits, command.target
    ttl_s, offer_timeout_s = limits.ttl_s, limits.offer_timeout_s
    waits: tuple[float, ...] = ()
    if target.queue is not None:
        settings = turn.ctx.facts.queues()[target.queue].settings
        name = settings.name
        ttl_s = ttl_s if settings.ttl_s is None else settings.ttl_s
        offer_timeout_s = offer_timeout_s if settings.offer_timeout_s is None else settings.offer_timeout_s
        waits = tuple(step.wait_s for step in settings.steps[:-1])
    else:
        name = turn.ctx.facts.agents()[target.agent].settings.name if target.agent is not None else ""
    default = limits.route_priority if command.kind is InviteKind.ROUTE else limits.invite_priority
    opening = [turn.now + sum(waits[: n + 1]) for n in range(len(waits))]
    return Invite(
        number=state.invites + 1,
        kind=command.kind,
        target=target,
        target_name=name,
        media_domain=state.media_domain,
        requester=None if requester is None else requester.agent,
        requester_name="" if requester is None else requester.display_name,
        note=command.note,
        priority=default if command.priority is None else command.priority,
        placement=turn.ctx.position,
        placed_at=turn.now,
        expire_at=turn.now + (ttl_s if command.ttl_s is None else command.ttl_s),
        offer_timeout_s=float(offer_timeout_s),  # A whole number given as one would be other bytes when replayed.
        session=state.sessions[-1].number,
        steps_at=tuple(opening),
        step=1 + sum(at <= turn.now for at in opening),
    )


def _say_transferred(turn: Turn, invite: Invite, requester: Participant) -> None:
    """N1, N2 to him who leaves, N3 before N4 to the customer, N10 to agents who stay (R-T1, R-T2)."""
    turn.add(
        e.ParticipantLeft(
            at=turn.now,
            sequence=turn.next_sequence(),
            agent=requester.agent,
            display_name=requester.display_name,
            role=requester.role,
            reason=LeaveReason.TRANSFERRED,
        )
    )
    key, by = NoticeKey, requester.display_name
    turn.tell_agent(key.TRANSFER_AGENT_CLOSED, requester.agent)
    turn.tell_agent(key.TRANSFER_AGENT_PLACED, requester.agent)
    is_queue = invite.target.queue is not None
    placed = key.TRANSFER_AGENTS_PLACED if is_queue else key.TRANSFER_AGENTS_PLACED_AGENT
    turn.tell_agents(placed, except_agent=requester.agent, agent_name=by)
    if turn.state.participants:
        turn.tell_agents(key.LEAVE_OTHERS_LEFT, except_agent=requester.agent, agent_names=by)
    if is_queue:
        turn.tell_customer(key.TRANSFER_CUSTOMER_PLACED, queue_name=invite.target_name)
    else:
        turn.tell_customer(key.TRANSFER_CUSTOMER_PLACED_AGENT, agent_name=invite.target_name)
    turn.tell_customer(key.TRANSFER_CUSTOMER_LEFT, agent_name=by)


def _say_conferenced(turn: Turn, invite: Invite, requester: Participant) -> None:
    """N7, N8 to him who invites; the other agents are told; the customer hears nothing (D-13)."""
    key = NoticeKey
    turn.tell_agent(key.CONFERENCE_AGENT_TOAST, requester.agent)
    turn.tell_agent(key.CONFERENCE_AGENT_PLACED, requester.agent)
    is_queue = invite.target.queue is not None
    placed = key.CONFERENCE_AGENTS_PLACED if is_queue else key.CONFERENCE_AGENTS_PLACED_AGENT
    turn.tell_agents(placed, except_agent=requester.agent, agent_name=requester.display_name)
