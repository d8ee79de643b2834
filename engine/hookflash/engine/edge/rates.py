"""How fast each of many may go: a burst, then so many a second.

Of each one time is kept: until when what he did so far is paid for. Whoever is silent for as long as a whole burst
takes to be paid is forgotten, so what is kept is bounded by what was admitted lately.
"""

from collections import OrderedDict
from typing import Final, Generic, TypeVar, final

from hookflash.engine.actors.clock import Clock
from hookflash.engine.domain.refusals import RateLimited

__all__ = ["Rates"]

K = TypeVar("K")

_ROUNDING_S: Final = 1e-6


@final
class Rates(Generic[K]):
    """The rates of all that one limit holds for."""

    def __init__(self, clock: Clock, per_s: float, burst: int) -> None:
        """Admit `burst` at once, then `per_s` a second."""
        self._clock = clock
        # Counted from here: seconds since 1970 have no digits left for many small sums.
        self._began = clock.now()
        self._interval_s = 1.0 / per_s
        self._allowed_s = burst / per_s
        self._paid_until: OrderedDict[K, float] = OrderedDict()

    def admit(self, who: K) -> None:
        """Count one more. Raises RateLimited, which says when there is room again."""
        now = self._clock.now() - self._began
        while self._paid_until and next(iter(self._paid_until.values())) <= now:
            self._paid_until.popitem(last=False)
        until = max(now, self._paid_until.get(who, now)) + self._interval_s
        late_s = until - now - self._allowed_s
        if late_s > _ROUNDING_S:
            raise RateLimited(round(late_s, 3) or 0.001)
        self._paid_until[who] = until
        self._paid_until.move_to_end(who)
