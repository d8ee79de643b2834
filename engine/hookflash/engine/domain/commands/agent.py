"""What is asked of an agent: by himself, by the conversations that hold his slots, and by time."""

from collections.abc import Mapping

from hookflash.engine.domain.struct import Struct
from hookflash.engine.domain.values import AgentSettings, Reservation, RevokeReason
from hookflash.sdk.types import ConversationId, MediaDomainId, OfferOutcome


class ConfigureAgent(Struct, frozen=True, kw_only=True):
    """Apply these settings; `capacity` is resolved for every media domain."""

    settings: AgentSettings
    capacity: Mapping[MediaDomainId, int]


class DeleteAgent(Struct, frozen=True, kw_only=True):
    """Take the agent out of the settings."""


class Attach(Struct, frozen=True, kw_only=True):
    """A desk opened a stream."""

    stream: str


class Detach(Struct, frozen=True, kw_only=True):
    """That stream ended. None: whichever it was (the engine was started anew)."""

    stream: str | None


class SetReadiness(Struct, frozen=True, kw_only=True):
    """Take offers or none, in one media domain or (None) in all."""

    is_ready: bool
    media_domain: MediaDomainId | None = None
    reason: str = ""


class Logout(Struct, frozen=True, kw_only=True):
    """Log the agent out, from whatever state (R-A1)."""

    reason: str = ""


class Reserve(Struct, frozen=True, kw_only=True):
    """Hold one slot for an offer. Refused where the agent is not available (R-T7, R-A2)."""

    reservation: Reservation


class EndReservation(Struct, frozen=True, kw_only=True):
    """The offer was decided otherwise than by accepting it."""

    offer: str
    outcome: OfferOutcome
    reason: RevokeReason = RevokeReason.NONE


class TakeSlot(Struct, frozen=True, kw_only=True):
    """The offer was accepted: its slot is the conversation's now."""

    offer: str


class ReleaseSlot(Struct, frozen=True, kw_only=True):
    """The agent is out of the conversation."""

    conversation: ConversationId


class EndGrace(Struct, frozen=True, kw_only=True):
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
