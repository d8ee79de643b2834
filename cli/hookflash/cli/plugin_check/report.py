"""What a plugin's check says: a row a level, then whatever stands in the way; plain data for programs."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from hookflash.cli.text import plain

from .examination import LEVELS, Outcome

if TYPE_CHECKING:
    from .examination import Report

__all__ = ["show"]


def show(report: Report, form: str, *, is_verbose: bool) -> None:
    """Print the report in the form that was asked for; `is_verbose` adds what pytest said."""
    match form:
        case "json" | "jsonl":
            print(json.dumps(_data_of(report), indent=2 if form == "json" else None, ensure_ascii=False))
        case "yaml":
            from hookflash.cli.output import as_yaml

            print(as_yaml(_data_of(report)), end="")
        case "name":
            print(report.level)
        case _:
            for line in _lines(report):
                print(line)
            if is_verbose:
                print(report.said)


def _lines(report: Report) -> list[str]:
    reached = LEVELS.index(report.level) + 1 if report.level else 0
    rows = [("LEVEL", "STATE", "PASSED", "NOT APPLICABLE", "MISSING", "FAILED")]
    for number, level in enumerate(LEVELS):
        counts = Counter(check.outcome for check in report.checks if check.level == level)
        state = "reached" if number < reached else "open"
        order = (Outcome.PASSED, Outcome.SKIPPED, Outcome.MISSING, Outcome.FAILED)
        rows.append((level, state, *(str(counts[outcome]) for outcome in order)))  # type: ignore[arg-type]
    widths = [max(len(row[n]) for row in rows) for n in range(len(rows[0]))]
    lines = ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    for check in report.open():
        because = f": {plain(check.reason)}" if check.reason else ""
        lines.append(f"{check.level:<8}  {check.outcome}  {check.name.replace('_', ' ')}{because}")
    has_failed = any(check.outcome is Outcome.FAILED for check in report.checks)
    none = "no level; see what failed with -v" if has_failed else "no level"
    lines.append(f"{report.target}: {report.level or none}")
    return lines


def _data_of(report: Report) -> dict[str, Any]:
    return {
        "target": report.target,
        "level": report.level,
        "checks": [
            {"level": each.level, "name": each.name, "outcome": str(each.outcome), "reason": each.reason}
            for each in report.checks
        ],
    }
