"""How often an account may send: in no second more than its `rate_per_s`, and these at once."""

from collections import deque
from typing import final

from hookflash.sdk.hosting.patience import Alarms, sleep

__all__ = ["Pace"]


@final
class Pace:
    """Lets one send after the other go; without a rate, at once."""

    def __init__(self, rate_per_s: float | None, clock: Alarms) -> None:
        """Nothing has been sent yet."""
        per_s = rate_per_s or 0.0
        self._clock = clock
        # When it sent last, as often as the account may in a second: the next one waits for the first of these times.
        self._sends: deque[float] | None = deque(maxlen=max(1, int(per_s))) if per_s > 0 else None
        self._within_s = max(1.0, 1.0 / per_s) if per_s > 0 else 0.0

    async def wait(self) -> None:
        """Wait until the account may send one more."""
        if self._sends is None:
            return
        now = self._clock.now()
        is_full = len(self._sends) == self._sends.maxlen
        at = max(now, self._sends[0] + self._within_s) if is_full else now
        self._sends.append(at)
        if at > now:
            await sleep(self._clock, at - now)
