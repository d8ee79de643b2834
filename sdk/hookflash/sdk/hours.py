"""Opening hours: whether a calendar is open at a time, and until when.

A queue names a calendar; while that is closed, what would be routed there goes to its overflow queue or waits,
unrouted, until either opens.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Protocol, final, runtime_checkable

__all__ = ["HoursProvider", "OpenState"]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class OpenState:
    """Open or closed, `until` the aware time at which that changes (None: not known); `reason` such as a holiday."""

    is_open: bool
    until: datetime | None = None
    reason: str = ""


@runtime_checkable
class HoursProvider(Protocol):
    """Knows calendars; registered as an object. PURE: 50 ms."""

    name: ClassVar[str]

    def calendars(self) -> tuple[str, ...]:
        """Name the calendars it knows."""

    def state(self, calendar: str, now: datetime) -> OpenState:
        """Tell whether the calendar is open at `now` (aware, UTC). Raises KeyError for one it does not know."""
