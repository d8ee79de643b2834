"""How the figures are shown: a table for people, JSON for programs; both with the machine and the state of its disk."""

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table

from tests.bench.figures import Figure

__all__ = ["as_json", "print_table"]

_THOUSANDS = 1_000.0
_TENS = 10.0


def as_json(machine: Mapping[str, object], plan: Mapping[str, object], figures: Sequence[Figure]) -> dict[str, object]:
    """Return everything that was measured, and on what."""
    return {"machine": dict(machine), "plan": dict(plan), "figures": [figure.as_json() for figure in figures]}


def print_table(console: Console, machine: Mapping[str, object], figures: Sequence[Figure]) -> None:
    """Print the figures, group by group, with their goals beside them."""
    console.print(", ".join(f"{name} {_worded(value)}" for name, value in machine.items()), highlight=False)
    table = Table("", "median", "low", "high", "unit", "goal", "", show_edge=False, pad_edge=False)
    for column in table.columns[1:4]:
        column.justify = "right"
    group = ""
    for figure in figures:
        if figure.group != group:
            group = figure.group
            table.add_section()
            table.add_row(f"[bold]{group}[/bold]")
        verdict = {None: "", True: "met", False: "not met"}[figure.is_met]
        values = (_rounded(each) for each in (figure.median, min(figure.runs), max(figure.runs)))
        goal = "" if figure.goal is None else str(figure.goal)
        table.add_row(f"  {figure.name}", *values, figure.unit, goal, verdict)
    console.print(table)


def _rounded(value: float) -> str:
    if abs(value) >= _THOUSANDS:
        return f"{value:,.0f}"
    return f"{value:.1f}" if abs(value) >= _TENS else f"{value:.2f}"


def _worded(value: object) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
