"""A whole benchmark: rounds over everything that was asked for, then tables, JSON and a picture of what they gave.

Results go to stdout, progress to stderr. A goal that is missed is no failure: the figures are published as they are.
"""

import asyncio
import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.status import Status

from hookflash.cli.bench import machine
from hookflash.cli.bench.figures import Sample, gathered
from hookflash.cli.bench.goals import judged
from hookflash.cli.bench.measurements import Measurement
from hookflash.cli.bench.plot import drawn, panels_of
from hookflash.cli.bench.processes import BenchError
from hookflash.cli.bench.report import Report
from hookflash.cli.bench.round import QUICK, Plan, Round

__all__ = ["Options", "run"]

_ROUNDS = 3
_WIDTH_OF_A_FILE = 140


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What was asked for on the command line."""

    only: Sequence[str] = ()
    is_quick: bool = False
    rounds: int | None = None
    seconds: float | None = None
    json: Path | None = None
    svg: Path | None = None
    directory: Path | None = None

    @property
    def plan(self) -> Plan:
        """How much is measured."""
        plan = QUICK if self.is_quick else Plan(rounds=_ROUNDS)
        plan = plan if self.rounds is None else replace(plan, rounds=self.rounds)
        return plan if self.seconds is None else replace(plan, measured_s=self.seconds)


def run(options: Options, measurements: Mapping[str, Measurement], console: Console, progress: Console) -> int:
    """Measure, show, and write the files; return the exit code, 1 where something could not be measured."""
    wanted = {name: each for name, each in measurements.items() if not options.only or name in options.only}
    with tempfile.TemporaryDirectory(prefix="hookflash-bench-", dir=options.directory) as directory:
        try:
            with progress.status("starting") as status:
                report = asyncio.run(_measured(Path(directory), options.plan, wanted, _teller(progress, status)))
        except BenchError as error:
            print(f"hookflash: {error}", file=sys.stderr)
            return 1
    if options.json is not None:
        options.json.write_text(json.dumps(report.as_json(), indent=2) + "\n", encoding="utf-8")
    if options.svg is not None:
        options.svg.write_text(drawn(panels_of(report.figures), _caption(report)), encoding="utf-8")
    if not console.is_terminal:
        console.width = _WIDTH_OF_A_FILE
    report.show(console)
    return 0


def _teller(progress: Console, status: Status) -> Callable[[str], None]:
    def tell(line: str) -> None:
        status.update(line)
        progress.print(line, style="dim", highlight=False)

    return tell


async def _measured(
    directory: Path, plan: Plan, measurements: Mapping[str, Measurement], say: Callable[[str], None]
) -> Report:
    described = machine.described(directory)
    syncs = [machine.fdatasync_ms(directory)]
    samples: list[Sample] = []
    for number in range(plan.rounds):
        async with Round(plan, directory, say) as round_:
            for name, each in measurements.items():
                if number < each.rounds_max:
                    say(f"round {number + 1} of {plan.rounds}: {name}")
                    samples += await each.measure(round_)
        # The disk of a virtual machine changes from minute to minute: its state is told for every round's end.
        syncs.append(machine.fdatasync_ms(directory))
    described["fdatasync_p50_ms"] = [round(p50, 3) for p50, _ in syncs]
    described["fdatasync_p99_ms"] = [round(p99, 3) for _, p99 in syncs]
    figures = gathered(samples)
    # A quick run says nothing about goals: its loads end before they are warm.
    verdicts = [] if plan.is_quick else judged(figures)
    return Report(machine=described, plan=asdict(plan), figures=figures, verdicts=verdicts)


def _caption(report: Report) -> str:
    described = report.machine
    return (
        f"{described['cores']} cores, {described['cpu']}; {described['system']}; {described['python']};"
        f" medians of {report.plan['rounds']} rounds, whiskers from the lowest to the highest"
    )
