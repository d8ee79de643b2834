"""What happens to an agent."""

from collections.abc import Mapping

from hookflash.engine.domain.struct import Struct
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


class AgentConfigured(Struct, frozen=True, kw_only=True):
    """An agent was applied. `capacity`: his slots per media domain, resolved; `place`: his order of creation."""

    at: float
    place: int
    settings: AgentSettings
    capacity: Mapping[MediaDomainId, int]


class AgentDeleted(Struct, frozen=True, kw_only=True):
    """An agent was taken out of the settings."""


class AgentAttached(Struct, frozen=True, kw_only=True):
    """A desk opened its stream; `logged_in` says whether that logged the agent in (R-L6)."""

    at: float
    stream: str
    logged_in: bool


class AgentDetached(Struct, frozen=True, kw_only=True):
    """The agent's stream ended; he counts as logged out at `grace_until` unless he is back."""

    at: float
    grace_until: float


class AgentLoggedOut(Struct, frozen=True, kw_only=True):
    """The agent is gone."""

    at: float
    reason: str = ""


class ReadinessChanged(Struct, frozen=True, kw_only=True):
    """The agent takes offers, or takes none, in the media domains named."""

    at: float
    is_ready: bool
    media_domains: tuple[MediaDomainId, ...]
    reason: str = ""


class SlotReserved(Struct, frozen=True, kw_only=True):
    """An open offer took one of the agent's slots."""

    at: float
    reservation: Reservation


class ReservationEnded(Struct, frozen=True, kw_only=True):
    """The offer was decided otherwise than by accepting it; the slot is free."""

    at: float
    offer: str
    outcome: OfferOutcome
    reason: RevokeReason = RevokeReason.NONE


class SlotTaken(Struct, frozen=True, kw_only=True):
    """The offer was accepted; its slot now belongs to the conversation."""

    at: float
    offer: str
    conversation: ConversationId
    media_domain: MediaDomainId


class SlotReleased(Struct, frozen=True, kw_only=True):
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
