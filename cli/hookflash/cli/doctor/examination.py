"""Examining a data directory: one pass over the journal through the checker, then the views and the audit log.

It takes no lock and writes nothing, so it works beside a running server: it judges the journal up to where it ended
when the pass came there.
"""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING

from hookflash.engine.checker import Checker, Histories, Promise, read_histories
from hookflash.engine.domain.events import Booted, PluginFault
from hookflash.engine.journal.data_directory import JOURNAL_FILE, is_in_use
from hookflash.engine.journal.errors import Damaged, RecordsMissing
from hookflash.engine.journal.sqlite_reader import open_reader
from hookflash.engine.server.audit import audit_files, first_broken_line
from hookflash.engine.server.methods import methods
from hookflash.engine.views.examination import examine
from hookflash.engine.views.store import VIEWS_FILE

from .findings import AuditLogFound, JournalFound, PromiseFound, Report, ViewsFound

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from pathlib import Path

    from hookflash.engine.domain.address import Address
    from hookflash.engine.domain.states import State
    from hookflash.engine.journal.record import Record
    from hookflash.engine.journal.sqlite_reader import GroupReader
    from hookflash.engine.views.examination import ViewsSeen

__all__ = ["examine_directory"]

_PROGRESS_RECORDS = 256

_SOURCES = {
    Promise.I1: ("", "calls"),
    Promise.I2: ("keys of all records", "calls"),
    Promise.I3: ("numbers and settlements", "handed"),
    Promise.I6: ("ends and deadlines, up to the last record", "calls"),
    Promise.I7: ("notices and transcript numbers", "handed"),
    Promise.I10: ("views' snapshots against the fold, at their watermark", ""),
    Promise.I13: ("positions, causes, keys, hash chain", ""),
    Promise.I14: ("the policy table, over every event", ""),
    Promise.I16: ("", "gauges"),
}
"""By what each promise is checked: in the journal, and in which history. Promises not here: the journal, whole."""


class _Tally:
    """What is counted on the way, and the replayed states as they were at the views' watermark."""

    def __init__(self, checker: Checker, watermark: int) -> None:
        self.checker, self.watermark = checker, watermark
        self.boots = self.faults = 0
        self.began_at: float | None = None
        self.at_watermark: tuple[float, dict[Address, State | None]] | None = None

    def follow(self, record: Record) -> None:
        self.checker.follow(record)
        if self.began_at is None:
            self.began_at = record.at
        for fact in record.facts:
            self.boots += isinstance(fact.event, Booted)
            self.faults += isinstance(fact.event, PluginFault)
        if record.position == self.watermark and self.checker.replay is not None:
            self.at_watermark = record.at, dict(self.checker.replay.states)


def examine_directory(
    data: Path, histories: Iterable[Path], canaries: Collection[str], progress: Callable[[int, int], None]
) -> Report:
    """Examine it. Raises JournalError where there is no journal to read, HistoryError for a bad history."""
    seen = read_histories(histories)
    reader = open_reader(data)
    try:
        views = examine(data / VIEWS_FILE)  # Before the journal, which is then never behind them.
        roles = {method.path: method.roles for method in methods()}
        tally = _Tally(Checker(methods=roles), views.watermark if views is not None else 0)
        began = monotonic()
        damage = _read(reader, tally, progress)
        seconds = monotonic() - began
    finally:
        reader.close()
    checker = tally.checker
    found_views = _views_found(views, tally, is_whole=damage is None)
    missing = _missing(tally) if damage is None else None
    first = damage or missing
    if damage is None:
        checker.finish(clients=seen.calls, channels=seen.handed, gauges=seen.gauges or (), canaries=canaries)
    journal = JournalFound(
        records=checker.records,
        events=checker.events,
        boots=tally.boots,
        size_bytes=_size(data),
        began_at=tally.began_at,
        ended_at=checker.at if checker.records else None,
        plugin_faults=tally.faults,
        damaged_position=None if first is None else first.position or checker.records + 1,
        why="" if first is None else first.why,
        missing=0 if missing is None else missing.known - missing.end,
    )
    return Report(
        data=str(data),
        is_in_use=is_in_use(data),
        journal=journal,
        promises=tuple(_promise_found(promise, checker, seen, first, views) for promise in Promise),
        violations=tuple(checker.violations),
        views=found_views,
        audit_log=_audit_log(data),
        seconds=seconds,
    )


