"""Mending, as far as it is provably safe: what can be made anew from the journal is, and nothing else is touched.

The journal is the truth and is never written here: a record that is damaged stays, because whatever comes after it
was decided upon it. A transaction that a crash cut short is SQLite's own business and was undone when it was opened.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hookflash.engine.checker import Promise
from hookflash.engine.journal.sqlite import SqliteJournal
from hookflash.engine.views.rebuild import rebuild
from hookflash.engine.views.store import VIEWS_FILE, Views

from .findings import Report, Step

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["mend"]


def mend(data: Path, report: Report, *, is_forced: bool) -> tuple[Step, ...]:
    """Do what can be done, and say what was not and why.

    `is_forced`: make the views anew although they match, or although they tell of records that are missing.

    Raises InUse: a server owns the directory.
    """
    steps: list[Step] = []
    where, missing = report.journal.damaged_position, report.journal.missing
    if missing and not is_forced:
        steps.append(_refused(f"The last {missing} records, from position {where}, are gone; only a backup has them."))
        steps.append(
            _refused("The views stay, for they alone tell of it; --rebuild-views goes on without the records.")
        )
        return (*steps, *_beyond(report))
    if where is not None and not missing:
        steps.append(_refused(f"The journal is damaged at position {where}; only a backup brings that back."))
        steps.append(_refused("The views are not made anew from a journal that cannot be read to its end."))
        return (*steps, *_beyond(report))
    if is_forced or report.views.state != "MATCH" or report.views.put_aside:
        steps.append(_rebuilt(data, report.views.state))
    steps.extend(_beyond(report))
    return tuple(steps) or (_refused("Nothing needs to be mended."),)


def _rebuilt(data: Path, was: str) -> Step:
    journal = SqliteJournal.open(data)  # Takes the lock: a server that runs has it, and then this is refused.
    try:
        views = Views.open(data / VIEWS_FILE)
        try:
            aside = rebuild(journal, views)
        finally:
            views.close()
    finally:
        journal.close()
    fact = f"The views ({was}) were made anew from the journal"
    return Step(is_done=True, what=f"{fact}; {len(aside)} rows were put aside." if aside else f"{fact}.")


def _beyond(report: Report) -> list[Step]:
    steps = []
    # What the views hold otherwise (I10) is theirs to mend; the rest happened.
    number = sum(violation.promise is not Promise.I10 for violation in report.violations)
    if number:
        fact = f"{number} violations are history: records are never changed or dropped. Report them as defects."
        steps.append(_refused(fact))
    if report.audit_log.state == "BROKEN":
        steps.append(_refused(f"The audit log stays as it is ({report.audit_log.fact}): mending would hide the break."))
    return steps


def _refused(what: str) -> Step:
    return Step(is_done=False, what=what)
