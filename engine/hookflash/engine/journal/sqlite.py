"""The default journal: one SQLite file, one row per group, durable when `append` returns.

WAL with `synchronous=FULL`, always: NORMAL loses acknowledged commits at power loss and gains a tenth. The lock on the
directory keeps a second owner out; the epoch, checked inside every append, stops one that came in all the same.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import Final, Self

from hookflash.engine.failpoints import JOURNAL_AFTER_APPEND, JOURNAL_AFTER_SYNC, JOURNAL_BEFORE_APPEND, Failpoints
from hookflash.engine.journal.data_directory import JOURNAL_FILE, DirectoryLock, create, inspect, prepare, translated
from hookflash.engine.journal.errors import (
    Conflict,
    InUse,
    JournalBroken,
    JournalError,
    JournalFull,
    RecordsMissing,
)
from hookflash.engine.journal.groups import seal
from hookflash.engine.journal.port import Report, Tail
from hookflash.engine.journal.record import Record
from hookflash.engine.journal.sqlite_reader import GroupReader, verify_directory

__all__ = ["SqliteJournal", "verify_directory"]

_GROUPS_VERIFIED_AT_OPEN: Final = 16
_INSERT: Final = (
    "INSERT INTO groups (first_position, last_position, epoch, previous_hash, last_hash, body) "
    "VALUES (?, ?, ?, ?, ?, ?)"
)
_STANDING: Final = (
    "SELECT epoch, coalesce((SELECT last_position FROM groups ORDER BY first_position DESC LIMIT 1), 0) FROM meta"
)
_PRAGMAS: Final = (
    "PRAGMA busy_timeout=2000",
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA wal_autocheckpoint=16000",
    "PRAGMA journal_size_limit=67108864",
    "PRAGMA trusted_schema=OFF",
)


class SqliteJournal:
    """A Journal in `journal.sqlite` of a data directory. Appends come one at a time, reads from any thread."""

    def __init__(
        self, directory: Path, lock: DirectoryLock | None, failpoints: Failpoints | None = None, *, known: int = 0
    ) -> None:
        """Open a journal that exists; `open` does all that comes before. Without a lock only the epoch protects it."""
        self._directory = directory
        self._lock = lock
        self._failpoints = failpoints or Failpoints()
        self._appending = Lock()
        self._broken: JournalError | None = None
        self._writer = sqlite3.connect(directory / JOURNAL_FILE, isolation_level=None, check_same_thread=False)
        try:
            for pragma in _PRAGMAS:
                self._writer.execute(pragma).fetchall()
            self._reader = GroupReader(directory)
        except BaseException:
            self._writer.close()
            raise
        try:
            self._tail = self._reader.verify_tail(_GROUPS_VERIFIED_AT_OPEN)
            self._check_reaches(known)
            self._epoch = self._raise_epoch()
        except BaseException:
            # Whoever closes last empties the log into the file. A reader may not, so the damage stays to be looked at.
            self._writer.close()
            self._reader.close()
            raise

    @classmethod
    def open(cls, directory: Path, failpoints: Failpoints | None = None, *, known: int = 0) -> Self:
        """Become the owner of the journal in a directory, which is made when it is not there.

        Without `failpoints` those of the environment count. `known` is a position of which something outside the
        journal knows that it was durable; it is checked before anything is written, for the first write would go over
        what is left of a log that lost its end.

        Raises:
            RecordsMissing: it ends before `known`.
            InUse: another process owns it.
            Foreign: it is not ours, or a newer release's.
            Unreadable: this user may not read and write it.
            Damaged: the file or its last groups are not what was written.
            JournalFull, JournalBroken: the disk took not even the new epoch.
        """
        failpoints = failpoints or Failpoints.from_environment()
        prepare(directory)
        lock = DirectoryLock.take(directory)
        try:
            if not inspect(directory):
                create(directory)
            return cls(directory, lock, failpoints, known=known)
        except sqlite3.Error as error:
            lock.release()
            raise translated(error, directory) from error
        except BaseException:
            lock.release()
            raise

    @property
    def epoch(self) -> int:
        """The number of this ownership."""
        return self._epoch

    def append(self, records: Sequence[Record]) -> None:
        """Make one group durable in one transaction, whole or not at all."""
        if not records:
            return
        with self._appending:
            if self._broken is not None:
                raise JournalBroken(str(self._broken)) from self._broken
            group = seal(records, self._tail, self._epoch)
            self._failpoints.hit(JOURNAL_BEFORE_APPEND)
            execute = self._writer.execute
            try:
                execute("BEGIN IMMEDIATE")
                self._check_standing(execute(_STANDING).fetchone())
                execute(
                    _INSERT,
                    (
                        group.first_position,
                        group.last_position,
                        group.epoch,
                        group.previous_hash,
                        group.last_hash,
                        group.body,
                    ),
                )
                self._failpoints.hit(JOURNAL_AFTER_APPEND)
                execute("COMMIT")
            except sqlite3.Error as error:
                self._roll_back()
                raise self._failed(error) from error
            except BaseException:
                self._roll_back()
                raise
            self._tail = Tail(group.last_position, records[-1].at, group.last_hash)
            self._failpoints.hit(JOURNAL_AFTER_SYNC)

    def tail(self) -> Tail:
        """The journal's end as last known to be durable."""
        return self._tail

    def read(self, after: int, limit: int = 1000) -> list[Record]:
        """The records after a position, in order, at most `limit`, checked against the chain of hashes."""
        return self._reader.read(after, limit)

    def record(self, position: int) -> Record:
        """The record at a position."""
        return self._reader.record(position)

    def size_bytes(self) -> int:
        """The size of the file and of its write-ahead log."""
        size = 0
        for name in (JOURNAL_FILE, f"{JOURNAL_FILE}-wal"):
            with suppress(FileNotFoundError):
                size += (self._directory / name).stat().st_size
        return size

    def verify(self) -> Report:
        """Check SQLite's structure and every hash, and decode every record."""
        return self._reader.verify()

    def close(self) -> None:
        """Close the file, then give the directory up to whoever waits for it."""
        with self._appending:
            self._broken = self._broken or JournalBroken(f"The journal in {self._directory} was closed.")
            self._reader.close()
            self._writer.close()
            if self._lock is not None:
                self._lock.release()

    def _check_reaches(self, known: int) -> None:
        if known > self._tail.position:
            raise RecordsMissing(self._tail.position, known)

    def _raise_epoch(self) -> int:
        (epoch,) = self._writer.execute("UPDATE meta SET epoch = epoch + 1 RETURNING epoch").fetchall()[0]
        return int(epoch)

    def _check_standing(self, standing: tuple[int, int]) -> None:
        epoch, position = standing
        if epoch != self._epoch:
            raise Conflict(
                f"Another engine has opened the journal in {self._directory} since (epoch {epoch}, ours is "
                f"{self._epoch}); this one may not write to it any more and has to stop."
            )
        if position != self._tail.position:
            raise Conflict(
                f"The journal in {self._directory} ends at position {position}, not at {self._tail.position} as this "
                "engine left it; somebody else wrote to it."
            )

    def _roll_back(self) -> None:
        with suppress(sqlite3.Error):
            if self._writer.in_transaction:
                self._writer.execute("ROLLBACK")

    def _failed(self, error: sqlite3.Error) -> JournalError:
        """What a failed append means; after anything but a full disk or a busy file this object appends no more."""
        match translated(error, self._directory):
            case JournalFull() as full:
                return full
            case InUse() as busy:
                return Conflict(str(busy))
            case JournalBroken() as broken:
                self._broken = broken
                return broken
            case other:
                self._broken = other
                return JournalBroken(str(other))
