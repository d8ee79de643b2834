"""Reading a SQLite journal: connections of its own, so nobody who reads waits for who writes.

Every group is checked against the chain of hashes as it is read; what does not hold is refused, never skipped.
"""

import sqlite3
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import Any, Final

from hookflash.engine.journal.data_directory import JOURNAL_FILE, inspect, translated
from hookflash.engine.journal.errors import Damaged, Gone, JournalBroken, JournalError, Unreadable
from hookflash.engine.journal.groups import Group, records_of, tail_of
from hookflash.engine.journal.port import Report, Tail
from hookflash.engine.journal.record import Record

__all__ = ["GroupReader", "open_reader", "verify_directory"]

_ROW: Final = "SELECT first_position, last_position, epoch, previous_hash, last_hash, body FROM groups "
_AT: Final = _ROW + "WHERE first_position <= ? ORDER BY first_position DESC LIMIT 1"
_BEFORE: Final = _ROW + "WHERE first_position < ? ORDER BY first_position DESC LIMIT 1"
_NEXT: Final = _ROW + "WHERE first_position > ? ORDER BY first_position LIMIT 1"
_LAST: Final = _ROW + "ORDER BY first_position DESC LIMIT 1"
_LATEST: Final = (
    "SELECT min(first_position) FROM (SELECT first_position FROM groups ORDER BY first_position DESC LIMIT ?)"
)


class GroupReader:
    """One reading connection, usable from any thread, one query at a time; checking and decoding run beside it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock = Lock()
        self._connection = sqlite3.connect(
            f"{(directory / JOURNAL_FILE).resolve().as_uri()}?mode=ro",
            uri=True,
            isolation_level=None,
            check_same_thread=False,
        )

    def tail(self) -> Tail:
        """The journal's end, as it is on disk."""
        return tail_of(self._group(_LAST))

    def read(self, after: int, limit: int) -> list[Record]:
        """The records after a position, at most `limit`, checked."""
        return list(islice(self._stream(after), limit))

    def record(self, position: int) -> Record:
        """The record at a position, checked within its group."""
        group = self._group(_AT, position)
        if group is None or not group.first_position <= position <= group.last_position:
            raise Gone(position, self.tail().position)
        before = self._group(_BEFORE, group.first_position)
        return next(record for record in records_of([group], 0, before) if record.position == position)

    def verify_tail(self, groups: int) -> Tail:
        """Check the last groups, and return the end that they lead to.

        Raises:
            Damaged: one of them does not hold; with the position, for which all is read where SQLite does not say it.
        """
        try:
            (first,) = self._fetch(_LATEST, groups) or (None,)
            for _ in self._stream(after=(first or 1) - 1):
                pass
            return self.tail()
        except Damaged as damage:
            if damage.position:
                raise
            raise Damaged(self.verify().damaged_position or 0, damage.why) from damage

    def verify(self) -> Report:
        """Check everything: SQLite's own structure, every hash, every event."""
        good = 0
        try:
            for record in self.stream():
                good = record.position
            complaint = self.complaint()
        except Damaged as damage:
            # SQLite itself does not say where it hurts; the record after the last good one is the first in doubt.
            return Report(records=good, damaged_position=damage.position or good + 1, why=damage.why)
        if complaint:
            return Report(records=good, damaged_position=good + 1, why=complaint)
        return Report(records=good)

    def stream(self, after: int = 0) -> Iterator[Record]:
        """All records after a position up to the end as it is by then, one by one, checked. Raises Damaged."""
        return self._stream(after)

    def complaint(self) -> str:
        """What SQLite finds wrong with the file's own structure; empty where nothing."""
        found = self._fetch("PRAGMA quick_check(1)")
        return "" if found == ("ok",) else str(found and found[0])

    def close(self) -> None:
        """Close the connection."""
        with self._lock:
            self._connection.close()

    def _stream(self, after: int) -> Iterator[Record]:
        before = self._group(_AT, max(after, 0))
        if before is not None and before.last_position > after:
            yield from records_of([before], after, self._group(_BEFORE, before.first_position))
        while (group := self._group(_NEXT, before.first_position if before else 0)) is not None:
            yield from records_of([group], after, before)
            before = group

    def _group(self, statement: str, *parameters: int) -> Group | None:
        row = self._fetch(statement, *parameters)
        if row is None:
            return None
        first, last, epoch, previous, chain, body = row
        blobs = (previous, chain, body)
        if not (isinstance(first, int) and isinstance(last, int) and all(isinstance(blob, bytes) for blob in blobs)):
            where = first if isinstance(first, int) else 0
            raise Damaged(where, "the row there is not of the form that it was written in")
        return Group(first, last, epoch, previous, chain, body)

    def _fetch(self, statement: str, *parameters: int) -> tuple[Any, ...] | None:
        try:
            with self._lock:
                row: tuple[Any, ...] | None = self._connection.execute(statement, parameters).fetchone()
                return row
        except sqlite3.Error as error:
            raise _reading_failed(error, self._directory) from error


def _reading_failed(error: sqlite3.Error, directory: Path) -> JournalError:
    found = translated(error, directory)
    return (
        found
        if isinstance(found, (Damaged, Unreadable))
        else JournalBroken(f"The journal in {directory} could not be read ({error}). See to the disk, then try again.")
    )


def verify_directory(directory: Path) -> Report:
    """Verify a data directory's journal without owning it, also one that an engine is using or that will not open.

    Raises:
        Foreign, Unreadable: there is no journal of ours that could be read.
    """
    reader = open_reader(directory)
    try:
        return reader.verify()
    finally:
        reader.close()


def open_reader(directory: Path) -> GroupReader:
    """Read a data directory's journal without owning it; the caller closes.

    Raises:
        Foreign, Unreadable: there is no journal of ours that could be read.
    """
    if not inspect(directory):
        raise Unreadable(f"There is no journal in {directory}. Name the directory that the engine was started with.")
    try:
        return GroupReader(directory)
    except sqlite3.Error as error:
        raise _reading_failed(error, directory) from error
