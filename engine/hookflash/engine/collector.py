"""When Python's garbage collector looks, and at what: often and at little, so that no pause is long.

A look at a hundred thousand conversations takes most of a second. Our state has no cycles, so what has outlived three
looks is left alone from then on (`gc.freeze`); what was alive that long and became a cycle later, such as the parts of
a stream, waits for the one full look an hour.
"""

import asyncio
import gc
from typing import Final

__all__ = ["calm", "look_at_everything", "rest"]

_THRESHOLDS: Final = (3_000, 1, 1)
"""New objects before a look at them, and such looks before one at the next generation: 12,000 objects at most."""

_OLDEST: Final = 2
_FULL_LOOK_S: Final = 3_600.0


def rest() -> None:
    """Look at nothing until `calm`: what a start loads and recovers is here to stay."""
    gc.disable()


def calm() -> None:
    """Leave alone what was loaded and recovered, and what grows old, from now on.

    No look at it before: it takes as long as a tenth of a start, and what little it finds waits for the full look.
    """
    gc.freeze()
    gc.enable()
    gc.set_threshold(*_THRESHOLDS)
    if _leave_alone not in gc.callbacks:
        gc.callbacks.append(_leave_alone)


async def look_at_everything() -> None:
    """Free, once an hour, what became garbage after it was left alone; until cancelled."""
    while True:
        await asyncio.sleep(_FULL_LOOK_S)
        gc.unfreeze()
        gc.collect()


def _leave_alone(phase: str, looked: dict[str, int]) -> None:
    """What has just outlived all looks is here to stay."""
    if phase == "stop" and looked["generation"] == _OLDEST:
        gc.freeze()
