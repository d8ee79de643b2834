"""The breaker around one object of a plugin: three faults in a row open it for 30 s, then one call is tried.

It always ends: no plugin is ever dropped. Safe to use from several threads.
"""

from collections.abc import Callable
from threading import Lock

__all__ = ["FAULTS_MAX", "OPEN_S", "Breaker"]

FAULTS_MAX = 3
OPEN_S = 30.0


class Breaker:
    """Says whether a call may be made, and learns how it went; `clock` gives seconds."""

    def __init__(self, clock: Callable[[], float], *, faults_max: int = FAULTS_MAX, open_s: float = OPEN_S) -> None:
        self._clock = clock
        self._faults_max = faults_max
        self._open_s = open_s
        self._in_a_row = 0
        self._opened_at: float | None = None
        self._is_trying = False
        self._lock = Lock()

    @property
    def is_open(self) -> bool:
        """Whether calls are kept back, the one trial aside."""
        return self._opened_at is not None

    def admit(self) -> bool:
        """Take a call; each True is followed by `succeeded`, `failed` or `withdrawn`."""
        if self._opened_at is None:
            return True  # Nearly always, and a lock costs as much as a small call.
        with self._lock:
            if self._opened_at is None:
                return True
            if self._is_trying or self._clock() - self._opened_at < self._open_s:
                return False
            self._is_trying = True
            return True

    def succeeded(self) -> None:
        """Count a call that went well: the breaker is closed."""
        if not self._in_a_row:
            return  # It is closed, and nothing is being tried.
        with self._lock:
            self._in_a_row = 0
            self._opened_at = None
            self._is_trying = False

    def failed(self) -> None:
        """Count a fault; the third in a row opens, and so does a failed trial."""
        with self._lock:
            self._in_a_row += 1
            if self._in_a_row >= self._faults_max:
                self._opened_at = self._clock()
            self._is_trying = False

    def withdrawn(self) -> None:
        """Forget a call that was admitted and then not made."""
        with self._lock:
            self._is_trying = False
