"""How the figures are shown: tables for people, JSON for programs; both with the machine and the state of its disk."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from hookflash.cli.bench.figures import Figure
from hookflash.cli.bench.goals import Verdict

__all__ = ["Report", "rounded"]

_THOUSANDS = 1_000.0
_TENS = 10.0
_STYLES = {None: "dim", True: "green", False: "yellow"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything that was measured, on what, how, and what it says about the goals."""

    machine: Mapping[str, object]
    plan: Mapping[str, object]
    figures: Sequence[Figure]
    verdicts: Sequence[Verdict]

    def as_json(self) -> dict[str, object]:
        """Return it for programs."""
        return {
            "machine": dict(self.machine),
            "plan": dict(self.plan),
            "figures": [figure.as_json() for figure in self.figures],
            "goals": [verdict.as_json() for verdict in self.verdicts],
        }

    def show(self, console: Console) -> None:
        """Print the machine, the figures group by group, and the goals."""
        console.print(", ".join(f"{name} {_worded(value)}" for name, value in self.machine.items()), highlight=False)
        console.print()
        console.print(self._figures())
        console.print()
        console.print(self._goals() if self.verdicts else "A quick run: no goal is judged by it.")

    def _figures(self) -> Table:
        table = Table("", "median", "lowest", "highest", "unit", show_edge=False, pad_edge=False)
        for column in table.columns[1:4]:
            column.justify = "right"
        group = ""
        for figure in self.figures:
            if figure.group != group:
                group = figure.group
                table.add_section()
                table.add_row(f"[bold]{group}[/bold]")
            table.add_row(f"  {figure.name}", *map(rounded, (figure.median, figure.low, figure.high)), figure.unit)
        return table

    def _goals(self) -> Table:
        table = Table("goal", "", "median", "", show_edge=False, pad_edge=False)
        table.columns[2].justify = "right"
        for verdict in self.verdicts:
            median = "" if verdict.figure is None else rounded(verdict.figure.median)
            style = _STYLES[verdict.is_met]
            table.add_row(verdict.goal.says, verdict.goal.bounds, median, f"[{style}]{verdict.word}[/{style}]")
        return table


def rounded(value: float) -> str:
    """Return a value with as many digits as it deserves."""
    if abs(value) >= _THOUSANDS:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= _TENS else f"{value:.2f}"


def _worded(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
