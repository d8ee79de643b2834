"""How fast somebody may go: a burst, then so many a second. Whoever is silent long enough is forgotten."""

from collections import OrderedDict
from typing import Final, final

__all__ = ["Rates"]

_KNOWN_MAX: Final = 10_000


@final
class Rates:
    """Per name one time is kept: until when what he did is paid for."""

    def __init__(self, per_s: float, burst: int) -> None:
        """Allow so many at once, and so many a second."""
        self._interval_s = 1.0 / per_s
        self._allowed_s = burst / per_s
        self._paid_until: OrderedDict[str, float] = OrderedDict()

    def wait_s(self, name: str, now_s: float) -> float:
        """Take one for somebody and give 0; or take none, and give the seconds after which there is one."""
        until = max(now_s, self._paid_until.get(name, now_s)) + self._interval_s
        late_s = until - now_s - self._allowed_s
        if late_s > self._interval_s / 1_000:
            return round(late_s, 3) or 0.001
        self._paid_until[name] = until
        self._paid_until.move_to_end(name)
        while len(self._paid_until) > _KNOWN_MAX:
            self._paid_until.popitem(last=False)
        return 0.0
