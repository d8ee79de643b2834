"""The life of one conversation: who is in it, what it is waiting for, and how far its numbers have come.

Pure. Replaying a journal calls only `evolve`, so recovery repeats no effect. The state holds counters, not entries:
what was said is in the views.
"""

from collections.abc import Mapping
from typing import TypeAlias, assert_never

from hookflash.engine.domain import commands as c
from hookflash.engine.domain import events as e
from hookflash.engine.domain.struct import Struct, changed, field
from hookflash.engine.domain.values import (
    ChannelSession,
    CloseCause,
    Customer,
    Invite,
    Participant,
    PastOffer,
    RevokeReason,
    Tried,
)
from hookflash.sdk.types import (
    AgentId,
    ChannelId,
    ConversationId,
    ConversationState,
    InviteKind,
    InviteState,
    MediaDomainId,
    OfferOutcome,
    ParticipantRole,
    QueueId,
)

_InviteEvent: TypeAlias = (
    e.InvitePlaced
    | e.OfferMade
    | e.OfferEnded
    | e.InviteParkedAgain
    | e.StepOpened
    | e.PauseEnded
    | e.DecisionAsked
    | e.DecisionMade
    | e.WaitEnded
    | e.InviteEnded
)

_ASKED_AGAIN_S = 1.0

__all__ = ["FORMER_AGENTS_MAX", "Conversation", "deadlines", "evolve", "state_of"]

FORMER_AGENTS_MAX = 10
"""How many of those who left are remembered, for a Strategy that seeks one of them again."""


class Conversation(Struct, frozen=True, kw_only=True):
    """One customer's exchange with the centre, from first message to close.

    `sequence`, `messages`, `whispers`, `transcript`, `deliveries` are the last numbers given out; `settled` is the
    delivery up to which all are settled and `settled_ahead` those settled beyond it. `unattended_asked`: the policy
    for unattended conversations had its say and has none again until a PRIMARY was here (R-L2); `unattended_due`: a
    plugin is being asked before it, and is asked again if there is no answer by then. `closed_queue`: the queue that
    was closed when the customer came, until an agent is sought for him. `former` are the last agents who left, the
    latest first; `heard_at` is when the customer last wrote.
    """

    id: ConversationId
    channel: ChannelId
    channel_kind: str
    media_domain: MediaDomainId
    customer: Customer
    opened_at: float
    attributes: Mapping[str, str] = field(default_factory=dict)
    sessions: tuple[ChannelSession, ...] = ()
    participants: tuple[Participant, ...] = ()
    former: tuple[AgentId, ...] = ()
    invite: Invite | None = None
    invites: int = 0
    invites_ended: tuple[InviteState, ...] = ()
    offers: tuple[PastOffer, ...] = ()
    transfers: int = 0
    last_queue: QueueId | None = None
    closed_queue: QueueId | None = None
    unattended_asked: bool = False
    unattended_due: float | None = None
    closed: CloseCause | None = None
    sequence: int = 0
    messages: int = 0
    whispers: int = 0
    transcript: int = 0
    deliveries: int = 0
    settled: int = 0
    settled_ahead: tuple[int, ...] = ()
    heard_at: float | None = None

    @property
    def open_session(self) -> ChannelSession | None:
        """The ChannelSession the customer is reached through, if one is open."""
        # Sessions follow one another: only the last one can be open.
        last = self.sessions[-1]
        return last if last.closed_at is None else None

    @property
    def address(self) -> str:
        """The customer's address in the channel."""
        return self.sessions[-1].address

    @property
    def open_invite(self) -> Invite | None:
        """The search that is on."""
        return self.invite if self.invite is not None and self.invite.is_open else None

    @property
    def primaries(self) -> tuple[Participant, ...]:
        """The participants with the full rights of an agent; none ranks above another (R-C3)."""
        return tuple(p for p in self.participants if p.role is ParticipantRole.PRIMARY)

    def participant(self, agent: AgentId) -> Participant | None:
        """That agent's participation."""
        for participant in self.participants:
            if participant.agent == agent:
                return participant
        return None

    @property
    def etag(self) -> str:
        """Changes with whatever an agent would decide on: the timeline, the invite, the end. A settlement is none."""
        revision = 0 if self.invite is None else self.invite.revision
        return (
            f"{self.sequence}.{len(self.sessions)}.{self.invites}.{revision}.{self.closed or self.open_session is None}"
        )

    @property
    def is_settled(self) -> bool:
        """Whether every delivery has been settled."""
        return self.settled == self.deliveries


