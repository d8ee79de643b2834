"""What is asked of an agent: by himself, by the conversations that hold his slots, and by time."""

from collections.abc import Mapping
from dataclasses import dataclass

from hookflash.engine.domain.values import AgentSettings, Reservation, RevokeReason
from hookflash.sdk.types import ConversationId, MediaDomainId, OfferOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigureAgent:
    """Apply these settings; `capacity` is resolved for every media domain."""

    settings: AgentSettings
    capacity: Mapping[MediaDomainId, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteAgent:
    """Take the agent out of the settings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attach:
    """A desk opened a stream."""

    stream: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Detach:
    """That stream ended. None: whichever it was (the engine was started anew)."""

    stream: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetReadiness:
    """Take offers or none, in one media domain or (None) in all."""

    is_ready: bool
    media_domain: MediaDomainId | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Logout:
    """Log the agent out, from whatever state (R-A1)."""

    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reserve:
    """Hold one slot for an offer. Refused where the agent is not available (R-T7, R-A2)."""

    reservation: Reservation


@dataclass(frozen=True, slots=True, kw_only=True)
class EndReservation:
    """The offer was decided otherwise than by accepting it."""

    offer: str
    outcome: OfferOutcome
    reason: RevokeReason = RevokeReason.NONE


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeSlot:
    """The offer was accepted: its slot is the conversation's now."""

    offer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseSlot:
    """The agent is out of the conversation."""

    conversation: ConversationId


@dataclass(frozen=True, slots=True, kw_only=True)
class EndGrace:
    """The disconnect grace is over (R-L7)."""


AgentCommand = (
    ConfigureAgent
    | DeleteAgent
    | Attach
    | Detach
    | SetReadiness
    | Logout
    | Reserve
    | EndReservation
    | TakeSlot
    | ReleaseSlot
    | EndGrace
)
