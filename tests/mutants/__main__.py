"""The mutants' command: plants every defect in turn and lets the simulation look for it.

    python -m tests.mutants                      # all of them; exit 1 and the command to repeat where one survives
    python -m tests.mutants late-accept-wins     # one, with all that it broke

A survivor is a gap of the simulation or of its checker, or no defect at all.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import monotonic

from rich.console import Console
from rich.table import Table

from .catalogue import DEFECTS
from .defect import Defect
from .hunt import Verdict, hunt_all

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; answers the exit code."""
    given = _parsed(arguments)
    chosen = [each for each in DEFECTS if not given.defects or each.name in given.defects]
    began, verdicts = monotonic(), list[Verdict]()
    for verdict in hunt_all(chosen, jobs=given.jobs, first=given.first, seeds=given.seeds, minutes=given.minutes):
        verdicts.append(verdict)
        state = f"found by {verdict.by}" if verdict.is_killed else "SURVIVES"
        _say(f"{len(verdicts):>4} of {len(chosen)}  {verdict.defect.name:<40} {state}, {verdict.seeds} seeds")
    took_s = monotonic() - began
    verdicts.sort(key=lambda each: chosen.index(each.defect))
    _show(verdicts, took_s, is_long=bool(given.defects))
    if given.json is not None:
        given.json.write_text(json.dumps(_report(verdicts, took_s), indent=2) + "\n", encoding="utf-8")
    return 0 if all(each.is_killed for each in verdicts) else 1


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutants", description="Plants defects into the engine and looks whether they are found."
    )
    names = [each.name for each in DEFECTS]
    parser.add_argument("defects", nargs="*", metavar="DEFECT", help="only these (default: all)")
    parser.add_argument("--list", action="store_true", help="say what there is, and what each does wrong")
    parser.add_argument("--first", type=int, default=0, help="the first seed of each (default 0)")
    parser.add_argument("--seeds", type=int, default=60, help="how many seeds each has at most (default 60)")
    parser.add_argument("--minutes", type=float, default=6.0, help="virtual minutes of a seed (default 6)")
    parser.add_argument("--jobs", type=int, default=1, help="processes side by side (default 1)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the verdicts there too")
    given = parser.parse_args(arguments)
    if unknown := set(given.defects) - set(names):
        parser.error(f"there is no {', '.join(sorted(unknown))}; `--list` names them all")
    if given.list:
        Console().print(_listed(DEFECTS))
        parser.exit()
    return given


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


def _listed(defects: Sequence[Defect]) -> Table:
    table = Table("defect", "breaks", "what goes wrong", box=None)
    for each in defects:
        table.add_row(each.name, " ".join(sorted(each.breaks)), each.says)
    return table


def _show(verdicts: Sequence[Verdict], took_s: float, *, is_long: bool) -> None:
    console = Console()
    table = Table("defect", "found by", "at seed", "seeds", "seconds", box=None)
    for each in verdicts:
        state = each.by if each.is_killed else f"[bold]SURVIVES[/] {each.by}"
        table.add_row(each.defect.name, state, str(each.seed), str(each.seeds), f"{each.took_s:.1f}")
    console.print(table)
    survivors = [each for each in verdicts if not each.is_killed]
    killed = len(verdicts) - len(survivors)
    seeds = _median_seeds(verdicts)
    console.print(f"\n{killed} of {len(verdicts)} defects found, median {seeds:g} seeds, in {took_s:.0f} s")
    for each in verdicts if is_long else survivors:
        console.print(f"\n{each.defect.name}: {each.defect.says}", highlight=False, markup=False)
        for promise, fact in each.found.items():
            console.print(f"  {promise}: {fact}", highlight=False, markup=False)
        console.print(f"  repeat it:  {each.command}", highlight=False, markup=False)


def _median_seeds(verdicts: Sequence[Verdict]) -> float:
    return median(each.seeds for each in verdicts) if verdicts else 0.0


def _report(verdicts: Sequence[Verdict], took_s: float) -> dict[str, object]:
    return {
        "defects": len(verdicts),
        "killed": sum(each.is_killed for each in verdicts),
        "median_seeds": _median_seeds(verdicts),
        "took_s": round(took_s, 1),
        "verdicts": [each.summary() for each in verdicts],
    }


if __name__ == "__main__":
    sys.exit(main())
