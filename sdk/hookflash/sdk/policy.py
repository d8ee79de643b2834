"""What the hooks are shown that may turn a conversation one way or another, and what they answer.

`hookflash_choose_queue`, `hookflash_unattended` and `hookflash_deny` see values only; what they answer is recorded, so
a replay asks nobody.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, final

from hookflash.sdk.types import AgentId, ChannelId, ConversationId, MediaDomainId, QueueId

__all__ = [
    "ArrivalView",
    "Close",
    "ConversationView",
    "Denial",
    "LeaveOpen",
    "QueueChoice",
    "ResourceRef",
    "RouteTo",
    "UnattendedAnswer",
]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivalView:
    """A first message that opens a conversation: where it came in, from whom, and what it says."""

    channel: ChannelId
    kind: str
    media_domain: MediaDomainId
    address: str
    text: str
    customer_name: str = ""
    queue: QueueId | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class QueueChoice:
    """A queue that could be chosen, with its counts as ListQueues gives them; `is_open` by its calendar."""

    id: QueueId
    display_name: str
    media_domain: MediaDomainId
    available: int
    waiting: int
    is_open: bool = True


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationView:
    """A conversation that nobody attends any more: facts, never a text."""

    id: ConversationId
    channel: ChannelId
    media_domain: MediaDomainId
    opened_at: float
    transfers: int = 0
    last_queue: QueueId | None = None
    former_agents: tuple[AgentId, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)


@final
@dataclass(frozen=True, slots=True)
class LeaveOpen:
    """Leave it open, unattended."""


@final
@dataclass(frozen=True, slots=True)
class RouteTo:
    """Place a ROUTE invite to this queue."""

    queue: QueueId


@final
@dataclass(frozen=True, slots=True)
class Close:
    """Close it."""


UnattendedAnswer: TypeAlias = LeaveOpen | RouteTo | Close


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceRef:
    """What a verb is about: the names in the request by field, `name agent channel conversation target`; no text."""

    names: Mapping[str, str] = field(default_factory=dict)


@final
@dataclass(frozen=True, slots=True)
class Denial:
    """No: DENIED_BY_POLICY. `reason` goes to the audit log, never to the caller."""

    reason: str
