"""Everything that `hookflash bench` measures, by name. A new measurement is a module in `parts` and a line here.

A module has one function, `measure(round)`, which measures once and returns samples; repeating, putting together and
judging are done elsewhere.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from hookflash.cli.bench.figures import Sample
from hookflash.cli.bench.parts import (
    cycles,
    decisions,
    fan_out,
    floor,
    freed,
    idle_desks,
    in_process,
    listening,
    neighbours,
    queue_watch,
    recovery,
    talking,
    webhooks,
)
from hookflash.cli.bench.round import Round

__all__ = ["MEASUREMENTS", "Measurement"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One part of a round; one that is long takes part in the first `rounds_max` only."""

    measure: Callable[[Round], Awaitable[list[Sample]]]
    rounds_max: int = 1_000


MEASUREMENTS: Final[Mapping[str, Measurement]] = {
    "floor": Measurement(measure=floor.measure),
    "talking": Measurement(measure=talking.measure),
    "listening": Measurement(measure=listening.measure),
    "cycles": Measurement(measure=cycles.measure),
    "freed": Measurement(measure=freed.measure),
    "fan-out": Measurement(measure=fan_out.measure, rounds_max=3),
    "queue-watch": Measurement(measure=queue_watch.measure, rounds_max=3),
    "webhooks": Measurement(measure=webhooks.measure, rounds_max=3),
    "in-process": Measurement(measure=in_process.measure),
    "decisions": Measurement(measure=decisions.measure, rounds_max=3),
    "neighbours": Measurement(measure=neighbours.measure, rounds_max=1),
    "idle-desks": Measurement(measure=idle_desks.measure, rounds_max=1),
    "recovery": Measurement(measure=recovery.measure, rounds_max=1),
}
