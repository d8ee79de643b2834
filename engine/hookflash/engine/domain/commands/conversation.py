"""What is asked of a conversation: by people and channels, by agents and the matching, and by time."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from hookflash.engine.domain.changed import quick
from hookflash.engine.domain.values import (
    CloseCause,
    Customer,
    Filtering,
    LeaveReason,
    RevokeReason,
    Target,
    UnattendedAnswer,
)
from hookflash.sdk.messages import Choice, Media, Template
from hookflash.sdk.types import AgentId, ChannelId, InviteKind, QueueId


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenConversation:
    """Begin. With `text` the customer said that first; with a target, or the channel's queue, it is routed at once.

    `choice_id` is the choice that he picked, whose title is the text. `chosen_by` is the plugin that chose the target.
    `closed` is the queue that it would go to and that is closed by its hours: nobody is sought.
    """

    channel: ChannelId
    address: str
    customer: Customer
    attributes: Mapping[str, str] = field(default_factory=dict)
    target: Target | None = None
    priority: int | None = None
    ttl_s: float | None = None
    text: str | None = None
    filtering: Filtering = Filtering.NONE
    choice_id: str = ""
    chosen_by: str = ""
    closed: QueueId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiveMessage:
    """The customer said something; `filtering` is what text filters did to it, `choice_id` the choice he picked."""

    text: str
    filtering: Filtering = Filtering.NONE
    choice_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordEcho:
    """Somebody of ours wrote to the customer in the provider's own inbox, past the engine."""

    text: str
    filtering: Filtering = Filtering.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class EndSession:
    """The customer's ChannelSession ended (R-L4)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendMessage:
    """An agent says something to everybody; with a template, `text` is what that says, with media their caption."""

    agent: AgentId
    text: str
    choices: tuple[Choice, ...] = ()
    template: Template | None = None
    media: Media | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SendWhisper:
    """An agent says something to the agents."""

    agent: AgentId
    text: str


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceInvite:
    """Transfer, conference or route. `agent` is the acting agent; None only for ROUTE."""

    kind: InviteKind
    agent: AgentId | None
    target: Target
    note: str | None = None
    ttl_s: float | None = None
    priority: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelInvite:
    """Withdraw the invite. `agent` is the acting agent; None where a service or supervisor acts."""

    number: int
    agent: AgentId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptOffer:
    """Take the offer. `agent`, where given, must be the one it was made to."""

    number: int
    agent: AgentId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclineOffer:
    """Refuse the offer."""

    number: int
    agent: AgentId | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """An agent leaves of his own will."""

    agent: AgentId


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    """End the conversation. `agent` is the acting agent; None where a service or supervisor acts."""

    agent: AgentId | None
    cause: CloseCause
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleDelivery:
    """A delivery is done, or failed for good where `error` says why."""

    delivery: int
    external_id: str = ""
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordReceipt:
    """The channel reports SENT, DELIVERED, READ or FAILED."""

    delivery: int
    state: str
    error: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoseAgent:
    """The agent logged out or did not come back in time (R-L7)."""

    agent: AgentId
    reason: LeaveReason


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class MakeOffer:
    """Matching found a candidate for the parked invite."""

    number: int
    agent: AgentId
    agent_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RevokeOffer:
    """The offer's agent cannot take it any more. `is_missed`: his grace was over (MISSED), else REVOKED."""

    number: int
    reason: RevokeReason
    is_missed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AskStrategy:
    """Ask a strategy that is not bundled, outside the cascade; it has until `until`."""

    number: int
    strategy: str
    until: float


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerDecision:
    """The strategy answered, or `fault` says why not; see the event DecisionMade for what it may say.

    `decision` is the number under which it was asked, 0 where it was asked in this very turn. `choices` are the
    candidates to whom its answer leads, each with his name: none, one, or several at once.
    """

    number: int
    decision: int
    strategy: str
    agents: tuple[AgentId, ...] = ()
    fault: str = ""
    to: str = "one"
    wait_until: float | None = None
    rejected: str | None = None
    cursor: str = ""
    choices: tuple[tuple[AgentId, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EndInvite:
    """The invite's ttl is over."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EndOffer:
    """The offer's time is over. `is_overdue`: it ran out while the engine was down (R-O9)."""

    number: int
    is_overdue: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenStep:
    """The time of the steps before is over."""

    number: int
    step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EndPause:
    """The agent may be asked again."""

    number: int
    agent: AgentId


@dataclass(frozen=True, slots=True, kw_only=True)
class EndDecision:
    """The strategy's time is over."""

    number: int
    decision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class EndWait:
    """The time is over for which a strategy wanted nobody asked."""

    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AskUnattended:
    """It is time to ask plugins once more what becomes of the unattended conversation: there was no answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideUnattended:
    """Plugins were asked what becomes of the unattended conversation; `plugin` empty: none has an opinion."""

    plugin: str = ""
    answer: UnattendedAnswer = UnattendedAnswer.NONE
    queue: QueueId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteAfterHours:
    """Who came while his queue was closed is sought for in `queue`, which is open now."""

    queue: QueueId


ConversationTimer = EndInvite | EndOffer | OpenStep | EndPause | EndDecision | EndWait | AskUnattended
OfferCommand = (
    AcceptOffer | DeclineOffer | RevokeOffer | CancelInvite | AskStrategy | AnswerDecision | ConversationTimer
)
ConversationCommand = (
    OpenConversation
    | ReceiveMessage
    | RecordEcho
    | EndSession
    | SendMessage
    | SendWhisper
    | PlaceInvite
    | MakeOffer
    | Leave
    | Close
    | SettleDelivery
    | RecordReceipt
    | LoseAgent
    | DecideUnattended
    | RouteAfterHours
    | OfferCommand
)
