"""Every limit and default of the engine, with its unit and the range it may be set to.

`settings.py` fills it from file, environment and flags, and checks the ranges; a rule reads it and never asks where a
value came from. Durations are in seconds, lengths of text in code points, sizes in bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

__all__ = ["DURATION_MAX_S", "RANGE", "Limits", "Range", "UnattendedPolicy"]

DURATION_MAX_S: Final = 30 * 24 * 3600.0
"""No duration may be longer: 30 days."""

RANGE: Final = "range"
"""Where a numeric field's `Range` is found in the metadata of its dataclass field."""

_COUNT_MAX: Final = 1_000_000
_BYTES_MAX: Final = 64 * 1024 * 1024


class UnattendedPolicy(StrEnum):
    """What is done with a conversation that nobody attends any more (R-L2)."""

    LEAVE = "LEAVE"
    CLOSE = "CLOSE"
    QUEUE = "QUEUE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """The numbers that a setting may be: whole ones from `low` to `high`, or a duration above 0 and up to `high`."""

    low: float
    high: float
    unit: str
    is_duration: bool = False

    def holds(self, value: float) -> bool:
        """Whether the value lies within; not a number and infinity never do."""
        return self.low < value <= self.high if self.is_duration else self.low <= value <= self.high

    def __str__(self) -> str:
        """Return the range as words that follow "must be"."""
        if self.is_duration:
            return f"more than {self.low:,g} and at most {self.high:,.0f} {self.unit}"
        return f"a whole number from {self.low:,.0f} to {self.high:,.0f} ({self.unit})"


def _seconds(default: float) -> float:
    return field(default=default, metadata={RANGE: Range(low=0, high=DURATION_MAX_S, unit="seconds", is_duration=True)})


def _count(default: int, unit: str, *, low: int = 1, high: int = _COUNT_MAX) -> int:
    return field(default=default, metadata={RANGE: Range(low=low, high=high, unit=unit)})


def _priority(default: int) -> int:
    return field(default=default, metadata={RANGE: Range(low=1, high=10, unit="priority")})


def _capacity() -> Mapping[str, int]:
    return {"chat": 3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The engine's defaults and limits (domain section 10, guarantees 8.6); a queue's or agent's own setting wins."""

    # Offers and invites.
    offer_timeout_s: float = _seconds(30)
    ttl_s: float = _seconds(300)
    reoffer_pause_s: float = _seconds(10)
    misses_max: int = _count(0, "misses", low=0)
    route_priority: int = _priority(1)
    invite_priority: int = _priority(10)
    queue_priority: int = _priority(1)
    waiting_max: int = _count(100_000, "invites")
    steps_per_queue_max: int = _count(10, "steps", high=100)

    # Agents.
    disconnect_grace_s: float = _seconds(30)
    capacity: Mapping[str, int] = field(default_factory=_capacity)

    # Conversations.
    note_length_max: int = _count(1_000, "characters", high=100_000)
    message_length_max: int = _count(4_096, "characters", high=100_000)
    agents_per_conversation_max: int = _count(8, "agents", high=1_000)
    transfers_per_conversation_max: int = _count(32, "transfers")
    on_unattended: UnattendedPolicy = UnattendedPolicy.LEAVE
    on_unattended_queue: str | None = None
    is_history_visible: bool = True

    # Repeats and deliveries.
    request_id_kept_s: float = _seconds(604_800)
    delivery_timeout_s: float = _seconds(60)

    # The edge: what is refused before anything is decided.
    grpc_message_bytes_max: int = _count(1024 * 1024, "bytes", low=16 * 1024, high=_BYTES_MAX)
    webhook_body_bytes_max: int = _count(4 * 1024 * 1024, "bytes", low=1024, high=_BYTES_MAX)
    streams_per_principal_max: int = _count(100, "streams")
    streams_per_service_max: int = _count(10_000, "streams")
    unary_calls_max: int = _count(512, "calls", high=100_000)
    mailbox_size_max: int = _count(1_000, "commands")
    customer_commands_per_s_max: int = _count(5, "commands a second")
    agent_commands_per_s_max: int = _count(50, "commands a second")
    command_burst_max: int = _count(100, "commands")
    stream_buffer_events_max: int = _count(1_000, "events")
    page_size_max: int = _count(1_000, "entries", high=10_000)
    explain_records_max: int = _count(100_000, "records", high=1_000_000_000)

    def capacity_of(self, media_domain: str) -> int:
        """Return how many slots an agent has in a media domain unless he has his own number: 1 where none is set."""
        return self.capacity.get(media_domain, 1)
