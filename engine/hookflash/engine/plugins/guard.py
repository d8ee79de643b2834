"""What the guarded calls of all plugins share: their breakers and threads, and what is counted of them.

The calls themselves are `PureCalls` (awaited) and `PluginHost.ask` (a strategy, answered by a command).
"""

from collections import Counter, defaultdict
from collections.abc import Callable
from threading import Lock
from time import perf_counter, thread_time
from typing import ParamSpec, TypeVar, final

import structlog

from hookflash.engine.plugins.facts import PluginFault
from hookflash.sdk.hosting.asking import BUDGET_S, AskingThread
from hookflash.sdk.hosting.breaker import Breaker
from hookflash.sdk.hosting.calls import SLOW_S

__all__ = ["Guard"]

P = ParamSpec("P")
T = TypeVar("T")

_log = structlog.get_logger("hookflash.plugins")


@final
class Guard:
    """One engine's; `clock` gives seconds, `on_fault` may be called from any thread."""

    def __init__(
        self,
        clock: Callable[[], float],
        on_fault: Callable[[PluginFault], None] | None = None,
        *,
        thread_of: Callable[[str, Callable[[], float]], AskingThread] = AskingThread,
    ) -> None:
        self._clock = clock
        self._on_fault = on_fault
        self._thread_of = thread_of
        self._threads: dict[str, AskingThread] = {}
        self._breakers: defaultdict[tuple[str, str], Breaker] = defaultdict(lambda: Breaker(clock))
        self._faults: Counter[tuple[str, str]] = Counter()
        self._slow: Counter[tuple[str, str]] = Counter()
        self._lock = Lock()

    @property
    def faults(self) -> Counter[tuple[str, str]]:
        """How many faults there were, by plugin and hook."""
        with self._lock:
            return Counter(self._faults)

    @property
    def slow(self) -> Counter[tuple[str, str]]:
        """How many calls took more than 2 ms, by plugin and hook."""
        with self._lock:
            return Counter(self._slow)

    @property
    def open_breakers(self) -> frozenset[tuple[str, str]]:
        """Which calls are kept back now, by plugin and object."""
        with self._lock:
            return frozenset(key for key, breaker in self._breakers.items() if breaker.is_open)

    def breaker(self, plugin: str, what: str) -> Breaker:
        """The breaker of one object or hook of a plugin."""
        known = self._breakers.get((plugin, what))
        if known is not None:
            return known
        with self._lock:
            return self._breakers[plugin, what]

    def new_breaker(self, plugin: str, what: str) -> Breaker:
        """A closed breaker of one object of a plugin, in the place of the one there was."""
        with self._lock:
            breaker = self._breakers[plugin, what] = Breaker(self._clock)
            return breaker

    def thread(self, plugin: str) -> AskingThread:
        """The thread on which a plugin is asked."""
        with self._lock:
            if plugin not in self._threads:
                self._threads[plugin] = self._thread_of(plugin, self._clock)
            return self._threads[plugin]

    def count_slow(self, plugin: str, hook: str) -> None:
        """Count a call that was slow, and no fault for that."""
        with self._lock:
            self._slow[plugin, hook] += 1

    def timed(self, plugin: str, hook: str, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Make a call in the turn; one that took long is counted. Raises TimeoutError for one over its budget.

        The budget is of CPU time: a busy machine stands still for longer than that, which is nobody's fault.
        """
        begun, worked_s = perf_counter(), thread_time()
        answer = call(*args, **kwargs)
        took_s = perf_counter() - begun
        if took_s > SLOW_S:
            self.count_slow(plugin, hook)
        if took_s > BUDGET_S and (worked_s := thread_time() - worked_s) > BUDGET_S:
            raise TimeoutError(f"took {worked_s:.3f} s, {BUDGET_S:g} s are allowed")
        return answer

    def report(self, plugin: str, hook: str, error: str, fallback: str) -> None:
        """Count and tell a fault."""
        with self._lock:
            self._faults[plugin, hook] += 1
        _log.warning("plugin_fault", plugin=plugin, hook=hook, error=error, fallback=fallback)
        if self._on_fault is not None:
            self._on_fault(PluginFault(plugin=plugin, hook=hook, error=error, fallback=fallback))

    def wait_until_idle(self, timeout_s: float) -> bool:
        """Wait until no question is open; False if that lasts longer."""
        return all(thread.wait_until_idle(timeout_s) for thread in self._running())

    def stop(self, timeout_s: float) -> None:
        """End the threads; a plugin that does not return in time is left behind."""
        for thread in self._running():
            thread.stop(timeout_s)

    def _running(self) -> list[AskingThread]:
        with self._lock:
            return list(self._threads.values())
