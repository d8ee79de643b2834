"""One defect's trial, in a process of its own: seed after seed until something is found. One line of JSON per seed.

    python -m tests.mutants.trial late-accept-wins --seeds 40

`none` plants nothing, so a trial of the sound engine is the same command. Exit code 1: nothing was found.
"""

import argparse
import json
import sys
import traceback
from collections.abc import Sequence

from .catalogue import DEFECTS
from .defect import Trial
from .planting import plant

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the trial; answers the exit code."""
    given = _parsed(arguments)
    chosen = next((each for each in DEFECTS if each.name == given.defect), None)
    if chosen is not None:
        plant(chosen)
    trial = Trial(given.trial) if given.trial else Trial.SEEDS if chosen is None else chosen.trial
    for seed in range(given.first, given.first + given.seeds):
        found = _found(trial, seed, given.minutes)
        sys.stdout.write(json.dumps({"seed": seed, "found": found}) + "\n")
        sys.stdout.flush()
        if found and not given.keep_going:
            return 0
    return 1


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants.trial", description=__doc__)
    parser.add_argument("defect", choices=["none", *(each.name for each in DEFECTS)], metavar="DEFECT")
    parser.add_argument("--first", type=int, default=0, help="the first seed (default 0)")
    parser.add_argument("--seeds", type=int, default=60, help="how many seeds at most (default 60)")
    parser.add_argument("--minutes", type=float, default=6.0, help="virtual minutes of each (default 6)")
    parser.add_argument("--trial", choices=[str(each) for each in Trial], help="by seeds or by pairs, whatever it says")
    parser.add_argument("--keep-going", action="store_true", help="go on after something was found")
    return parser.parse_args(arguments)


def _found(trial: Trial, seed: int, minutes: float) -> list[list[str]]:
    """What a seed shows: pairs of a promise's id and a fact; an exception out of the simulation is `raised`."""
    # Imported only now, with the defect in it.
    from .looking import differences, violations  # noqa: PLC0415

    try:
        return [list(each) for each in (violations if trial is Trial.SEEDS else differences)(seed, minutes)]
    except Exception:  # noqa: BLE001  an engine with a defect may raise anything
        return [["raised", traceback.format_exc(limit=-3)]]


if __name__ == "__main__":
    sys.exit(main())
