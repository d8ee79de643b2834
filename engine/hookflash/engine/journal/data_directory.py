"""The data directory of a journal: its rights, its lock, and the making of an empty journal file in it.

Nothing is written into a directory before it is clear that it is new or ours.
"""

import fcntl
import os
import sqlite3
from contextlib import closing, suppress
from pathlib import Path
from typing import Self

from hookflash.engine.journal.errors import (
    Damaged,
    Foreign,
    InUse,
    JournalBroken,
    JournalError,
    JournalFull,
    Unreadable,
)

__all__ = [
    "FORMAT",
    "JOURNAL_FILE",
    "LOCK_FILE",
    "DirectoryLock",
    "create",
    "inspect",
    "is_in_use",
    "prepare",
    "translated",
]

JOURNAL_FILE = "journal.sqlite"
LOCK_FILE = "lock"

FORMAT = 1
"""The newest layout of the file that this release knows, in SQLite's user_version."""

APPLICATION_ID = 0x686B666C
"""`hkfl`: what makes a SQLite file one of ours."""

_MAGIC = b"SQLite format 3\0"
_HEADER_BYTES = 100
_SCHEMA = """
BEGIN IMMEDIATE;
CREATE TABLE meta (id INTEGER PRIMARY KEY CHECK (id = 1), epoch INTEGER NOT NULL);
INSERT INTO meta (id, epoch) VALUES (1, 0);
CREATE TABLE groups (
    first_position INTEGER PRIMARY KEY,
    last_position INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    previous_hash BLOB NOT NULL,
    last_hash BLOB NOT NULL,
    body BLOB NOT NULL
);
COMMIT;
"""


def prepare(directory: Path) -> None:
    """Make the directory, or take a new or old one of ours away from the eyes of other users (0700).

    Raises:
        Unreadable: this user may not, or it is no directory.
        Foreign, Damaged: what is in it is not ours, or not whole.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        is_ours = inspect(directory) or next(directory.iterdir(), None) is None
        if is_ours and directory.stat().st_mode & 0o077:
            directory.chmod(0o700)
    except OSError as error:
        raise _denied(directory, error) from error


def inspect(directory: Path) -> bool:
    """Whether there is a journal of ours in the directory; False when there is none yet. Writes nothing.

    Raises:
        Foreign: the file there is something else, or of a newer format.
        Damaged: the file is gone, but not its write-ahead log.
        Unreadable: this user may not read it.
    """
    path = directory / JOURNAL_FILE
    try:
        header = _header(path)
    except FileNotFoundError:
        if (directory / f"{JOURNAL_FILE}-wal").exists():
            raise Damaged(0, f"{path} is missing, although its write-ahead log is there") from None
        return False
    except OSError as error:
        raise _denied(directory, error) from error
    way_out = "Give hookflash an empty directory of its own."
    if len(header) < _HEADER_BYTES or not header.startswith(_MAGIC):
        raise Foreign(f"{path} is no SQLite database, so it is no journal of hookflash. {way_out}")
    if int.from_bytes(header[68:72]) != APPLICATION_ID:
        raise Foreign(f"{path} is the SQLite database of another program. {way_out}")
    written = int.from_bytes(header[60:64])
    if written > FORMAT:
        raise Foreign(
            f"{path} has format {written}; this release of hookflash knows formats up to {FORMAT}. "
            "Start the release that wrote it, or a newer one."
        )
    return True


def create(directory: Path) -> None:
    """Make an empty journal file, under another name first, so that a crash never leaves half a one."""
    path, draft = directory / JOURNAL_FILE, directory / f"{JOURNAL_FILE}.new"
    try:
        for leftover in (draft, draft.with_name(f"{draft.name}-journal")):
            leftover.unlink(missing_ok=True)
        os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600))
        with closing(sqlite3.connect(draft, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute(f"PRAGMA application_id={APPLICATION_ID:d}")
            connection.execute(f"PRAGMA user_version={FORMAT:d}")
            connection.executescript(_SCHEMA)
        draft.rename(path)
        folder = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise _denied(directory, error) from error
    except sqlite3.Error as error:
        raise translated(error, directory) from error


class DirectoryLock:
    """The lock of a data directory; the kernel gives it up when the process ends, however it ends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor: int | None = descriptor

    @classmethod
    def take(cls, directory: Path) -> Self:
        """Take the lock, and write this process's id into it.

        Raises:
            InUse: another process has it (or another engine of this one).
        """
        path = directory / LOCK_FILE
        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise _denied(directory, error) from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        except BlockingIOError as error:
            owner = os.pread(descriptor, 20, 0).decode("ascii", "replace").strip() or "unknown"
            os.close(descriptor)
            raise InUse(
                f"The data directory {directory} is in use by another hookflash (process {owner}). "
                "Stop that one first, or give this one a directory of its own."
            ) from error
        except OSError as error:
            os.close(descriptor)
            raise _denied(directory, error) from error
        return cls(descriptor)

    def release(self) -> None:
        """Give the lock up. The file stays: removing it would let two owners in."""
        if self._descriptor is not None:
            with suppress(OSError):
                os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None


def is_in_use(directory: Path) -> bool:
    """Whether some process holds the lock, looked up without touching it; False where the system does not tell."""
    try:
        inode = (directory / LOCK_FILE).stat().st_ino
        held = Path("/proc/locks").read_text(encoding="ascii").splitlines()
    except OSError:
        return False
    # `1: FLOCK ADVISORY WRITE 4711 08:01:1234 0 EOF`; the device's numbers differ between the two on some file systems.
    return any("FLOCK" in (fields := line.split()) and fields[5].endswith(f":{inode}") for line in held)


def translated(error: sqlite3.Error, directory: Path) -> JournalError:
    """What a failure of SQLite means for the journal."""
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_FULL | sqlite3.SQLITE_READONLY:
            return JournalFull(
                f"The journal in {directory} cannot be written ({error}); nothing was. Free or unlock the disk."
            )
        case sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM | sqlite3.SQLITE_AUTH:
            return Unreadable(f"The journal in {directory} cannot be opened ({error}). See to the rights of the files.")
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED:
            return InUse(f"Another program holds the journal in {directory} ({error}). Stop it first.")
        case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
            return Damaged(0, f"{JOURNAL_FILE} is not whole ({error})")
        case _:
            return JournalBroken(
                f"The journal in {directory} failed ({error}); what was being written may be durable or not. "
                "See to the disk and start hookflash again: it goes on from what it finds."
            )


def _header(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(_HEADER_BYTES)


def _denied(directory: Path, error: OSError) -> JournalError:
    if error.errno in (28, 122):  # ENOSPC, EDQUOT
        return JournalFull(f"There is no room for a journal in {directory} ({error.strerror}). Free the disk.")
    return Unreadable(
        f"The data directory {directory} cannot be used ({error.strerror}: {error.filename or directory}). "
        "It has to be a directory that the user of hookflash may read and write."
    )
