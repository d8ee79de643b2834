"""What happens to an agent."""

from collections.abc import Mapping
from dataclasses import dataclass

from hookflash.engine.domain.values import AgentSettings, Reservation, RevokeReason
from hookflash.sdk.types import ConversationId, MediaDomainId, OfferOutcome

__all__ = [
    "AgentAttached",
    "AgentConfigured",
    "AgentDeleted",
    "AgentDetached",
    "AgentEvent",
    "AgentLoggedOut",
    "ReadinessChanged",
    "ReservationEnded",
    "SlotReleased",
    "SlotReserved",
    "SlotTaken",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentConfigured:
    """An agent was applied. `capacity`: his slots per media domain, resolved; `place`: his order of creation."""

    at: float
    place: int
    settings: AgentSettings
    capacity: Mapping[MediaDomainId, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentDeleted:
    """An agent was taken out of the settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentAttached:
    """A desk opened its stream; `logged_in` says whether that logged the agent in (R-L6)."""

    at: float
    stream: str
    logged_in: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentDetached:
    """The agent's stream ended; he counts as logged out at `grace_until` unless he is back."""

    at: float
    grace_until: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentLoggedOut:
    """The agent is gone."""

    at: float
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadinessChanged:
    """The agent takes offers, or takes none, in the media domains named."""

    at: float
    is_ready: bool
    media_domains: tuple[MediaDomainId, ...]
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotReserved:
    """An open offer took one of the agent's slots."""

    at: float
    reservation: Reservation


@dataclass(frozen=True, slots=True, kw_only=True)
class ReservationEnded:
    """The offer was decided otherwise than by accepting it; the slot is free."""

    at: float
    offer: str
    outcome: OfferOutcome
    reason: RevokeReason = RevokeReason.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotTaken:
    """The offer was accepted; its slot now belongs to the conversation."""

    at: float
    offer: str
    conversation: ConversationId
    media_domain: MediaDomainId


@dataclass(frozen=True, slots=True, kw_only=True)
class SlotReleased:
    """The agent left the conversation; the slot is free."""

    at: float
    conversation: ConversationId


AgentEvent = (
    AgentConfigured
    | AgentDeleted
    | AgentAttached
    | AgentDetached
    | AgentLoggedOut
    | ReadinessChanged
    | SlotReserved
    | ReservationEnded
    | SlotTaken
    | SlotReleased
)
