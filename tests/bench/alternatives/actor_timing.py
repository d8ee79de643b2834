"""What every actor library is asked to do, and how it is timed; nothing but the standard library is imported here.

One sender: all messages to one actor. Many to many: a few messages wander, each actor handing them to another. Ask: one
question after the other, each waiting for its answer.
"""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import quantiles
from time import perf_counter

__all__ = ["WANDERERS", "ActorFigures", "asked_us", "main", "rate", "rss_kib", "successor"]

WANDERERS = 32
"""Messages that wander at once."""

_STRIDE = 7_919


@dataclass(frozen=True, slots=True, kw_only=True)
class ActorFigures:
    """Rates are in messages a second, `ask` is in microseconds, memory in KiB for each actor."""

    started: float
    memory: float
    one_sender: float
    many_to_many: float
    ask_p50: float
    ask_p99: float


def main(measure: Callable[[int, int], Awaitable[ActorFigures]], package: str = "") -> None:
    """Measure `python -m MODULE ACTORS MESSAGES` and print JSON; say so where the package is not installed."""
    actors, messages = map(int, sys.argv[1:])
    try:
        figures = asdict(asyncio.run(measure(actors, messages)))  # type: ignore[arg-type]
    except ModuleNotFoundError as error:
        if not package or error.name is None or not error.name.startswith(package):
            raise
        figures = {"missing": package}
    json.dump(figures, sys.stdout)


def rss_kib() -> float:
    """Return what this process holds in memory; 0.0 where the system does not say."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0.0
    return float(next(line.split()[1] for line in lines if line.startswith("VmRSS:")))


def successor(number: int, actors: int) -> int:
    """Return to whom an actor hands a wanderer: over all of them, near nobody."""
    return (number + _STRIDE) % actors


def asked_us(spent_s: list[float]) -> dict[str, float]:
    """Return the median and the 99th percentile of asks."""
    cuts = quantiles(spent_s, n=100)
    return {"ask_p50": cuts[49] * 1e6, "ask_p99": cuts[98] * 1e6}


def rate(count: int, begun: float) -> float:
    """Return how many a second since then."""
    return count / (perf_counter() - begun)
