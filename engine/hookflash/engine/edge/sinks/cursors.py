"""How far each sink is, in a file of its own beside the journal.

It is no part of the journal: losing it loses no event, and where a sink stands is nobody's history. A row outlives its
plugin, so a sink that is installed again goes on where it was.
"""

from pathlib import Path
from threading import Lock
from typing import Final, final

from hookflash.engine.domain.struct import Struct
from hookflash.sdk.hosting.private_file import private_file

__all__ = ["CURSORS_FILE", "Cursor", "Cursors", "Place"]

CURSORS_FILE: Final = "sinks.sqlite"
"""The name of the file in the data directory."""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS cursors (
    sink TEXT PRIMARY KEY,
    position INTEGER NOT NULL,
    facts INTEGER NOT NULL,
    gone_with TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID
"""
_PUT: Final = """
INSERT INTO cursors (sink, position, facts, gone_with) VALUES (?, ?, ?, ?)
ON CONFLICT (sink) DO UPDATE SET position = excluded.position, facts = excluded.facts, gone_with = excluded.gone_with
"""


class Place(Struct, frozen=True, order=True):
    """A place in the journal: behind the record at `position`, and behind so many facts of the one after it."""

    position: int
    facts: int = 0


class Cursor(Struct, frozen=True):
    """Where a sink is; `gone_with` is the digest of the settings with which it said that it is gone, else empty."""

    place: Place
    gone_with: str = ""


@final
class Cursors:
    """The file; usable from any thread. What is put is durable when `put` returns. Raises sqlite3.Error."""

    def __init__(self, path: Path) -> None:
        """Open the file, or make one that only its owner reads."""
        self._lock = Lock()
        self._connection = private_file(path, lambda made: made.execute(_SCHEMA))

    def get(self, sink: str) -> Cursor | None:
        """Where a sink is; None for one that never ran here."""
        with self._lock:
            row = self._connection.execute(
                "SELECT position, facts, gone_with FROM cursors WHERE sink = ?", (sink,)
            ).fetchone()
        return None if row is None else Cursor(Place(row[0], row[1]), row[2])

    def put(self, sink: str, cursor: Cursor) -> None:
        """Keep where a sink is."""
        row = (sink, cursor.place.position, cursor.place.facts, cursor.gone_with)
        with self._lock:
            self._connection.execute(_PUT, row)

    def close(self) -> None:
        """Close the file. Closing twice is nothing."""
        with self._lock:
            self._connection.close()
