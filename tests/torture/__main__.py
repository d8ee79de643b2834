"""Torture: `python -m tests.torture TRIAL`, or `all`, which takes them one after the other at full size.

`--help` after a trial lists its sizes. It ends with a table, and with 1 where something failed; then it says how to
repeat exactly that, and where the evidence is.
"""

import argparse
import json
import shutil
import sys
import tempfile
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from tests.torture.frame import Plan, Progress, Trial, Verdict
from tests.torture.registry import trials

_ALL: Final = "all"
_SHOWN_MAX: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    trial: Trial
    plan: Plan
    verdict: Verdict
    took_s: float

    @property
    def word(self) -> str:
        return "skipped" if self.verdict.skipped else "passed" if self.verdict.is_passed else "FAILED"

    def repeat(self) -> str:
        """The command that does exactly this again."""
        sizes = " ".join(f"--{name.replace('_', '-')} {value:g}" for name, value in self.plan.sizes.items())
        return f"python -m tests.torture {self.trial.name} --seed {self.plan.seed} {sizes}".rstrip()


def _parser(known: Mapping[str, Trial]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    commands = parser.add_subparsers(dest="trial", required=True, metavar="TRIAL")
    for name, chosen in [*((trial.name, [trial]) for trial in known.values()), (_ALL, list(known.values()))]:
        summary = "each of them in turn" if name == _ALL else chosen[0].summary
        command = commands.add_parser(name, help=summary, description=summary)
        command.add_argument("--seed", type=int, default=1, help="what its choices are drawn from (default 1)")
        command.add_argument("--keep", action="store_true", help="keep the folders of trials that passed too")
        command.add_argument("--json", type=Path, metavar="FILE", help="write the verdicts there as JSON too")
        for size in {size.name: size for trial in chosen for size in trial.sizes}.values():
            command.add_argument(
                f"--{size.name.replace('_', '-')}", type=type(size.full), help=f"{size.help} (default {size.full:g})"
            )
    return parser


def _attempt(trial: Trial, seed: int, given: Mapping[str, Any]) -> _Outcome:
    """Run one trial. A trial that raises has failed; its folder goes once it has passed."""
    sizes = {size.name: size.full if (wish := given.get(size.name)) is None else wish for size in trial.sizes}
    folder = Path(tempfile.mkdtemp(prefix=f"hookflash-{trial.name}-"))
    plan = Plan(seed=seed, sizes=sizes, folder=folder, progress=Progress(trial.name))
    started = monotonic()
    try:
        verdict = trial.run(plan)
    except Exception as error:  # noqa: BLE001  one trial's fault must not keep the others from running
        traceback.print_exc()
        verdict = Verdict(figures={}, failures=[f"the trial ended with {type(error).__name__}: {error}"])
    if not verdict.complaints and not given["keep"]:
        shutil.rmtree(folder, ignore_errors=True)
    return _Outcome(trial=trial, plan=plan, verdict=verdict, took_s=monotonic() - started)


def _show(outcomes: Sequence[_Outcome]) -> None:
    console = Console(highlight=False)
    table = Table("trial", "verdict", "took", "figures")
    for outcome in outcomes:
        figures = [f"{name} {_figure(value)}" for name, value in outcome.verdict.figures.items()]
        table.add_row(
            outcome.trial.name, outcome.word, f"{outcome.took_s:.1f} s", outcome.verdict.skipped or "\n".join(figures)
        )
    console.print(table)
    for outcome in outcomes:
        if outcome.plan.folder.exists() and not outcome.verdict.complaints:
            print(f"{outcome.trial.name}'s folder is {outcome.plan.folder}")  # noqa: T201
        if not outcome.verdict.complaints:
            continue
        print(f"{outcome.trial.name} failed; evidence in {outcome.plan.folder}; again: {outcome.repeat()}")  # noqa: T201
        for failure in outcome.verdict.complaints[:_SHOWN_MAX]:
            print(f"  {failure}")  # noqa: T201
        if len(outcome.verdict.complaints) > _SHOWN_MAX:
            print(f"  and {len(outcome.verdict.complaints) - _SHOWN_MAX} more")  # noqa: T201


def _figure(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


def _as_json(outcomes: Sequence[_Outcome]) -> str:
    found = [
        {
            "trial": outcome.trial.name,
            "verdict": outcome.word,
            "seed": outcome.plan.seed,
            "sizes": dict(outcome.plan.sizes),
            "took_s": round(outcome.took_s, 1),
            "figures": dict(outcome.verdict.figures),
            "failures": outcome.verdict.complaints,
            "skipped": outcome.verdict.skipped,
            "command": outcome.repeat(),
        }
        for outcome in outcomes
    ]
    return json.dumps(found, indent=2) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for; the answer is the exit code."""
    known = trials()
    asked = _parser(known).parse_args(arguments)
    chosen = list(known.values()) if asked.trial == _ALL else [known[asked.trial]]
    outcomes = [_attempt(trial, asked.seed, vars(asked)) for trial in chosen]
    if sys.stderr.isatty():
        print(file=sys.stderr)  # noqa: T201  below the line of progress
    _show(outcomes)
    if asked.json:
        asked.json.write_text(_as_json(outcomes), encoding="utf-8")
    return int(any(outcome.verdict.complaints for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())
