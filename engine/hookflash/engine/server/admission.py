"""The engine's limits on calls, asked before anything of a call is looked at: draining, overload, rates, streams.

Time here is the process's own steady clock: a rate is no deadline of the domain.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Final

from hookflash.engine.domain.limits import Limits
from hookflash.engine.domain.refusals import Draining, MailboxFull, RateLimited
from hookflash.engine.server.methods import Method
from hookflash.sdk.types import Principal, Role

__all__ = ["LAG_MAX", "Admission", "Rates"]

LAG_MAX: Final = 100_000
"""Records that the views may be behind before new work is refused."""

_BUCKETS_MAX: Final = 10_000
_RETRY_STREAM_S: Final = 5.0
_MANY_STREAMS: Final = frozenset({Role.SERVICE, Role.ADMIN})


class Rates:
    """A token bucket for each key: so many a second, so many at once."""

    def __init__(self, per_s: float, burst: int, now: Callable[[], float] = monotonic) -> None:
        """Begin with every bucket full."""
        self._per_s, self._burst, self._now = per_s, burst, now
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, key: str) -> None:
        """Count one. Raises RateLimited with the seconds until there is room again."""
        now = self._now()
        left, at = self._buckets.get(key, (float(self._burst), now))
        left = min(float(self._burst), left + (now - at) * self._per_s)
        if left < 1.0:
            raise RateLimited((1.0 - left) / self._per_s)
        if len(self._buckets) >= _BUCKETS_MAX and key not in self._buckets:
            self._forget_the_full(now)
        self._buckets[key] = (left - 1.0, now)

    def _forget_the_full(self, now: float) -> None:
        fill_s = self._burst / self._per_s
        self._buckets = {key: (left, at) for key, (left, at) in self._buckets.items() if now - at < fill_s}


class Admission:
    """Lets calls in, and knows how many are at work."""

    def __init__(self, limits: Limits, lag: Callable[[], int], steady: Callable[[], float] = monotonic) -> None:
        """Take the limits, what says how many records the views are behind, and the clock of the rates."""
        self._limits, self._lag = limits, lag
        self._agents = Rates(limits.agent_commands_per_s_max, limits.command_burst_max, steady)
        self._unary = 0
        self._streams: Counter[str] = Counter()
        self.is_draining = False

    def admit(self, principal: Principal, method: Method) -> None:
        """Let a call in. Raises Draining, MailboxFull or RateLimited; `left` gives the place back."""
        if self.is_draining:
            raise Draining
        if method.is_stream:
            many = principal.role in _MANY_STREAMS
            limit = self._limits.streams_per_service_max if many else self._limits.streams_per_principal_max
            if self._streams[principal.key] >= limit:
                raise RateLimited(_RETRY_STREAM_S)
            self._streams[principal.key] += 1
            return
        if method.is_command and principal.role is Role.AGENT:
            self._agents.take(principal.key)
        if self._unary >= self._limits.unary_calls_max or (method.is_command and self._lag() > LAG_MAX):
            raise MailboxFull
        self._unary += 1

    def left(self, principal: Principal, method: Method) -> None:
        """A call that was let in has ended."""
        if not method.is_stream:
            self._unary -= 1
            return
        self._streams[principal.key] -= 1
        if not self._streams[principal.key]:
            del self._streams[principal.key]

    @contextmanager
    def waiting(self, principal: Principal) -> Iterator[None]:
        """A unary call waits for somebody else: count it as a stream meanwhile. Raises RateLimited."""
        many = principal.role in _MANY_STREAMS
        limit = self._limits.streams_per_service_max if many else self._limits.streams_per_principal_max
        if self._streams[principal.key] >= limit:
            raise RateLimited(_RETRY_STREAM_S)
        self._streams[principal.key] += 1
        self._unary -= 1
        try:
            yield
        finally:
            self._unary += 1
            self._streams[principal.key] -= 1
