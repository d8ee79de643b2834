"""`python -m tests.bench [--quick] [--json FILE]`: measure, beside a bare echo server in the same run.

The table goes to stdout, progress to stderr. A goal that is missed is no failure: the figures are published as they
are. What cannot be measured at all is exit code 1.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from tests.bench import machine
from tests.bench.figures import Figure
from tests.bench.measuring import (
    Plan,
    measure_calls,
    measure_in_process,
    measure_open_conversations,
    measure_transfers,
)
from tests.bench.processes import BenchError
from tests.bench.report import as_json, print_table

_PARTS: dict[str, Callable[[Plan], Awaitable[list[Figure]]]] = {
    "calls": measure_calls,
    "transfers": measure_transfers,
    "open": measure_open_conversations,
    "in-process": measure_in_process,
}


def main(arguments: list[str] | None = None) -> int:
    """Measure what was asked for; return the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.directory is not None and not options.directory.is_dir():
        parser.error(f"{options.directory} is no directory.")
    with tempfile.TemporaryDirectory(prefix="hookflash-bench-", dir=options.directory) as directory:
        plan = _plan(Path(directory), options)
        try:
            figures, described = asyncio.run(_measured(plan, options.only or list(_PARTS)))
        except BenchError as error:
            print(f"bench: {error}", file=sys.stderr)  # noqa: T201  a command prints
            return 1
    shown = {name: value for name, value in asdict(plan).items() if name != "directory"}
    if options.json is not None:
        text = json.dumps(as_json(described, shown, figures), indent=2)
        options.json.write_text(f"{text}\n", encoding="utf-8")
    print_table(Console(width=None if sys.stdout.isatty() else 120), described, figures)
    return 0


async def _measured(plan: Plan, parts: list[str]) -> tuple[list[Figure], dict[str, object]]:
    described = machine.described(plan.directory)
    before = machine.fdatasync_ms(plan.directory)
    figures = [figure for part in parts for figure in await _PARTS[part](plan)]
    after = machine.fdatasync_ms(plan.directory)
    # Disks of virtual machines change from minute to minute: both ends of the run are told.
    described["fdatasync_p50_ms"] = [round(before[0], 3), round(after[0], 3)]
    described["fdatasync_p99_ms"] = [round(before[1], 3), round(after[1], 3)]
    return figures, described


def _plan(directory: Path, options: argparse.Namespace) -> Plan:
    quick: bool = options.quick
    return Plan(
        directory=directory,
        rounds=options.rounds or (1 if quick else 5),
        in_flight=64,
        warm_up_s=0.1 if quick else 1.0,
        measured_s=options.seconds or (0.25 if quick else 4.0),
        talked_in_count=4 if quick else 64,
        transferred_count=4 if quick else 32,
        open_count=options.open or (50 if quick else 10_000),
        restarts=1 if quick else 3,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="tiny counts: whether it runs, not how fast it is")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there, too")
    parser.add_argument("--only", action="append", choices=list(_PARTS), help="only this part; may be repeated")
    parser.add_argument("--rounds", type=int, metavar="N", help="how often each part is measured (5)")
    parser.add_argument("--seconds", type=float, metavar="S", help="how long each run is measured (4)")
    parser.add_argument("--open", type=int, metavar="N", help="how many conversations are open (10,000)")
    parser.add_argument("--directory", type=Path, metavar="DIR", help="where the journals lie: on the disk to measure")
    return parser


if __name__ == "__main__":
    sys.exit(main())