def state_of(conversation: Conversation) -> ConversationState:
    """The state of domain section 5, derived."""
    if conversation.closed is not None:
        return ConversationState.CLOSED
    if conversation.open_session is None:
        return ConversationState.CUSTOMER_LEFT
    if conversation.primaries:
        return ConversationState.ACTIVE
    invite = conversation.open_invite
    if invite is not None and invite.kind in (InviteKind.ROUTE, InviteKind.TRANSFER):
        return ConversationState.QUEUED
    return ConversationState.UNATTENDED


def deadlines(conversation: Conversation) -> Mapping[c.ConversationTimer, float]:
    """What will be asked of this conversation by time alone, and when. The timers are a cache of this."""
    invite = conversation.open_invite
    if invite is None:
        again_at = conversation.unattended_due
        return {} if again_at is None else {c.AskUnattended(): again_at}
    due: dict[c.ConversationTimer, float] = {}
    if invite.offers:
        return {c.EndOffer(number=offer.number): offer.expire_at for offer in invite.offers}
    due[c.EndInvite(number=invite.number)] = invite.expire_at
    if invite.step <= len(invite.steps_at):
        due[c.OpenStep(number=invite.number, step=invite.step + 1)] = invite.steps_at[invite.step - 1]
    for tried in invite.tried:
        if tried.paused_until is not None:
            due[c.EndPause(number=invite.number, agent=tried.agent)] = tried.paused_until
    if invite.decision is not None:
        due[c.EndDecision(number=invite.number, decision=invite.decision.number)] = invite.decision.until
    if invite.wait_until is not None:
        due[c.EndWait(number=invite.number)] = invite.wait_until
    return due


def evolve(state: Conversation | None, event: e.ConversationEvent, conversation: ConversationId) -> Conversation:
    """The state after the event."""
    if state is None:
        return _opened(event, conversation)
    match event:
        case e.MessageSent():
            return _said(state, event)
        case e.WhisperSent(number=number, sequence=sequence):
            return changed(state, whispers=number, sequence=sequence)
        case e.StaffNoticed(sequence=sequence):
            return state if sequence is None else changed(state, sequence=sequence)
        case e.CustomerNoticed(sequence=sequence, transcript=transcript, delivery=delivery):
            return changed(state, sequence=sequence, transcript=transcript, deliveries=delivery)
        case e.ParticipantJoined() | e.ParticipantLeft():
            return _moved(state, event)
        case (
            e.InvitePlaced()
            | e.OfferMade()
            | e.OfferEnded()
            | e.InviteEnded()
            | e.InviteParkedAgain()
            | e.StepOpened()
            | e.PauseEnded()
            | e.DecisionAsked()
            | e.DecisionMade()
            | e.WaitEnded()
        ):
            return _sought(state, event)
        case e.DeliverySettled(delivery=delivery):
            return _settled(state, delivery)
        case e.ChannelSessionClosed(session=number, at=at):
            sessions = tuple(changed(s, closed_at=at) if s.number == number else s for s in state.sessions)
            return changed(state, sessions=sessions)
        case e.ChannelSessionOpened(session=number, at=at, address=address):
            opened = ChannelSession(number=number, channel=state.channel, address=address, opened_at=at)
            return changed(state, sessions=(*state.sessions, opened))
        case e.ConversationUnattended(at=at, is_asked=is_asked):
            return changed(state, unattended_asked=True, unattended_due=at + _ASKED_AGAIN_S if is_asked else None)
        case e.UnattendedDecided():
            return changed(state, unattended_due=None)
        case e.ConversationClosed(cause=cause):
            return changed(state, closed=cause, unattended_due=None)
        case e.DeliveryReceived() | e.ConversationOpened():
            return state
        case _:
            assert_never(event)


def _opened(event: e.ConversationEvent, conversation: ConversationId) -> Conversation:
    if not isinstance(event, e.ConversationOpened):
        raise TypeError(f"{conversation} has no state to which {type(event).__name__} could happen")
    return Conversation(
        id=conversation,
        channel=event.channel,
        channel_kind=event.channel_kind,
        media_domain=event.media_domain,
        customer=event.customer,
        attributes=event.attributes,
        opened_at=event.at,
        closed_queue=event.closed_queue,
        sessions=(ChannelSession(number=1, channel=event.channel, address=event.address, opened_at=event.at),),
    )


def _said(state: Conversation, event: e.MessageSent) -> Conversation:
    return changed(
        state,
        messages=event.number,
        sequence=event.sequence,
        transcript=event.transcript,
        deliveries=state.deliveries if event.delivery is None else event.delivery,
        heard_at=event.at if event.role is ParticipantRole.CUSTOMER else state.heard_at,
    )


