"""What happens in a conversation.

An entry of the timeline carries its `sequence`, one of the customer's its `transcript` number, one that goes out
through a channel its `delivery` number: three counters, since a shared one would betray that whispers exist (R-G11).
"""

from collections.abc import Mapping

from hookflash.engine.domain.notices import NoticeKey, Style
from hookflash.engine.domain.struct import Struct, field
from hookflash.engine.domain.values import (
    CloseCause,
    Customer,
    Decision,
    Filtering,
    Invite,
    LeaveReason,
    Offer,
    RevokeReason,
    UnattendedAnswer,
)
from hookflash.sdk.messages import Choice, Media, Template
from hookflash.sdk.types import AgentId, ChannelId, InviteState, MediaDomainId, OfferOutcome, ParticipantRole, QueueId

__all__ = [
    "ChannelSessionClosed",
    "ChannelSessionOpened",
    "ConversationClosed",
    "ConversationEvent",
    "ConversationOpened",
    "ConversationUnattended",
    "CustomerNoticed",
    "DecisionAsked",
    "DecisionMade",
    "DeliveryReceived",
    "DeliverySettled",
    "InviteEnded",
    "InviteParkedAgain",
    "InvitePlaced",
    "MessageSent",
    "OfferEnded",
    "OfferMade",
    "ParticipantJoined",
    "ParticipantLeft",
    "PauseEnded",
    "StaffNoticed",
    "StepOpened",
    "TimelineEvent",
    "TranscriptEvent",
    "UnattendedDecided",
    "WaitEnded",
    "WhisperSent",
]


class ConversationOpened(Struct, frozen=True, kw_only=True):
    """A conversation began, with its first ChannelSession.

    `queue_chosen_by` is the plugin that chose its queue, `closed_queue` the one it was not routed to for its hours.
    """

    at: float
    channel: ChannelId
    channel_kind: str
    address: str
    media_domain: MediaDomainId
    customer: Customer
    attributes: Mapping[str, str] = field(default_factory=dict)
    queue_chosen_by: str = ""
    closed_queue: QueueId | None = None


class ChannelSessionOpened(Struct, frozen=True, kw_only=True):
    """The customer came back while his conversation was still open."""

    at: float
    session: int
    address: str


class ChannelSessionClosed(Struct, frozen=True, kw_only=True):
    """A ChannelSession ended."""

    at: float
    session: int


class MessageSent(Struct, frozen=True, kw_only=True):
    """Somebody said something to everybody. `agent` is None where the customer spoke; then nothing goes out.

    Nor does it where `role` is BOT: somebody of ours wrote in the provider's own inbox, past the engine. `choices` are
    what the customer is offered with it; `choice_id` names the one that he picked, whose title is the text. Where an
    agent sends `media`, the text is its caption, perhaps empty.
    """

    at: float
    number: int
    sequence: int
    transcript: int
    delivery: int | None
    role: ParticipantRole
    agent: AgentId | None
    display_name: str
    text: str
    filtering: Filtering = Filtering.NONE
    choices: tuple[Choice, ...] = ()
    template: Template | None = None
    choice_id: str = ""
    media: Media | None = None


class WhisperSent(Struct, frozen=True, kw_only=True):
    """An agent said something to the agents. It has no customer's number because it has no customer's side."""

    at: float
    number: int
    sequence: int
    role: ParticipantRole
    agent: AgentId
    display_name: str
    text: str


class StaffNoticed(Struct, frozen=True, kw_only=True):
    """The engine told one agent (`agent`) or the agents (all but `except_agent`). A toast has no sequence."""

    at: float
    sequence: int | None
    key: NoticeKey
    style: Style
    text: str
    agent: AgentId | None = None
    except_agent: AgentId | None = None


class CustomerNoticed(Struct, frozen=True, kw_only=True):
    """The engine told the customer."""

    at: float
    sequence: int
    transcript: int
    delivery: int
    key: NoticeKey
    text: str


class InvitePlaced(Struct, frozen=True, kw_only=True):
    """A search for an agent began. `is_exempt`: not even a full queue refuses it."""

    at: float
    sequence: int
    invite: Invite
    is_exempt: bool = False


class OfferMade(Struct, frozen=True, kw_only=True):
    """The open invite was shown to one agent."""

    invite: int
    offer: Offer


