"""What is asked of a conversation: by people and channels, by agents and the matching, and by time."""

from collections.abc import Mapping

from hookflash.engine.domain.struct import Struct, field
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


class OpenConversation(Struct, frozen=True, kw_only=True):
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


class ReceiveMessage(Struct, frozen=True, kw_only=True):
    """The customer said something; `filtering` is what text filters did to it, `choice_id` the choice he picked."""

    text: str
    filtering: Filtering = Filtering.NONE
    choice_id: str = ""


class RecordEcho(Struct, frozen=True, kw_only=True):
    """Somebody of ours wrote to the customer in the provider's own inbox, past the engine."""

    text: str
    filtering: Filtering = Filtering.NONE


class EndSession(Struct, frozen=True, kw_only=True):
    """The customer's ChannelSession ended (R-L4)."""


class SendMessage(Struct, frozen=True, kw_only=True):
    """An agent says something to everybody; with a template, `text` is what that says, with media their caption."""

    agent: AgentId
    text: str
    choices: tuple[Choice, ...] = ()
    template: Template | None = None
    media: Media | None = None


class SendWhisper(Struct, frozen=True, kw_only=True):
    """An agent says something to the agents."""

    agent: AgentId
    text: str


class PlaceInvite(Struct, frozen=True, kw_only=True):
    """Transfer, conference or route. `agent` is the acting agent; None only for ROUTE."""

    kind: InviteKind
    agent: AgentId | None
    target: Target
    note: str | None = None
    ttl_s: float | None = None
    priority: int | None = None


class CancelInvite(Struct, frozen=True, kw_only=True):
    """Withdraw the invite. `agent` is the acting agent; None where a service or supervisor acts."""

    number: int
    agent: AgentId | None = None


class AcceptOffer(Struct, frozen=True, kw_only=True):
    """Take the offer. `agent`, where given, must be the one it was made to."""

    number: int
    agent: AgentId | None = None


class DeclineOffer(Struct, frozen=True, kw_only=True):
    """Refuse the offer."""

    number: int
    agent: AgentId | None = None
    reason: str = ""


class Leave(Struct, frozen=True, kw_only=True):
    """An agent leaves of his own will."""

    agent: AgentId


class Close(Struct, frozen=True, kw_only=True):
    """End the conversation. `agent` is the acting agent; None where a service or supervisor acts."""

    agent: AgentId | None
    cause: CloseCause
    reason: str = ""


class SettleDelivery(Struct, frozen=True, kw_only=True):
    """A delivery is done, or failed for good where `error` says why."""

    delivery: int
    external_id: str = ""
    error: str = ""


class RecordReceipt(Struct, frozen=True, kw_only=True):
    """The channel reports SENT, DELIVERED, READ or FAILED."""

    delivery: int
    state: str
    error: str = ""


class LoseAgent(Struct, frozen=True, kw_only=True):
    """The agent logged out or did not come back in time (R-L7)."""

    agent: AgentId
    reason: LeaveReason


class MakeOffer(Struct, frozen=True, kw_only=True):
    """Matching found a candidate for the parked invite."""

    number: int
    agent: AgentId
    agent_name: str


class RevokeOffer(Struct, frozen=True, kw_only=True):
    """The offer's agent cannot take it any more. `is_missed`: his grace was over (MISSED), else REVOKED."""

    number: int
    reason: RevokeReason
    is_missed: bool = False


class AskStrategy(Struct, frozen=True, kw_only=True):
    """Ask a strategy that is not bundled, outside the cascade; it has until `until`."""

    number: int
    strategy: str
    until: float


class AnswerDecision(Struct, frozen=True, kw_only=True):
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


class EndInvite(Struct, frozen=True, kw_only=True):
    """The invite's ttl is over."""

    number: int


class EndOffer(Struct, frozen=True, kw_only=True):
    """The offer's time is over. `is_overdue`: it ran out while the engine was down (R-O9)."""

    number: int
    is_overdue: bool = False


class OpenStep(Struct, frozen=True, kw_only=True):
    """The time of the steps before is over."""

    number: int
    step: int


class EndPause(Struct, frozen=True, kw_only=True):
    """The agent may be asked again."""

    number: int
    agent: AgentId


class EndDecision(Struct, frozen=True, kw_only=True):
    """The strategy's time is over."""

    number: int
    decision: int


class EndWait(Struct, frozen=True, kw_only=True):
    """The time is over for which a strategy wanted nobody asked."""

    number: int


class AskUnattended(Struct, frozen=True, kw_only=True):
    """It is time to ask plugins once more what becomes of the unattended conversation: there was no answer."""


class DecideUnattended(Struct, frozen=True, kw_only=True):
    """Plugins were asked what becomes of the unattended conversation; `plugin` empty: none has an opinion."""

    plugin: str = ""
    answer: UnattendedAnswer = UnattendedAnswer.NONE
    queue: QueueId | None = None


class RouteAfterHours(Struct, frozen=True, kw_only=True):
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
