"""The values that states, commands and events are made of.

Frozen and comparable, built of plain data only, so that every one of them can be journaled as it is.
All times are seconds of engine time (Unix epoch), all durations seconds.
"""

from collections.abc import Mapping
from enum import StrEnum

from hookflash.engine.domain.struct import Struct, field
from hookflash.sdk.types import (
    AgentId,
    AttributeId,
    ChannelId,
    ConversationId,
    InviteKind,
    InviteState,
    MediaDomainId,
    OfferOutcome,
    ParticipantRole,
    QueueId,
    Role,
)

__all__ = [
    "CHAT",
    "AgentSettings",
    "AttributeKind",
    "AttributeSettings",
    "ChannelSession",
    "ChannelSettings",
    "CloseCause",
    "Customer",
    "Decision",
    "Filtering",
    "Invite",
    "LeaveReason",
    "MediaDomainSettings",
    "Offer",
    "Participant",
    "PastOffer",
    "QueueSettings",
    "Reservation",
    "RevokeReason",
    "Served",
    "Step",
    "Talking",
    "Target",
    "TokenSettings",
    "Tried",
    "UnattendedAnswer",
    "offer_id",
]

_OPEN = (InviteState.PARKED, InviteState.OFFERED)

CHAT = MediaDomainId("chat")
"""The media domain that is there from the start."""


class LeaveReason(StrEnum):
    """Why a participant left."""

    LEFT = "LEFT"
    TRANSFERRED = "TRANSFERRED"
    LOGGED_OUT = "LOGGED_OUT"
    DISCONNECTED = "DISCONNECTED"
    REMOVED = "REMOVED"
    CLOSED = "CLOSED"


class CloseCause(StrEnum):
    """Who or what closed a conversation (domain section 5)."""

    CUSTOMER = "CUSTOMER"
    AGENT = "AGENT"
    SUPERVISOR = "SUPERVISOR"
    SERVICE = "SERVICE"
    INACTIVITY = "INACTIVITY"
    NETWORK = "NETWORK"
    FORCE_CLOSED = "FORCE_CLOSED"


class RevokeReason(StrEnum):
    """Why an open offer was taken back, or did not come to an answer."""

    NONE = ""
    NOT_READY = "NOT_READY"
    LOGGED_OUT = "LOGGED_OUT"
    DISCONNECTED = "DISCONNECTED"
    INVITE_ENDED = "INVITE_ENDED"
    CONVERSATION_CLOSED = "CONVERSATION_CLOSED"
    ENGINE_DOWN = "ENGINE_DOWN"


class Filtering(StrEnum):
    """What the text filters did to what a customer wrote, before it was recorded."""

    NONE = ""
    REDACTED = "REDACTED"
    WITHHELD = "WITHHELD"
    """It was blocked: other words stand in its place."""
    UNFILTERED = "UNFILTERED"
    """A filter failed, and it is there as it came."""


class UnattendedAnswer(StrEnum):
    """What a plugin says becomes of a conversation that nobody attends; NONE: it has no opinion."""

    NONE = ""
    LEAVE_OPEN = "LEAVE_OPEN"
    ROUTE = "ROUTE"
    CLOSE = "CLOSE"


class AttributeKind(StrEnum):
    """What an agent attribute holds: 0 or 1, or a level of 1 to 10 (0 when absent)."""

    BOOLEAN = "BOOLEAN"
    PROFICIENCY = "PROFICIENCY"


class Target(Struct, frozen=True, kw_only=True):
    """Where an invite goes: to a queue or to one named agent, exactly one of them (R-G2)."""

    queue: QueueId | None = None
    agent: AgentId | None = None


class Customer(Struct, frozen=True, kw_only=True):
    """What is known of the customer; `is_identified` says whether the name is more than the channel's guess."""

    display_name: str = ""
    is_identified: bool = False
    profile: Mapping[str, str] = field(default_factory=dict)


class ChannelSession(Struct, frozen=True, kw_only=True):
    """The customer's connection through one channel inside a conversation."""

    number: int
    channel: ChannelId
    address: str
    opened_at: float
    closed_at: float | None = None


class Participant(Struct, frozen=True, kw_only=True):
    """An agent in a conversation. `queue` is the queue of the invite by which he came (R-L8)."""

    agent: AgentId
    display_name: str
    role: ParticipantRole
    media_domain: MediaDomainId
    joined_at: float
    queue: QueueId | None = None


class Offer(Struct, frozen=True, kw_only=True):
    """An invite shown to one agent, numbered within its conversation from 1."""

    number: int
    agent: AgentId
    agent_name: str
    made_at: float
    expire_at: float


class PastOffer(Struct, frozen=True, kw_only=True):
    """What became of an offer; `outcome` is OPEN while it is open."""

    agent: AgentId
    invite: int
    outcome: OfferOutcome = OfferOutcome.OPEN


class Tried(Struct, frozen=True, kw_only=True):
    """How often an agent was offered this invite, and until when he is not asked again (R-O4)."""

    agent: AgentId
    count: int
    paused_until: float | None = None


class Decision(Struct, frozen=True, kw_only=True):
    """A strategy that is not bundled was asked; `until` is when the default decides instead (R-Q8)."""

    number: int
    strategy: str
    until: float


