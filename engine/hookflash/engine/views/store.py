"""The views' file: opening it, one connection that writes, and one that reads for every thread.

Rows and watermark change in one transaction, so whatever a crash leaves is a state of some position. Power loss may
take the last ones away (synchronous=NORMAL); the journal gives them back.
"""

import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock, local
from typing import Final

from hookflash.engine.views.schema import APPLICATION_ID, SCHEMA, TABLES, layout
from hookflash.engine.views.warning import warn

__all__ = ["VIEWS_FILE", "Views"]

VIEWS_FILE: Final = "views.sqlite"
"""The name of the file in the data directory."""

_CHECKPOINT_PAGES: Final = 4_000
_BUSY_TIMEOUT_S: Final = 30.0
_WRONG: Final = (sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_FORMAT, sqlite3.SQLITE_NOTADB)
_UNREADABLE: Final = (sqlite3.SQLITE_IOERR_READ, sqlite3.SQLITE_IOERR_SHORT_READ, sqlite3.SQLITE_IOERR_CORRUPTFS)
_DROP: Final = "DROP TABLE IF EXISTS $table"


class Views:
    """One file of views. Its connections may be used from any thread; `reader()` gives each thread its own."""

    def __init__(
        self, path: Path, temporary: TemporaryDirectory[str] | None = None, *, is_joined: bool = False
    ) -> None:
        self.path: Final = path
        self._temporary = temporary
        self._local = local()
        self._readers: list[sqlite3.Connection] = []
        self._lock = Lock()
        self._writer = self._connected() if is_joined else self._usable_writer()

    @classmethod
    def open(cls, path: Path | None) -> "Views":
        """Open the file at `path`, or one in a temporary directory; what is no file of this layout is made anew.

        Raises:
            sqlite3.Error: it cannot be opened for a reason that is not in the file, such as a full disk.
        """
        if path is not None:
            return cls(path)
        temporary = TemporaryDirectory(prefix="hookflash-views-")
        return cls(Path(temporary.name) / VIEWS_FILE, temporary)

    @classmethod
    def join(cls, path: Path) -> "Views":
        """Open a file that another process has opened and reads: it is never made anew. Raises sqlite3.Error."""
        if not path.exists():
            raise sqlite3.OperationalError(f"{path} is gone")
        return cls(path, is_joined=True)

    @property
    def writer(self) -> sqlite3.Connection:
        """The one connection that writes; it belongs to whoever projects, one thread at a time."""
        return self._writer

    def reader(self) -> sqlite3.Connection:
        """This thread's reading connection."""
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            found = self._connected("PRAGMA query_only = ON")
            self._local.connection = found
            with self._lock:
                self._readers.append(found)
        return found

    def watermark(self) -> int:
        """The position up to which the views show the journal."""
        (watermark,) = self.reader().execute("SELECT watermark FROM progress").fetchone()
        return int(watermark)

    def watermark_at(self) -> float:
        """The engine time of the record at the watermark, by which another journal's past is known."""
        (at,) = self.reader().execute("SELECT at FROM progress").fetchone()
        return float(at)

    def clear(self) -> None:
        """Forget everything, or nothing where it raises, for a rebuild; only while nobody projects."""
        self._writer.execute("BEGIN IMMEDIATE")
        with self._writer:  # Ends the transaction, either way.
            for table in TABLES:
                self._writer.execute(_DROP.replace("$table", table))
            _create(self._writer)

    def close(self) -> None:
        """Close every connection; only when no thread reads or writes any more. Closing twice is nothing."""
        with self._lock:
            connections = (*self._readers, self._writer)
            self._readers = []
        for connection in connections:
            connection.close()
        if self._temporary is not None:
            self._temporary.cleanup()

    def _usable_writer(self) -> sqlite3.Connection:
        is_new = not self.path.exists()
        found = self._found_writer()
        if isinstance(found, sqlite3.Connection):
            return found
        if not is_new:
            warn("views.made_anew", path=str(self.path), why=found)
        for suffix in ("", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                Path(f"{self.path}{suffix}").unlink()
        writer = self._connected(f"PRAGMA application_id = {APPLICATION_ID}")
        writer.execute("BEGIN IMMEDIATE")
        _create(writer)
        writer.execute("COMMIT")
        return writer

    def _found_writer(self) -> sqlite3.Connection | str:
        """A connection to the file that is there, or why that is to be made anew."""
        writer = None
        try:
            writer = self._connected()
            if _is_ours(writer):
                return writer
            why = "it is of another layout"
        except sqlite3.DatabaseError as error:
            why = str(error)
            if not _is_spoilt(error):
                if writer is not None:
                    writer.close()
                raise
        if writer is not None:
            writer.close()
        return why

    def _hide(self) -> None:
        """Make the file, or keep the one there is, for its owner alone; SQLite gives its companions the same rights."""
        with suppress(OSError):  # Whatever is wrong with the place, SQLite is about to say.
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            if self.path.stat().st_mode & 0o077:
                self.path.chmod(0o600)

    def _connected(self, *pragmas: str) -> sqlite3.Connection:
        self._hide()
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=_BUSY_TIMEOUT_S)
        try:
            for pragma in (
                "PRAGMA journal_mode = WAL",
                "PRAGMA synchronous = NORMAL",
                f"PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES}",
                *pragmas,
            ):
                connection.execute(pragma).fetchall()
        except sqlite3.Error:
            connection.close()
            raise
        return connection


def _is_spoilt(error: sqlite3.DatabaseError) -> bool:
    """Whether it is the file that is wrong: a full or locked disk is no reason to throw it away."""
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR)
    return code in _UNREADABLE or code & 0xFF in _WRONG


def _is_ours(connection: sqlite3.Connection) -> bool:
    (application_id,) = connection.execute("PRAGMA application_id").fetchone()
    if application_id != APPLICATION_ID:
        return False
    row: tuple[bytes] | None = connection.execute("SELECT layout FROM progress").fetchone()
    return row is not None and row[0] == layout()


def _create(connection: sqlite3.Connection) -> None:
    for statement in SCHEMA:
        connection.execute(statement)
    connection.execute("INSERT INTO progress VALUES (0, 0.0, ?)", (layout(),))
