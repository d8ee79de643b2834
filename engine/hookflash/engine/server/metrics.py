"""What is counted of calls: how many, how long, how many now. Labels are method and reason, never a name or a text.

Every call is counted on the loop, so counting is plain integers here; Prometheus' own objects are made of them when
somebody scrapes.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from typing import Final, Protocol

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from hookflash.engine.server.edge_ports import Media
from hookflash.engine.server.ports import Projector

__all__ = ["Metrics"]

_BUCKETS_S: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0)
_BOUNDS: Final = (*(str(bound) for bound in _BUCKETS_S), "+Inf")


class PluginCounts(Protocol):
    """What is counted of plugins' calls, by plugin and hook."""

    @property
    def faults(self) -> Counter[tuple[str, str]]:
        """Those that failed."""

    @property
    def slow(self) -> Counter[tuple[str, str]]:
        """Those that took more than 2 ms."""


class _Times:
    """How long the calls of one method took: how many in each bucket, and all together."""

    __slots__ = ("counts", "sum_s")

    def __init__(self) -> None:
        self.counts = [0] * len(_BOUNDS)
        self.sum_s = 0.0

    def add(self, seconds: float) -> None:
        self.counts[bisect_left(_BUCKETS_S, seconds)] += 1
        self.sum_s += seconds

    def buckets(self) -> list[tuple[str, float]]:
        """Each bound with how many took no longer."""
        total = 0
        return [(bound, total := total + count) for bound, count in zip(_BOUNDS, self.counts, strict=True)]


class Metrics(Collector):
    """The figures of one server, in a registry of its own, so that two in one process do not add up."""

    def __init__(self, plugins: PluginCounts, media: Media, projector: Projector) -> None:
        """Begin at nothing; `plugins` counts what goes wrong in them, `media` what is kept."""
        self._plugins, self._projector = plugins, projector
        self._media = media
        self.registry: Final = CollectorRegistry()
        self._calls: dict[tuple[str, str], int] = {}
        self._times: dict[str, _Times] = {}
        self._streams: Counter[str] = Counter()
        self._faults = self.front_restarts = 0
        self.registry.register(self)

    def ended(self, method: str, reason: str, seconds: float | None) -> None:
        """Count a call; `seconds` where it was unary."""
        key = (method, reason)
        self._calls[key] = self._calls.get(key, 0) + 1
        if seconds is not None:
            times = self._times.get(method)
            if times is None:
                times = self._times[method] = _Times()
            times.add(seconds)

    def stream_opened(self, method: str) -> None:
        """Count a stream that opens."""
        self._streams[method] += 1

    def stream_ended(self, method: str) -> None:
        """Count it out again."""
        self._streams[method] -= 1

    def broke(self) -> None:
        """Count a defect."""
        self._faults += 1

    def front_replaced(self) -> None:
        """Count a front that ended and was started again."""
        self.front_restarts += 1

    def collect(self) -> Iterator[Metric]:
        """What a scrape is told; from another thread, so each table is copied first."""
        words = "Calls that ended, by method and reason (OK where not refused)."
        calls = CounterMetricFamily("hookflash_calls", words, labels=("method", "reason"))
        for key, count in list(self._calls.items()):
            calls.add_metric(key, count)
        yield calls
        seconds = HistogramMetricFamily("hookflash_call_seconds", "How long unary calls took.", labels=("method",))
        for method, times in list(self._times.items()):
            seconds.add_metric((method,), times.buckets(), times.sum_s)
        yield seconds
        streams = GaugeMetricFamily("hookflash_streams", "Streams that are open.", labels=("method",))
        for method, open_count in list(self._streams.items()):
            streams.add_metric((method,), open_count)
        yield streams
        faults = CounterMetricFamily("hookflash_plugin_faults", "Failed calls of plugins.", labels=("plugin", "hook"))
        for key, count in self._plugins.faults.items():
            faults.add_metric(key, count)
        yield faults
        words = "Calls of plugins of more than 2 ms."
        slow = CounterMetricFamily("hookflash_plugin_slow_calls", words, labels=("plugin", "hook"))
        for key, count in self._plugins.slow.items():
            slow.add_metric(key, count)
        yield slow
        yield GaugeMetricFamily("hookflash_media_bytes", "Bytes of customers' media.", value=self._media.bytes_kept)
        words = "Media let go of, for their age or to make room."
        yield CounterMetricFamily("hookflash_media_dropped", words, value=self._media.dropped)
        words = "Times that the process that speaks gRPC ended and was started again."
        yield CounterMetricFamily("hookflash_front_restarts", words, value=self.front_restarts)
        words = "Times that the process that writes the views ended and was started again."
        yield CounterMetricFamily("hookflash_views_restarts", words, value=self._projector.restarts)
        yield CounterMetricFamily("hookflash_internal_errors", "Defects that a caller met.", value=self._faults)
