"""Engine time: the wall clock read once at boot, then monotonic, never behind what the journal has seen.

A wall clock that jumps while the engine runs moves no deadline (R-O9). Nothing else in the engine reads a clock.
"""

import asyncio
import time
from bisect import insort
from collections.abc import Callable
from itertools import count
from typing import Protocol

__all__ = ["Clock", "ManualClock", "SystemClock"]

Cancel = Callable[[], None]


class Clock(Protocol):
    """Tells the time in seconds since the Unix epoch, and wakes."""

    def now(self) -> float:
        """The engine time."""

    def wake_at(self, when: float, callback: Callable[[], None]) -> Cancel:
        """Call back once, not before that time; the answer calls it off."""


class SystemClock:
    """The clock of a running engine; made on the event loop that it wakes."""

    def __init__(self, not_before: float = 0.0) -> None:
        """Start at the wall clock's time, or at the journal's last where that is later."""
        self._loop = asyncio.get_running_loop()
        self._offset = max(time.time(), not_before) - time.monotonic()

    def now(self) -> float:
        """The engine time."""
        return time.monotonic() + self._offset

    def wake_at(self, when: float, callback: Callable[[], None]) -> Cancel:
        """Call back on the loop."""
        delay_s = max(0.0, when - self.now())
        return self._loop.call_later(delay_s, callback).cancel


class ManualClock:
    """A clock that stands still until it is told to go on: tests and simulation."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        """Stand at that time."""
        self._now = now
        self._order = count()
        self._alarms: list[tuple[float, int, Callable[[], None]]] = []

    def now(self) -> float:
        """The time it stands at."""
        return self._now

    def wake_at(self, when: float, callback: Callable[[], None]) -> Cancel:
        """Call back when `advance` or `ring` finds the time come."""
        alarm = (when, next(self._order), callback)
        insort(self._alarms, alarm, key=lambda each: each[:2])

        def cancel() -> None:
            if alarm in self._alarms:
                self._alarms.remove(alarm)

        return cancel

    def set(self, now: float) -> None:
        """Stand at that time without waking anybody yet."""
        self._now = max(self._now, now)

    def ring(self) -> bool:
        """Wake the first one whose time has come; False where there is none."""
        if not self._alarms or self._alarms[0][0] > self._now:
            return False
        self._alarms.pop(0)[2]()
        return True

    def advance(self, seconds: float) -> None:
        """Go on, stopping at each alarm on the way."""
        until = self._now + seconds
        while self._alarms and self._alarms[0][0] <= until:
            self._now = max(self._now, self._alarms[0][0])
            self.ring()
        self._now = until
