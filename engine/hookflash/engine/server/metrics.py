"""What is counted of calls: how many, how long, how many now. Labels are method and reason, never a name or a text."""

from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

__all__ = ["Metrics"]

_BUCKETS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)


class Metrics:
    """The figures of one server, in a registry of its own, so that two in one process do not add up."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self.registry: Final = CollectorRegistry()
        self._calls = Counter(
            "hookflash_calls",
            "Calls that ended, by method and reason (OK where not refused).",
            ("method", "reason"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "hookflash_call_seconds",
            "How long unary calls took.",
            ("method",),
            buckets=_BUCKETS_S,
            registry=self.registry,
        )
        self._streams = Gauge("hookflash_streams", "Streams that are open.", ("method",), registry=self.registry)
        self._faults = Counter("hookflash_internal_errors", "Defects that a caller met.", registry=self.registry)
        self._counts: dict[tuple[str, str], Counter] = {}
        self._times: dict[str, Histogram] = {}

    def ended(self, method: str, reason: str, seconds: float | None) -> None:
        """Count a call; `seconds` where it was unary."""
        count = self._counts.get((method, reason))
        if count is None:
            count = self._counts[method, reason] = self._calls.labels(method, reason)
        count.inc()
        if seconds is not None:
            times = self._times.get(method)
            if times is None:
                times = self._times[method] = self._seconds.labels(method)
            times.observe(seconds)

    def stream_opened(self, method: str) -> None:
        """Count a stream that opens."""
        self._streams.labels(method).inc()

    def stream_ended(self, method: str) -> None:
        """Count it out again."""
        self._streams.labels(method).dec()

    def broke(self) -> None:
        """Count a defect."""
        self._faults.inc()
