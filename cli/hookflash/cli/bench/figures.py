"""A measured figure: its runs, and what they come to.

A figure is never a single number: the median stands for it, the lowest and the highest run say how far to trust it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

__all__ = ["Figure", "Sample", "gathered", "load_samples", "percentile"]

_TICK_US = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """What one run gave for one figure."""

    group: str
    name: str
    unit: str
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table; `runs` are its values in the order in which they were measured."""

    group: str
    name: str
    unit: str
    runs: tuple[float, ...]

    @property
    def median(self) -> float:
        """What stands for the figure."""
        return median(self.runs)

    @property
    def low(self) -> float:
        """The lowest run."""
        return min(self.runs)

    @property
    def high(self) -> float:
        """The highest run."""
        return max(self.runs)

    def as_json(self) -> dict[str, object]:
        """Return it for programs."""
        return {
            "group": self.group,
            "name": self.name,
            "unit": self.unit,
            "median": self.median,
            "low": self.low,
            "high": self.high,
            "runs": list(self.runs),
        }


def gathered(samples: Iterable[Sample]) -> list[Figure]:
    """Put the samples of all rounds together: figures in the order in which they were first seen, group by group."""
    groups: dict[str, dict[tuple[str, str], list[float]]] = defaultdict(lambda: defaultdict(list))
    for sample in samples:
        groups[sample.group][sample.name, sample.unit].append(sample.value)
    return [
        Figure(group=group, name=name, unit=unit, runs=tuple(runs))
        for group, figures in groups.items()
        for (name, unit), runs in figures.items()
    ]


def load_samples(
    group: str, item: str, measured: Mapping[str, float], echo: Mapping[str, float] | None = None, *, calls: float = 1.0
) -> list[Sample]:
    """Return what a closed loop measured as samples; beside an echo also as shares of it, an item being so many calls.

    The rate's share is moved by other work on the same cores and by the client; the share of CPU is moved least.
    """
    shares: list[Sample] = []
    if echo is not None:
        rate = 100.0 * calls * measured["items_per_s"] / echo["items_per_s"]
        cpu = 100.0 * calls * echo["server_us_per_item"] / max(measured["server_us_per_item"], _TICK_US)
        shares = [
            Sample(group=group, name="share of the echo's rate", unit="%", value=rate),
            Sample(group=group, name=f"the echo's CPU in each {item}'s", unit="%", value=cpu),
            Sample(group=group, name="p99 to the echo's", unit="x", value=measured["p99_ms"] / echo["p99_ms"]),
        ]
    return [
        Sample(group=group, name=f"{item}s", unit="1/s", value=measured["items_per_s"]),
        *shares,
        Sample(group=group, name="p50", unit="ms", value=measured["p50_ms"]),
        Sample(group=group, name="p99", unit="ms", value=measured["p99_ms"]),
        Sample(group=group, name="p99.9", unit="ms", value=measured["p999_ms"]),
        Sample(group=group, name=f"server CPU per {item}", unit="us", value=measured["server_us_per_item"]),
        Sample(group=group, name="server CPU", unit="cores", value=measured["server_cores"]),
        Sample(group=group, name="client CPU", unit="cores", value=measured["client_cores"]),
    ]


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which that share (0 to 1) of the values lies; nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