class OfferEnded(Struct, frozen=True, kw_only=True):
    """An offer was decided. After a miss or decline the agent is not asked again until `paused_until`."""

    at: float
    invite: int
    number: int
    agent: AgentId
    outcome: OfferOutcome
    reason: RevokeReason = RevokeReason.NONE
    detail: str = ""
    paused_until: float | None = None


class InviteParkedAgain(Struct, frozen=True, kw_only=True):
    """An offered invite went back into its queue's line, with its age and its deadline."""

    invite: int
    priority: int


class StepOpened(Struct, frozen=True, kw_only=True):
    """One more of the queue's steps counts for this invite."""

    invite: int
    step: int


class PauseEnded(Struct, frozen=True, kw_only=True):
    """An agent may be asked again for this invite."""

    invite: int
    agent: AgentId


class DecisionAsked(Struct, frozen=True, kw_only=True):
    """A strategy that is not bundled was asked for this invite, outside the cascade."""

    invite: int
    decision: Decision


class DecisionMade(Struct, frozen=True, kw_only=True):
    """A strategy answered: offer to these agents (`to`: "one" or "all" of them), or wait, or reject the invite.

    `fault` says why the default decided instead. `number` is that of what was asked, 0 for a strategy asked in the turn
    itself. `cursor`, a JSON text, is what the strategy finds again at its next decision in the queue.
    """

    invite: int
    number: int
    strategy: str
    agents: tuple[AgentId, ...] = ()
    fault: str = ""
    to: str = "one"
    wait_until: float | None = None
    rejected: str | None = None
    cursor: str = ""


class WaitEnded(Struct, frozen=True, kw_only=True):
    """The time is over for which a strategy wanted nobody asked."""

    invite: int


class InviteEnded(Struct, frozen=True, kw_only=True):
    """The search ended, once, in one of the terminal states."""

    at: float
    sequence: int
    invite: int
    state: InviteState
    agent: AgentId | None = None


class ParticipantJoined(Struct, frozen=True, kw_only=True):
    """An agent came in, by the offer named."""

    at: float
    sequence: int
    agent: AgentId
    display_name: str
    role: ParticipantRole
    media_domain: MediaDomainId
    queue: QueueId | None
    offer: int


class ParticipantLeft(Struct, frozen=True, kw_only=True):
    """An agent went out; his slot comes back in the same record."""

    at: float
    sequence: int
    agent: AgentId
    display_name: str
    role: ParticipantRole
    reason: LeaveReason


class ConversationUnattended(Struct, frozen=True, kw_only=True):
    """Nobody attends the open conversation and nobody is sought (R-L2). `is_asked`: plugins are, before the policy."""

    at: float
    is_asked: bool = False


class UnattendedDecided(Struct, frozen=True, kw_only=True):
    """What plugins said to a conversation that nobody attends: one of them, or none (`plugin` empty)."""

    at: float
    plugin: str = ""
    answer: UnattendedAnswer = UnattendedAnswer.NONE
    queue: QueueId | None = None


class ConversationClosed(Struct, frozen=True, kw_only=True):
    """The conversation ended for good."""

    at: float
    cause: CloseCause
    reason: str = ""


class DeliverySettled(Struct, frozen=True, kw_only=True):
    """A delivery is done, or has failed for good when `error` says why."""

    delivery: int
    external_id: str = ""
    error: str = ""


class DeliveryReceived(Struct, frozen=True, kw_only=True):
    """The channel said how far a delivery came: SENT, DELIVERED, READ or FAILED."""

    delivery: int
    state: str
    error: str = ""


TimelineEvent = (
    MessageSent | WhisperSent | StaffNoticed | InvitePlaced | InviteEnded | ParticipantJoined | ParticipantLeft
)

TranscriptEvent = MessageSent | CustomerNoticed

ConversationEvent = (
    ConversationOpened
    | ChannelSessionOpened
    | ChannelSessionClosed
    | MessageSent
    | WhisperSent
    | StaffNoticed
    | CustomerNoticed
    | InvitePlaced
    | OfferMade
    | OfferEnded
    | InviteParkedAgain
    | StepOpened
    | PauseEnded
    | DecisionAsked
    | DecisionMade
    | WaitEnded
    | InviteEnded
    | ParticipantJoined
    | ParticipantLeft
    | ConversationUnattended
    | UnattendedDecided
    | ConversationClosed
    | DeliverySettled
    | DeliveryReceived
)