def _read(reader: GroupReader, tally: _Tally, progress: Callable[[int, int], None]) -> Damaged | None:
    """Follow the journal to its end, or to where it can be read no further."""
    try:
        everything = reader.tail().position
        for number, record in enumerate(reader.stream(), start=1):
            tally.follow(record)
            if number % _PROGRESS_RECORDS == 0:
                progress(number, max(everything, number + 1))
        progress(everything, everything)
        complaint = reader.complaint()
    except Damaged as damage:
        return damage
    return Damaged(tally.checker.records + 1, complaint) if complaint else None


def _missing(tally: _Tally) -> RecordsMissing | None:
    """The views stand beyond the journal's end, so acknowledged records are lost behind it (I1)."""
    end, known = tally.checker.records, tally.watermark
    return RecordsMissing(end, known) if known > end else None


def _promise_found(
    promise: Promise, checker: Checker, seen: Histories, damage: Damaged | None, views: ViewsSeen | None
) -> PromiseFound:
    checked, history = _SOURCES.get(promise, ("the journal, whole", ""))
    missing = "" if not history or getattr(seen, history) is not None else f"a history of {_WORDS[history]}"
    if history and not missing:
        checked = f"{checked}; {_WORDS[history]}" if checked else _WORDS[history]
    if promise is Promise.I10 and (views is None or views.unusable):
        checked, missing = "every event can be folded", "views to compare with"
    violations = checker.counts.get(promise, 0)
    if damage is not None and promise is (Promise.I1 if isinstance(damage, RecordsMissing) else Promise.I13):
        violations += 1
    state = "BROKEN" if violations else "KEPT" if checked else "NOT_CHECKED"
    return PromiseFound(promise=promise, state=state, checked=checked, missing=missing, violations=violations)


_WORDS = {"calls": "clients' calls", "handed": "what channels were handed", "gauges": "gauges"}


def _views_found(seen: ViewsSeen | None, tally: _Tally, *, is_whole: bool) -> ViewsFound:
    last = tally.checker.records
    if seen is None or seen.unusable:
        state = "MISSING" if seen is None else "UNUSABLE"
        why = () if seen is None else (seen.unusable,)
        size = 0 if seen is None else seen.size_bytes
        return ViewsFound(state=state, watermark=0, lag=last, size_bytes=size, facts=why, put_aside=())
    facts = _differences(seen, tally) if is_whole or tally.at_watermark else ()
    return ViewsFound(
        state="DIFFER" if facts else "MATCH" if is_whole or tally.at_watermark else "UNKNOWN",
        watermark=seen.watermark,
        lag=max(0, last - seen.watermark),
        size_bytes=seen.size_bytes,
        facts=facts,
        put_aside=tuple(f"{row.relation} at {row.position}: {row.reason}" for row in seen.put_aside),
    )


def _differences(seen: ViewsSeen, tally: _Tally) -> tuple[str, ...]:
    """What the snapshots at the watermark hold otherwise than the journal up to there (I10)."""
    if seen.watermark == 0:
        return ("they show entities of an empty journal",) if seen.states else ()
    if tally.at_watermark is None:
        return (f"they stand at position {seen.watermark}, beyond the journal's end at {tally.checker.records}",)
    at, states = tally.at_watermark
    if at != seen.at:
        return (f"they show another past: position {seen.watermark} is of another time there",)
    return tuple(tally.checker.compare_snapshots(states, seen.states, position=seen.watermark))


def _audit_log(data: Path) -> AuditLogFound:
    files = audit_files(data)
    if not files:
        return AuditLogFound(state="MISSING", fact="there is no audit log here")
    broken = first_broken_line(files)
    if broken is not None:
        path, line = broken
        return AuditLogFound(state="BROKEN", fact=f"the chain of hashes breaks at line {line} of {path.name}")
    return AuditLogFound(state="WHOLE", fact="")


def _size(data: Path) -> int:
    paths = (data / f"{JOURNAL_FILE}{suffix}" for suffix in ("", "-wal"))
    return sum(path.stat().st_size for path in paths if path.exists())
