"""The simulation's command: many seeds with a table at the end, or one seed with its whole story.

    python -m tests.simulation --seeds 200          # until the first violation; exit 1 and the command that repeats it
    python -m tests.simulation --seed 17            # what happened in seed 17, line by line

A seed and a commit say everything: the same two give the same trace hash on every machine.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from multiprocessing import cpu_count, get_context
from typing import Final

from click import echo

from .run import Outcome, simulate

__all__ = ["main"]

_SEEDS_A_PROCESS: Final = 20


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; answers the exit code."""
    given = _parsed(arguments)
    minutes = given.hours * 60 if given.hours else given.minutes
    if given.seed is not None:
        return _tell(simulate(given.seed, minutes=minutes, is_story_kept=True))
    return _run_many(given.first, given.seeds, minutes, given.jobs, is_going_on=given.keep_going)


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulation", description="Simulates the engine under faults."
    )
    parser.add_argument("--seed", type=int, help="tell the whole story of this seed")
    parser.add_argument("--seeds", type=int, default=200, help="how many seeds to run (default 200)")
    parser.add_argument("--first", type=int, default=0, help="the first of them (default 0)")
    parser.add_argument("--minutes", type=float, default=6.0, help="virtual minutes of work and faults (default 6)")
    parser.add_argument("--hours", type=float, default=0.0, help="the same in hours")
    parser.add_argument("--jobs", type=int, default=cpu_count(), help="processes side by side (default: one a core)")
    parser.add_argument("--keep-going", action="store_true", help="go on after a violation")
    return parser.parse_args(arguments)


def _tell(outcome: Outcome) -> int:
    echo("\n".join(outcome.story))
    echo()
    for violation in outcome.violations:
        echo(f"VIOLATION  {violation}")
    counted = ", ".join(f"{count} {what}" for what, count in sorted(outcome.counts.items()))
    echo(f"seed {outcome.seed}: {outcome.virtual_s:.0f} virtual seconds, {counted}")
    echo(f"trace hash {outcome.trace_hash}, violations: {len(outcome.violations)}")
    return 1 if outcome.violations else 0


def _run_many(first: int, seeds: int, minutes: float, jobs: int, *, is_going_on: bool) -> int:
    began, counts, virtual_s, ran = time.monotonic(), Counter[str](), 0.0, 0
    failed: list[Outcome] = []
    for outcome in _outcomes(range(first, first + seeds), minutes, jobs):
        ran += 1
        counts.update(outcome.counts)
        virtual_s += outcome.virtual_s
        if outcome.violations:
            failed.append(outcome)
        progress = f"\r{ran} of {seeds} seeds, {virtual_s / 3600:.1f} virtual h, {len(failed)} with violations"
        echo(progress, nl=False, err=True)
        if failed and not is_going_on:
            break
    took_s = time.monotonic() - began
    echo(err=True)
    table = {
        "seeds": f"{ran:,}",
        "virtual hours": f"{virtual_s / 3600:,.1f}",
        "times real time": f"{virtual_s / took_s:,.0f}",
        "took": f"{took_s:,.1f} s",
        "commands": f"{counts['calls']:,}",
        "records": f"{counts['records']:,}",
        "events": f"{counts['events']:,}",
        "deliveries": f"{counts['handed over']:,}",
        "crashes": f"{counts['crashes']:,}",
        "of them aimed": f"{counts['aimed crashes']:,}",
        "drains": f"{counts['drains']:,}",
        "seeds with violations": f"{len(failed):,}",
    }
    for name, value in table.items():
        echo(f"{name:<22}{value:>14}")
    for outcome in failed:
        echo(f"\nseed {outcome.seed} broke {len(outcome.violations)} promises:")
        for violation in outcome.violations[:5]:
            echo(f"  {violation}")
        echo(f"  repeat it:  make simulate SEED={outcome.seed}  or  {_command(outcome.seed, minutes)}")
    return 1 if failed else 0


def _outcomes(seeds: range, minutes: float, jobs: int) -> Iterator[Outcome]:
    """Outcomes in the order of their seeds; a process ends after some, since what a crash leaves behind adds up."""
    with get_context("spawn").Pool(jobs, maxtasksperchild=_SEEDS_A_PROCESS) as pool:
        yield from pool.imap(partial(simulate, minutes=minutes), seeds)


def _command(seed: int, minutes: float) -> str:
    length = "" if minutes == 6.0 else f" --minutes {minutes:g}"
    return f"python -m tests.simulation --seed {seed}{length}"


if __name__ == "__main__":
    sys.exit(main())
