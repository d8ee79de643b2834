"""What must happen by a certain time, and whether it did (I8).

A deadline is kept when it ends between its time and 1 s after it. While the engine is down nothing fires: what fell due
then has 1 s from the boot (R-O9).
"""

import heapq
from collections.abc import Hashable, Iterator
from itertools import count

__all__ = ["GRACE_S", "Deadlines"]

GRACE_S = 1.0


class Deadlines:
    """Open deadlines by name, earliest first."""

    def __init__(self) -> None:
        """Begin with none."""
        self._serial = count()
        self._limits: dict[Hashable, tuple[int, float]] = {}
        self._heap: list[tuple[float, int, Hashable]] = []

    def set(self, name: Hashable, when: float, now: float) -> None:
        """From now on, this has to happen by then."""
        self._push(name, max(when, now) + GRACE_S)

    def clear(self, name: Hashable) -> None:
        """It happened, or need not happen any more."""
        self._limits.pop(name, None)

    def overdue(self, now: float) -> Iterator[tuple[Hashable, float]]:
        """What should have happened and did not, each once, with how late it is in seconds."""
        while self._heap and self._heap[0][0] < now:
            limit, serial, name = heapq.heappop(self._heap)
            if self._limits.get(name, (0, 0.0))[0] == serial:
                del self._limits[name]
                yield name, now - limit + GRACE_S

    def excuse(self, now: float) -> None:
        """The engine was down until now: what fell due meanwhile starts its 1 s here."""
        late = [name for name, _ in self.overdue(now + GRACE_S)]
        for name in late:
            self._push(name, now + GRACE_S)

    def _push(self, name: Hashable, limit: float) -> None:
        serial = next(self._serial) + 1
        self._limits[name] = serial, limit
        heapq.heappush(self._heap, (limit, serial, name))
