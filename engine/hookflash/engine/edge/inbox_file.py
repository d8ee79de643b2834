"""The edge's own file: what came in and is not done yet, the keys of what is, and the channels' small memories.

Durable means synchronous=FULL. One thread writes, in the order of the calls; what waits for it is one commit together.
Without the thread (in memory, in a simulation) each call is a commit of its own, at once, on the loop.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from typing import Final, NamedTuple, TypeVar, final

from hookflash.engine.domain.struct import Struct
from hookflash.sdk.hosting.private_file import private_file

__all__ = ["INBOX_FILE", "ArrivalRow", "InboxFile", "MediaKept", "MediaRow", "RawBody"]

INBOX_FILE: Final = "inbox.sqlite"
"""The name of the file in the data directory."""

T = TypeVar("T")
_Work = Callable[[sqlite3.Connection], object]

_FORMAT: Final = 2
_GROUP_MAX: Final = 256
_WIPED_EVERY_S: Final = 60.0
"""The write-ahead log is emptied so often at least, however much is being written."""

_RAW_MAX: Final = 1_000
"""Bodies that could not be read are kept in this number; the oldest goes first."""

_SCHEMA: Final = """
BEGIN IMMEDIATE;
CREATE TABLE arrivals (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    channel TEXT NOT NULL,
    account TEXT NOT NULL,
    dedupe_key TEXT NOT NULL,
    at REAL NOT NULL,
    body BLOB,
    UNIQUE (channel, account, dedupe_key)
);
CREATE INDEX arrivals_not_done ON arrivals (channel, id) WHERE body IS NOT NULL;
CREATE INDEX arrivals_done ON arrivals (at) WHERE body IS NULL;
CREATE TABLE raw (id INTEGER PRIMARY KEY AUTOINCREMENT, channel TEXT NOT NULL, at REAL NOT NULL, body BLOB NOT NULL);
CREATE TABLE store (
    channel TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (channel, key)
) WITHOUT ROWID;
CREATE TABLE media (
    id TEXT PRIMARY KEY, channel TEXT NOT NULL, digest TEXT NOT NULL, mime_type TEXT NOT NULL, name TEXT NOT NULL,
    at REAL NOT NULL, size INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX media_by_age ON media (at);
CREATE INDEX media_by_digest ON media (digest);
PRAGMA user_version = 2;
COMMIT;
"""


_FROM_1_TO_2: Final = """
BEGIN IMMEDIATE;
ALTER TABLE media ADD COLUMN at REAL NOT NULL DEFAULT 0;
ALTER TABLE media ADD COLUMN size INTEGER NOT NULL DEFAULT 0;
UPDATE media SET at = strftime('%s', 'now');
CREATE INDEX media_by_age ON media (at);
CREATE INDEX media_by_digest ON media (digest);
PRAGMA user_version = 2;
COMMIT;
"""
"""Media now have an age and a size; of those that there are neither is known, so they are as old as this."""


class ArrivalRow(NamedTuple):
    """Something that came in: its key (channel, account, dedupe key) and what is to be done for it."""

    channel: str
    account: str
    dedupe_key: str
    at: float
    body: bytes


class RawBody(NamedTuple):
    """A request that its adapter could not read, as it came."""

    channel: str
    at: float
    body: bytes


class MediaRow(NamedTuple):
    """A medium by the name under which it is served; `digest` finds its bytes, kept since `at`, of which it has `size`.

    The rest is what its provider said.
    """

    id: str
    channel: str
    digest: str
    mime_type: str
    name: str
    at: float
    size: int


class MediaKept(NamedTuple):
    """What is kept of media: the bytes of all, and what was let go of: how many, and the digests nobody names now."""

    bytes_: int
    dropped: int
    unnamed: tuple[str, ...]


class _Job(Struct, frozen=True):
    work: _Work
    conclude: Callable[[object, Exception | None], None]


@final
class InboxFile:
    """One file; every method but `close` is called on the engine's loop. Raises sqlite3.Error where the disk fails."""

    def __init__(self, path: Path | None, *, has_thread: bool = True, quiet_s: float = 1.0) -> None:
        """Open the file, or make it; None: one in memory, which lives until it is closed.

        When nothing was written for `quiet_s`, what was let go of is wiped from the write-ahead log, too.
        """
        self._connection = private_file(path, _prepare)
        self._quiet_s = quiet_s
        self._has_traces = False
        self._wiped_at = monotonic()
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._thread: Thread | None = None
        if path is not None and has_thread:
            # A daemon: whoever ends without `close` ends as in a crash, and nothing that was acknowledged is lost.
            self._thread = Thread(target=self._run, name="inbox", daemon=True)
            self._thread.start()

    async def keep(self, rows: Sequence[ArrivalRow], aliases: Sequence[tuple[str, str, str]] = ()) -> list[int | None]:
        """Keep rows; durable when this returns. The number of each new one, None for one that was here before.

        `aliases` are other ids of customers, with their channel and address.
        """

        def keep(connection: sqlite3.Connection) -> list[int | None]:
            # Anew, so that it is the latest.
            connection.executemany("INSERT OR REPLACE INTO aliases (channel, alias, address) VALUES (?, ?, ?)", aliases)
            return [_insert(connection, row) for row in rows]

        return await self._do(keep)

    async def aliases(self, channel: str) -> list[tuple[str, str]]:
        """The other ids of a channel's customers, each with its address, the one learnt first first."""
        query = "SELECT alias, address FROM aliases WHERE channel = ? ORDER BY rowid"
        return await self._do(lambda connection: connection.execute(query, (channel,)).fetchall())

    async def mark_done(self, numbers: Sequence[int]) -> None:
        """These are done: their keys stay, what they said goes."""
        self._has_traces = True
        marks = [(number,) for number in numbers]
        await self._do(lambda c: c.executemany("UPDATE arrivals SET body = NULL WHERE id = ?", marks))

    async def not_done(self, channel: str) -> list[tuple[int, bytes]]:
        """Number and body of what is to be done for a channel, in the order in which it came."""
        query = "SELECT id, body FROM arrivals WHERE channel = ? AND body IS NOT NULL ORDER BY id"
        return await self._do(lambda connection: connection.execute(query, (channel,)).fetchall())

    async def forget_before(self, at: float) -> None:
        """Forget the keys of what is done and came before that time, and what could not be read."""

        def forget(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM arrivals WHERE body IS NULL AND at < ?", (at,))
            connection.execute("DELETE FROM raw WHERE at < ?", (at,))

        self._has_traces = True
        await self._do(forget)

    async def forget_channel(self, channel: str) -> None:
        """The channel is gone, and with it all that was kept for it but its media, which are on timelines."""

        def forget(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM arrivals WHERE channel = ?", (channel,))
            connection.execute("DELETE FROM store WHERE channel = ?", (channel,))
            connection.execute("DELETE FROM aliases WHERE channel = ?", (channel,))
            connection.execute("DELETE FROM raw WHERE channel = ?", (channel,))

        self._has_traces = True
        await self._do(forget)

    async def keep_raw(self, raw: RawBody) -> None:
        """Keep a body that could not be read."""

        def keep(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT INTO raw (channel, at, body) VALUES (?, ?, ?)", raw)
            connection.execute("DELETE FROM raw WHERE id <= (SELECT max(id) FROM raw) - ?", (_RAW_MAX,))

        await self._do(keep)

    async def raw(self, channel: str) -> list[RawBody]:
        """The bodies of a channel that could not be read."""
        query = "SELECT channel, at, body FROM raw WHERE channel = ? ORDER BY id"
        return await self._do(lambda c: [RawBody(*row) for row in c.execute(query, (channel,))])

    async def put_media(self, row: MediaRow) -> None:
        """Remember a medium."""
        await self._do(lambda c: c.execute("INSERT OR REPLACE INTO media VALUES (?, ?, ?, ?, ?, ?, ?)", row))

    async def media(self, identifier: str) -> MediaRow | None:
        """Find a medium by the name under which it is served."""
        query = "SELECT id, channel, digest, mime_type, name, at, size FROM media WHERE id = ?"
        found = await self._do(lambda connection: connection.execute(query, (identifier,)).fetchone())
        return None if found is None else MediaRow(*found)

    async def drop_media(self, *, before: float, bytes_max: int) -> MediaKept:
        """Let go of media that came before that time, and of the oldest ones until the rest has no more bytes."""
        return await self._do(lambda connection: _drop_media(connection, before, bytes_max))

    async def get(self, channel: str, key: str) -> str | None:
        """Give a value of a channel's store."""
        query = "SELECT value FROM store WHERE channel = ? AND key = ?"
        found = await self._do(lambda connection: connection.execute(query, (channel, key)).fetchone())
        return None if found is None else str(found[0])

    async def put(self, channel: str, key: str, value: str, *, keys_max: int) -> bool:
        """Keep a value of a channel's store; False where it has too many keys already."""

        def put(connection: sqlite3.Connection) -> bool:
            where = "WHERE channel = ? AND key != ?"
            (others,) = connection.execute(f"SELECT count(*) FROM store {where}", (channel, key)).fetchone()  # noqa: S608
            if others >= keys_max:
                return False
            connection.execute("INSERT OR REPLACE INTO store VALUES (?, ?, ?)", (channel, key, value))
            return True

        return await self._do(put)

    async def delete(self, channel: str, key: str) -> None:
        """Forget a value of a channel's store."""
        query = "DELETE FROM store WHERE channel = ? AND key = ?"
        await self._do(lambda connection: connection.execute(query, (channel, key)))

    def close(self) -> None:
        """Write what was handed over, then close. Closing twice is nothing."""
        if self._thread is not None:
            self._jobs.put(None)
            self._thread.join()
            self._thread = None
            self._wipe()
        self._connection.close()

    async def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        if self._thread is None:
            self._connection.execute("BEGIN IMMEDIATE")
            with self._connection:  # Ends the transaction, either way.
                return work(self._connection)
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()

        def conclude(result: object, error: Exception | None) -> None:
            def tell() -> None:
                if done.done():
                    return
                if error is None:
                    done.set_result(result)  # type: ignore[arg-type]  # what this very work has returned
                else:
                    done.set_exception(error)

            with suppress(RuntimeError):  # The loop is closed.
                loop.call_soon_threadsafe(tell)

        self._jobs.put(_Job(work, conclude))
        return await done

    def _run(self) -> None:
        is_over = False
        while not is_over:
            first = self._next()
            jobs = [] if first is None else [first]
            is_over = first is None
            while not is_over and len(jobs) < _GROUP_MAX and not self._jobs.empty():
                following = self._jobs.get()
                if following is None:
                    is_over = True
                else:
                    jobs.append(following)
            if jobs:
                self._commit(jobs)
            if self._has_traces and monotonic() - self._wiped_at > _WIPED_EVERY_S:
                self._wipe()

    def _next(self) -> _Job | None:
        """The next job; where there is none for a while, traces are wiped before it is waited for."""
        if self._has_traces:
            try:
                return self._jobs.get(timeout=self._quiet_s)
            except Empty:
                self._wipe()
        return self._jobs.get()

    def _wipe(self) -> None:
        """Empty the write-ahead log: what it says of rows that are done is in no other place any more."""
        self._has_traces, self._wiped_at = False, monotonic()
        with suppress(sqlite3.Error):  # The disk's fault; the next time is soon.
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _commit(self, jobs: Sequence[_Job]) -> None:
        """Do them as one transaction; where it fails, none of them is done."""
        results: list[object] = []
        error: Exception | None = None
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            with self._connection:  # Ends the transaction, either way.
                results.extend(job.work(self._connection) for job in jobs)
        except Exception as failed:  # noqa: BLE001  whoever waits has to hear of it, and the thread goes on
            error = failed
            results = [None] * len(jobs)
        for job, result in zip(jobs, results, strict=True):
            job.conclude(result, error)


def _insert(connection: sqlite3.Connection, row: ArrivalRow) -> int | None:
    query = (
        "INSERT OR IGNORE INTO arrivals (channel, account, dedupe_key, at, body) VALUES (?, ?, ?, ?, ?) RETURNING id"
    )
    found = connection.execute(query, row).fetchone()
    return None if found is None else int(found[0])


def _drop_media(connection: sqlite3.Connection, before: float, bytes_max: int) -> MediaKept:
    # Several names may share a digest, and so its bytes.
    (total,) = connection.execute(
        "SELECT coalesce(sum(size), 0) FROM (SELECT max(size) AS size FROM media GROUP BY digest)"
    ).fetchone()
    dropped = 0
    unnamed: list[str] = []
    while True:
        oldest = connection.execute("SELECT id, digest, at, size FROM media ORDER BY at, id LIMIT 1").fetchone()
        if oldest is None or (oldest[2] >= before and total <= bytes_max):
            return MediaKept(total, dropped, tuple(unnamed))
        identifier, digest, _, size = oldest
        connection.execute("DELETE FROM media WHERE id = ?", (identifier,))
        dropped += 1
        if connection.execute("SELECT 1 FROM media WHERE digest = ?", (digest,)).fetchone() is None:
            unnamed.append(digest)
            total -= size


def _prepare(connection: sqlite3.Connection) -> None:
    connection.execute("PRAGMA busy_timeout=5000")
    # What is deleted, or done, is overwritten: texts are here as they came, before any filter.
    connection.execute("PRAGMA secure_delete=ON")
    (written,) = connection.execute("PRAGMA user_version").fetchone()
    if written == 0:
        connection.executescript(_SCHEMA)
    elif written == 1:
        connection.executescript(_FROM_1_TO_2)
    elif written != _FORMAT:
        raise sqlite3.DatabaseError(f"its format is {written}, and this release knows {_FORMAT}")
    connection.execute(
        "CREATE TABLE IF NOT EXISTS aliases"
        " (channel TEXT NOT NULL, alias TEXT NOT NULL, address TEXT NOT NULL, UNIQUE (channel, alias))"
    )
