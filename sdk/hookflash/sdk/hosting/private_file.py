"""A SQLite file that only its owner reads, for what is kept beside the journal; a write is durable when it returns."""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

__all__ = ["private_file"]


def private_file(path: Path | None, prepare: Callable[[sqlite3.Connection], object]) -> sqlite3.Connection:
    """Open it, or make it, and let `prepare` see to its tables; None is a file in memory. Usable from any thread.

    Raises OSError and sqlite3.Error, and what `prepare` raises; nothing is left open then.
    """
    if path is not None:
        # Made here and not by SQLite, whose files others may read.
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    connection = sqlite3.connect(":memory:" if path is None else path, isolation_level=None, check_same_thread=False)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        prepare(connection)
    except BaseException:
        connection.close()
        raise
    return connection