def _moved(state: Conversation, event: e.ParticipantJoined | e.ParticipantLeft) -> Conversation:
    if isinstance(event, e.ParticipantLeft):
        stay = tuple(p for p in state.participants if p.agent != event.agent)
        former = (event.agent, *(agent for agent in state.former if agent != event.agent))[:FORMER_AGENTS_MAX]
        return changed(state, participants=stay, former=former, sequence=event.sequence)
    joined = Participant(
        agent=event.agent,
        display_name=event.display_name,
        role=event.role,
        media_domain=event.media_domain,
        joined_at=event.at,
        queue=event.queue,
    )
    participants = (*state.participants, joined)
    if event.role is not ParticipantRole.PRIMARY:
        return changed(state, participants=participants, sequence=event.sequence)
    return changed(
        state, participants=participants, sequence=event.sequence, unattended_asked=False, unattended_due=None
    )


def _settled(state: Conversation, delivery: int) -> Conversation:
    ahead = {*state.settled_ahead, delivery}
    settled = state.settled
    while settled + 1 in ahead:
        settled += 1
        ahead.discard(settled)
    return changed(state, settled=settled, settled_ahead=tuple(sorted(ahead)))


def _sought(state: Conversation, event: _InviteEvent) -> Conversation:
    if isinstance(event, e.InvitePlaced):
        return _placed(state, event)
    invite = state.invite
    if invite is None:
        raise TypeError(f"{state.id} has no invite to which {type(event).__name__} could happen")
    match event:
        case e.OfferMade(offer=offer):
            past = PastOffer(agent=offer.agent, invite=invite.number)
            made = changed(
                invite,
                state=InviteState.OFFERED,
                offers=(*invite.offers, offer),
                attempts=invite.attempts if invite.offers else invite.attempts + 1,
                tried=_tried_again(invite, offer.agent),
                decision=None,
                wait_until=None,
                revision=invite.revision + 1,
            )
            return changed(state, invite=made, offers=(*state.offers, past))
        case e.OfferEnded():
            return _offer_ended(state, invite, event)
        case e.InviteParkedAgain(priority=priority):
            sought = changed(invite, state=InviteState.PARKED, priority=priority)
        case e.StepOpened(step=step):
            sought = changed(invite, step=step)
        case e.PauseEnded(agent=agent):
            sought = changed(invite, tried=_pause(invite, agent, None))
        case e.DecisionAsked(decision=decision):
            sought = changed(invite, decision=decision, wait_until=None)
        case e.DecisionMade(wait_until=until):
            sought = changed(invite, decision=None, wait_until=until)
        case e.WaitEnded():
            sought = changed(invite, wait_until=None)
        case e.InviteEnded(state=ended, agent=winner, sequence=sequence):
            sought = changed(invite, state=ended, agent=winner, decision=None, wait_until=None)
            state = changed(state, sequence=sequence, invites_ended=(*state.invites_ended, ended))
        case _:
            assert_never(event)
    return changed(state, invite=changed(sought, revision=invite.revision + 1))


def _placed(state: Conversation, event: e.InvitePlaced) -> Conversation:
    invite = event.invite
    return changed(
        state,
        invite=invite,
        invites=invite.number,
        sequence=event.sequence,
        transfers=state.transfers + (invite.kind is InviteKind.TRANSFER),
        last_queue=invite.target.queue or state.last_queue,
        closed_queue=None,
        unattended_due=None,
    )


def _offer_ended(state: Conversation, invite: Invite, event: e.OfferEnded) -> Conversation:
    past = changed(state.offers[event.number - 1], outcome=event.outcome)
    offers = (*state.offers[: event.number - 1], past, *state.offers[event.number :])
    ended = changed(
        invite,
        offers=tuple(offer for offer in invite.offers if offer.number != event.number),
        tried=_pause(invite, event.agent, event.paused_until),
        revision=invite.revision + 1,
    )
    if event.outcome is OfferOutcome.REVOKED and event.reason is RevokeReason.ENGINE_DOWN:
        ended = changed(ended, tried=_untried(invite, event.agent))
    return changed(state, invite=ended, offers=offers)


def _tried_again(invite: Invite, agent: AgentId) -> tuple[Tried, ...]:
    before = invite.tried_of(agent)
    count = 1 if before is None else before.count + 1
    return (*(t for t in invite.tried if t.agent != agent), Tried(agent=agent, count=count))


def _pause(invite: Invite, agent: AgentId, until: float | None) -> tuple[Tried, ...]:
    return tuple(changed(t, paused_until=until) if t.agent == agent else t for t in invite.tried)


def _untried(invite: Invite, agent: AgentId) -> tuple[Tried, ...]:
    """The offer fell due while the engine was down, so it counts against nobody (R-O9)."""
    before = invite.tried_of(agent)
    others = tuple(t for t in invite.tried if t.agent != agent)
    if before is None or before.count == 1:
        return others
    return (*others, changed(before, count=before.count - 1))