class Invite(Struct, frozen=True, kw_only=True):
    """One open search for an agent on behalf of a conversation, numbered within it from 1.

    `placement` numbers placements over the whole shard; `steps_at` are the times at which steps 2, 3, ... open;
    `step` is how many are open; `priority` is the present one (11 once it was offered and came back). `offers` are the
    open ones: one, unless a Strategy offered to several at once (R-O1), which counts as one of the `attempts`.
    `wait_until`: a Strategy wants nobody asked before then, unless the candidates change.
    """

    number: int
    kind: InviteKind
    target: Target
    target_name: str
    media_domain: MediaDomainId
    requester: AgentId | None
    requester_name: str
    note: str | None
    priority: int
    placement: int
    placed_at: float
    expire_at: float
    offer_timeout_s: float
    session: int
    steps_at: tuple[float, ...] = ()
    step: int = 1
    state: InviteState = InviteState.PARKED
    offers: tuple[Offer, ...] = ()
    attempts: int = 0
    tried: tuple[Tried, ...] = ()
    decision: Decision | None = None
    wait_until: float | None = None
    agent: AgentId | None = None
    revision: int = 1

    @property
    def is_open(self) -> bool:
        """Whether the search goes on."""
        return self.state in _OPEN

    @property
    def offer(self) -> Offer | None:
        """The open offer; the first of them where there are several."""
        return self.offers[0] if self.offers else None

    def offer_of(self, number: int) -> Offer | None:
        """The open offer of that number."""
        return next((offer for offer in self.offers if offer.number == number), None)

    def tried_of(self, agent: AgentId) -> Tried | None:
        """The earlier offers of this invite to that agent, if there were any."""
        return next((tried for tried in self.tried if tried.agent == agent), None)


class Reservation(Struct, frozen=True, kw_only=True):
    """An open offer as the agent's own facts hold it: it takes one slot until it is decided. `queue`: whose it is."""

    offer: str
    conversation: ConversationId
    media_domain: MediaDomainId
    queue: QueueId | None = None


class Talking(Struct, frozen=True, kw_only=True):
    """Since when an agent has a conversation that came to him through that queue."""

    queue: QueueId
    since: float


class Served(Struct, frozen=True, kw_only=True):
    """What an agent did for one queue: when he was last offered something and last finished, and what that day.

    `handled` and `talk_s` (seconds) are those of the UTC day `day`, counted in days since 1970, on which he last
    finished; a conversation counts when it is over for him.
    """

    offered_at: float | None = None
    finished_at: float | None = None
    day: int = 0
    handled: int = 0
    talk_s: float = 0.0


def offer_id(conversation: str, number: int) -> str:
    """An offer's id. It contains its conversation's, so that even a late answer finds its judge."""
    return f"{conversation}~{number}"


class Step(Struct, frozen=True, kw_only=True):
    """One stage of a queue's search: an expression over agent attributes, and how long it is tried alone."""

    expression: str = ""
    wait_s: float = 0.0


class QueueSettings(Struct, frozen=True, kw_only=True):
    """A queue as applied (R-Q1). None stands for the engine's default."""

    id: QueueId
    display_name: str = ""
    media_domain: MediaDomainId = CHAT
    priority: int = 1
    strategy: str = "longest_available"
    strategy_options: Mapping[str, str] = field(default_factory=dict)
    offer_timeout_s: float | None = None
    ttl_s: float | None = None
    waiting_max: int | None = None
    steps: tuple[Step, ...] = ()
    overflow: QueueId | None = None
    calendar: str = ""
    locale: str = ""
    ordering: str = ""

    @property
    def name(self) -> str:
        """What people see: the display name, or the id where none is set (D-15)."""
        return self.display_name or self.id


class AgentSettings(Struct, frozen=True, kw_only=True):
    """An agent as applied. `capacity` overrides media domains' defaults; `queues` narrows, empty means all."""

    id: AgentId
    display_name: str = ""
    capacity: Mapping[MediaDomainId, int] = field(default_factory=dict)
    attributes: Mapping[AttributeId, int] = field(default_factory=dict)
    queues: tuple[QueueId, ...] = ()

    @property
    def name(self) -> str:
        """What people see."""
        return self.display_name or self.id


class Abilities(Struct, frozen=True, kw_only=True):
    """What a channel carries, and for how long he may be answered.

    `rejected` is what it does not, of "text", "choice", "template", and of "image", "audio", "video" and "file".
    """

    rejected: frozenset[str] = frozenset()
    reply_window_s: float | None = None


class ChannelSettings(Struct, frozen=True, kw_only=True):
    """A channel as applied. A secret setting holds a reference, `env:NAME` or `file:PATH`, never the secret."""

    id: ChannelId
    kind: str = ""
    is_external: bool = False
    queue: QueueId | None = None
    media_domain: MediaDomainId = CHAT
    settings: Mapping[str, str] = field(default_factory=dict)
    locale: str = ""


class AttributeSettings(Struct, frozen=True, kw_only=True):
    """An agent attribute; declared before it is used (R-Q2)."""

    id: AttributeId
    kind: AttributeKind = AttributeKind.PROFICIENCY


class MediaDomainSettings(Struct, frozen=True, kw_only=True):
    """A media domain and the slots that an agent has in it unless his own settings say otherwise."""

    id: MediaDomainId
    capacity: int = 1


class TokenSettings(Struct, frozen=True, kw_only=True):
    """A token as stored: its secret only as a SHA-256 digest (guarantees section 8)."""

    id: str
    subject: str
    role: Role
    digest: bytes
    created_at: float
    agents: tuple[AgentId, ...] = ()
    channel: ChannelId | None = None
    expire_at: float | None = None
