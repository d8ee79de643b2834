"""A channel's small memory in a file of its own: what an adapter keeps cursors in, as it does inside the engine."""

import asyncio
from pathlib import Path
from threading import Lock
from typing import Final, final

from hookflash.sdk.hosting.private_file import private_file

__all__ = ["FileStore"]

_KEY_LENGTH_MAX: Final = 200
_VALUE_BYTES_MAX: Final = 64 * 1024
_SCHEMA: Final = "CREATE TABLE IF NOT EXISTS memory (key TEXT PRIMARY KEY, value TEXT NOT NULL)"
_PUT: Final = "INSERT INTO memory (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value"


@final
class FileStore:
    """A ChannelStore in a file that only its owner reads; it outlives the process. Raises sqlite3.Error."""

    def __init__(self, path: Path, prefix: str = "") -> None:
        """Open the file, or make it; `prefix` keeps apart what is not the adapter's own."""
        self._lock = Lock()
        self._prefix = prefix
        self._connection = private_file(path, lambda made: made.execute(_SCHEMA))

    async def get(self, key: str) -> str | None:
        """Give what was put under the key."""
        row = await asyncio.to_thread(self._run, "SELECT value FROM memory WHERE key = ?", self._prefix + key)
        return None if row is None else str(row[0])

    async def put(self, key: str, value: str) -> None:
        """Keep a value; durable when it returns."""
        if len(key) > _KEY_LENGTH_MAX or len(value.encode()) > _VALUE_BYTES_MAX:
            raise ValueError(f"a key has at most {_KEY_LENGTH_MAX} characters, a value {_VALUE_BYTES_MAX:,} bytes")
        await asyncio.to_thread(self._run, _PUT, self._prefix + key, value)

    async def delete(self, key: str) -> None:
        """Forget a key."""
        await asyncio.to_thread(self._run, "DELETE FROM memory WHERE key = ?", self._prefix + key)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def _run(self, statement: str, *parameters: str) -> tuple[object, ...] | None:
        with self._lock:
            row: tuple[object, ...] | None = self._connection.execute(statement, parameters).fetchone()
            return row
