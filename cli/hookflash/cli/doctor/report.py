"""What a doctor says: a table for people, plain data for programs."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .findings import Report, Step

__all__ = ["show"]

_SHOWN_MAX = 20


def show(report: Report, done: tuple[Step, ...], form: str) -> None:
    """Print the report in the form that was asked for."""
    match form:
        case "json":
            print(json.dumps(report.plain(done), indent=2, ensure_ascii=False))
        case "jsonl":
            print(json.dumps(report.plain(done), ensure_ascii=False))
        case "yaml":
            from hookflash.cli.output import as_yaml

            print(as_yaml(report.plain(done)), end="")
        case _:
            for line in _lines(report, done):
                print(line)


def _lines(report: Report, done: tuple[Step, ...]) -> list[str]:
    return [*_journal(report), "", *_promises(report), "", *_violations(report), *_beside(report), *_done(done)]


def _journal(report: Report) -> list[str]:
    journal = report.journal
    damaged = journal.damaged_position
    state = "sound" if damaged is None else f"damaged at position {damaged}: {journal.why}"
    speed = journal.events / report.seconds if report.seconds else 0.0
    lines = [
        f"The journal in {report.data} is {state}.",
        f"Checked {journal.records:,} records with {journal.events:,} events and {journal.boots:,} boots.",
        f"That took {report.seconds:.1f} s ({speed:,.0f} events/s); the journal takes {_size(journal.size_bytes)}.",
    ]
    if journal.began_at is not None and journal.ended_at is not None:
        lines.append(f"It goes from {_time(journal.began_at)} to {_time(journal.ended_at)}.")
    if damaged is not None:
        lines.append(f"Everything below is about the records before position {damaged}.")
    if report.is_in_use:
        lines.append("A server is using it: what it wrote since is not in here.")
    if journal.plugin_faults:
        lines.append(f"Plugins failed {journal.plugin_faults:,} times; each time the fallback went on.")
    return lines


def _promises(report: Report) -> list[str]:
    rows = [("PROMISE", "STATE", "CHECKED BY")]
    for found in report.promises:
        state = found.state if not found.violations else f"BROKEN {found.violations:,}x"
        missing = f"not checked: {found.missing}" if found.missing else ""
        rows.append((str(found.promise), state, "; ".join(filter(None, (found.checked, missing)))))
    widths = [max(len(row[n]) for row in rows) for n in range(2)]
    return [f"{name:<{widths[0]}}  {state:<{widths[1]}}  {checked}" for name, state, checked in rows]


def _violations(report: Report) -> list[str]:
    shown = [str(each) for each in report.violations[:_SHOWN_MAX]]
    more = len(report.violations) - len(shown)
    if more:
        shown.append(f"... and {more:,} more; `-o json` has them.")
    return [*shown, ""] if shown else []


def _beside(report: Report) -> list[str]:
    views, log = report.views, report.audit_log
    place = f" at position {views.watermark:,}, {views.lag:,} records behind" if views.watermark else ""
    lines = [f"Views: {views.state}{place}; {_size(views.size_bytes)}."]
    lines += [f"  {fact}" for fact in views.facts[:_SHOWN_MAX]]
    lines += [f"  put aside: {fact}" for fact in views.put_aside[:_SHOWN_MAX]]
    lines.append(f"Audit log: {log.state}{f' ({log.fact})' if log.fact else ''}.")
    lines.append("What a running server has quarantined is in its memory and its log only.")
    return lines


def _done(done: tuple[Step, ...]) -> list[str]:
    return ["", *(f"{'Mended' if step.is_done else 'Left'}: {step.what}" for step in done)] if done else []


def _size(count: int) -> str:
    return f"{count / 1_048_576:.1f} MiB"


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds")
