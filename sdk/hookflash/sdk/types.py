"""The words that engine, plugins and callers share: ids, enums, and the principal.

Everything here is a value: frozen, comparable, without behaviour that could reach the engine.
The domain imports this module and nothing else of the SDK.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

__all__ = [
    "AgentId",
    "AgentState",
    "AttributeId",
    "ChannelId",
    "ConversationId",
    "ConversationState",
    "DeliveryId",
    "ExternalId",
    "InviteId",
    "InviteKind",
    "InviteState",
    "MediaDomainId",
    "OfferOutcome",
    "ParticipantRole",
    "Principal",
    "QueueId",
    "Role",
    "TokenId",
]

AgentId = NewType("AgentId", str)
AttributeId = NewType("AttributeId", str)
ChannelId = NewType("ChannelId", str)
ConversationId = NewType("ConversationId", str)
DeliveryId = NewType("DeliveryId", str)
ExternalId = NewType("ExternalId", str)
InviteId = NewType("InviteId", str)
MediaDomainId = NewType("MediaDomainId", str)
QueueId = NewType("QueueId", str)
TokenId = NewType("TokenId", str)


class Role(StrEnum):
    """What a principal may do at all; a method names the roles that may call it (R-G12)."""

    VIEWER = "VIEWER"
    AGENT = "AGENT"
    SUPERVISOR = "SUPERVISOR"
    SERVICE = "SERVICE"
    ADAPTER = "ADAPTER"
    ADMIN = "ADMIN"


class ParticipantRole(StrEnum):
    """What somebody is in one conversation."""

    CUSTOMER = "CUSTOMER"
    PRIMARY = "PRIMARY"
    ASSISTANT = "ASSISTANT"
    MONITOR = "MONITOR"
    BOT = "BOT"


class InviteKind(StrEnum):
    """Why an agent is sought."""

    ROUTE = "ROUTE"
    TRANSFER = "TRANSFER"
    CONFERENCE = "CONFERENCE"
    CONSULT = "CONSULT"


class InviteState(StrEnum):
    """Where an invite stands; the last six are terminal and each invite reaches exactly one of them."""

    PARKED = "PARKED"
    OFFERED = "OFFERED"
    ACCEPTED = "ACCEPTED"
    NO_AGENT = "NO_AGENT"
    DECLINED = "DECLINED"
    CANCELLED = "CANCELLED"
    CUSTOMER_LEFT = "CUSTOMER_LEFT"
    CLOSED = "CLOSED"


class OfferOutcome(StrEnum):
    """How an offer ended; OPEN until then."""

    OPEN = "OPEN"
    ACCEPTED = "ACCEPTED"
    DECLINED = "DECLINED"
    MISSED = "MISSED"
    REVOKED = "REVOKED"


class ConversationState(StrEnum):
    """A conversation's state, derived from its facts and never stored (domain section 5)."""

    QUEUED = "QUEUED"
    ACTIVE = "ACTIVE"
    UNATTENDED = "UNATTENDED"
    CUSTOMER_LEFT = "CUSTOMER_LEFT"
    CLOSED = "CLOSED"


class AgentState(StrEnum):
    """An agent's state in one media domain, derived from facts by the first row that fits (domain section 4)."""

    LOGGED_OUT = "LOGGED_OUT"
    NOT_READY = "NOT_READY"
    READY = "READY"
    RESERVED = "RESERVED"
    ACTIVE = "ACTIVE"
    BUSY = "BUSY"
    PENDING_NOT_READY = "PENDING_NOT_READY"
    INTERRUPTED = "INTERRUPTED"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls: a subject such as `agents/ann` or `services/crm`, and the role its credential gives it.

    `agents` narrows a SERVICE to the agents it may act for (empty: all); `channel` binds an ADAPTER.
    """

    role: Role
    subject: str
    agents: tuple[AgentId, ...] = ()
    channel: ChannelId | None = None

    @property
    def key(self) -> str:
        """Role and subject: what a request_id is remembered under, whichever token was used."""
        return f"{self.role}:{self.subject}"
