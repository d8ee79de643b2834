"""`hookflash replay`: a recorded day under another strategy, beside what it was.

One of the few modules here that import the engine, and only when it runs. It reads a journal and writes nothing.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from msgspec import to_builtins

from hookflash.cli.failures import CommandError, ExitCode
from hookflash.cli.options import Given
from hookflash.cli.tree import Verb

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hookflash.engine.replay import Comparison, Measures, Trial

__all__ = ["replay"]

_AGENTS_SHOWN_MAX = 50


@click.command(cls=Verb)
@click.option("--strategy", required=True, metavar="NAME", help="The strategy to try.")
@click.option(
    "--from", "data", required=True, metavar="DIR", type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="The data directory with the recorded day, or a copy of one.",
)  # fmt: skip
@click.option("--queue", metavar="QUEUE", help="Try it in this queue, and measure this queue, only.")
@click.option("--option", "options", metavar="KEY=VALUE", multiple=True, help="One of its strategy_options.")
@click.option(
    "--within", "within_s", metavar="SECONDS", type=click.FloatRange(min=0), default=20.0, show_default=True,
    help="The time within which an answer counts for the service level.",
)  # fmt: skip
@click.option(
    "--plugins-dir", metavar="DIR", type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="A folder with further plugins.",
)  # fmt: skip
@click.option("--conversations-max", type=click.IntRange(min=1), default=100_000, show_default=True, hidden=True)
@click.pass_context
def replay(
    context: click.Context,
    strategy: str,
    data: Path,
    queue: str | None,
    options: tuple[str, ...],
    within_s: float,
    plugins_dir: Path | None,
    conversations_max: int,
) -> int:
    """Replay a recorded day under another strategy and compare.

    Three columns: what was recorded; the same day simulated with the strategies it had, which says how far to believe
    the model; and simulated with the one to try. The engine's own rules decide in the simulation. Taken as recorded:
    settings, who was logged in and ready when, when customers came and when those left who left. Assumed: an agent
    answers his offers as he answered the recorded ones, in that order and over again; whoever takes a conversation
    needs as long as the recorded agent did, or the queue's median where nobody took it; other customers wait for the
    whole ttl. Not replayed, and counted: conferences, and invites to a named agent. The same day gives the same table.
    """
    from hookflash.engine.replay import Trial

    trial = Trial(
        strategy=strategy,
        options=dict(_pair(each) for each in options),
        queue=None if queue is None else _queue(queue),
        within_s=within_s,
        conversations_max=conversations_max,
    )
    given = context.find_object(Given) or Given()
    comparison = _compared(data, plugins_dir, trial)
    match given.form:
        case "json":
            print(json.dumps(_plain(comparison), indent=2))
        case "jsonl":
            print(json.dumps(_plain(comparison)))
        case "yaml":
            from hookflash.cli.output import as_yaml

            print(as_yaml(_plain(comparison)), end="")
        case _:
            for line in _table(comparison, trial):
                print(line)
    return ExitCode.OK


def _compared(data: Path, plugins_dir: Path | None, trial: Trial) -> Comparison:
    from hookflash.engine.journal.errors import JournalError
    from hookflash.engine.journal.sqlite_reader import open_reader
    from hookflash.engine.plugins import PluginHost, PluginSettings
    from hookflash.engine.replay import DayTooLong, NotTried, compare

    try:
        reader = open_reader(data)
        try:
            plugins = PluginHost.load(PluginSettings(plugins_dir=plugins_dir), lambda: 0.0)
            return compare(reader.stream, plugins, trial)
        finally:
            reader.close()
    except (JournalError, DayTooLong, NotTried) as error:
        raise CommandError(str(error)) from error


def _pair(given: str) -> tuple[str, str]:
    key, equals, value = given.partition("=")
    if not key or not equals:
        raise CommandError(f"{given!r} is no option; write it like by=ratio.", ExitCode.USAGE)
    return key, value


def _queue(given: str) -> Any:  # noqa: ANN401 - the engine's id type is not imported here
    return given.removeprefix("queues/")


def _plain(comparison: Comparison) -> Mapping[str, object]:
    plain: Mapping[str, object] = to_builtins(comparison)
    return plain


def _table(comparison: Comparison, trial: Trial) -> list[str]:
    columns = (comparison.recorded, comparison.as_it_was, comparison.tried)
    rows: list[tuple[str, ...]] = [("", "RECORDED", "SIMULATED AS IT WAS", f"SIMULATED {trial.strategy}")]
    rows += [(head, *(cells[place] for cells in map(_cells, columns))) for place, head in enumerate(_heads(trial))]
    by_agent = [{agent.agent: agent for agent in column.agents} for column in columns]
    names = sorted(set().union(*by_agent))
    for name in names[:_AGENTS_SHOWN_MAX]:
        found = [agents.get(name) for agents in by_agent]
        rows.append((f"agent {name}", *(f"{a.handled} handled, {a.occupancy:.0%}" if a else "-" for a in found)))
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    if len(names) > _AGENTS_SHOWN_MAX:
        lines.append(f"... and {len(names) - _AGENTS_SHOWN_MAX:,} agents more; `-o json` has them.")
    return [*lines, *(f"Not replayed: {number:,} {what}." for what, number in comparison.left_out.items())]


def _heads(trial: Trial) -> tuple[str, ...]:
    return (
        *("arrivals", "answered", "abandoned", "unserved", "waiting at the end"),
        f"service level ({trial.within_s:g} s)",
        *("wait, average", "wait, median", "wait, 95th percentile", "offers per answer", "faults", "occupancy"),
        *("Gini of handled", "Gini of occupancy"),
    )


def _cells(column: Measures) -> tuple[str, ...]:
    counts = (column.arrivals, column.answered, column.abandoned, column.unserved, column.waiting)
    waits = (column.wait_average_s, column.wait_median_s, column.wait_p95_s)
    return (
        *(f"{number:,}" for number in counts),
        f"{column.service_level:.1%}",
        *("-" if wait is None else f"{wait:.1f} s" for wait in waits),
        "-" if column.offers_per_answer is None else f"{column.offers_per_answer:.2f}",
        f"{column.faults:,}",
        f"{column.occupancy:.1%}",
        f"{column.handled_gini:.3f}",
        f"{column.occupancy_gini:.3f}",
    )
