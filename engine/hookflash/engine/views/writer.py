"""Writing a batch: a few large statements in one transaction, rows and watermark together.

The server's loop shares the interpreter's lock with whoever writes. Each call of SQLite gives the lock away and has to
win it back, so a row per call would be slow for both; many rows are one statement here.
"""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Final, cast

from hookflash.engine.domain.address import Address
from hookflash.engine.domain.states import State
from hookflash.engine.journal.state_codec import decode_state
from hookflash.engine.views.gathered import DAY_S, Gathered, Row
from hookflash.engine.views.projection import Projection, Violation
from hookflash.engine.views.store import Views

__all__ = ["REQUEST_ID_KEPT_S", "Writer"]

REQUEST_ID_KEPT_S: Final = 7 * DAY_S
"""How long a request id is remembered, unless said otherwise."""

_CHUNKS: Final = (128, 16, 1)


@dataclass(frozen=True, slots=True)
class _Statement:
    """`head`, then one group of parameters for every row, then `tail`."""

    relation: str
    head: str
    columns: int
    tail: str = ""


_ENTRIES: Final = _Statement("entries", "INSERT INTO entries VALUES", 8)
_TRANSCRIPT: Final = _Statement("transcript", "INSERT INTO transcript VALUES", 4)
_DELIVERIES: Final = _Statement("deliveries", "INSERT INTO deliveries VALUES", 7)
_REQUEST_KEYS: Final = _Statement("request_keys", "INSERT INTO request_keys VALUES", 3)
_TOASTS: Final = _Statement("toasts", "INSERT INTO toasts VALUES", 5)
_PARTICIPATIONS: Final = _Statement("participations", "INSERT INTO participations VALUES", 7)
_LEAVINGS: Final = _Statement(
    "participations",
    "UPDATE participations SET"
    " left_position = gone.column3, left_place = gone.column4, left_sequence = gone.column5 FROM (VALUES",
    5,
    ") AS gone WHERE participations.agent = gone.column1 AND participations.conversation = gone.column2"
    " AND participations.left_position IS NULL",
)
_INVITES: Final = _Statement(
    "invites",
    "INSERT INTO invites VALUES",
    4,
    "ON CONFLICT (conversation, number) DO UPDATE SET is_open = excluded.is_open, invite = excluded.invite",
)
_CONVERSATIONS: Final = _Statement(
    "conversations",
    "INSERT INTO conversations VALUES",
    6,
    "ON CONFLICT (id) DO UPDATE SET state = excluded.state, is_open = excluded.is_open, address = excluded.address"
    " WHERE state <> excluded.state OR address <> excluded.address",
)
_SNAPSHOTS: Final = _Statement(
    "snapshots",
    "INSERT INTO snapshots VALUES",
    5,
    "ON CONFLICT (kind, id) DO UPDATE SET"
    " position = excluded.position, is_live = excluded.is_live, state = excluded.state",
)
_GONE: Final = _Statement("snapshots", "DELETE FROM snapshots WHERE (kind, id) IN (VALUES", 2, ")")
_SETTLED: Final = _Statement("deliveries", "DELETE FROM deliveries WHERE (conversation, delivery) IN (VALUES", 2, ")")


class Writer:
    """Turns projections into rows, for one caller at a time. Knows how far it has come only by the file."""

    def __init__(self, views: Views, *, request_id_kept_s: float = REQUEST_ID_KEPT_S) -> None:
        self._connection = views.writer
        self._request_id_kept_s = request_id_kept_s

    def watermark(self) -> int:
        """The position up to which everything is written."""
        (watermark,) = self._connection.execute("SELECT watermark FROM progress").fetchone()
        return int(watermark)

    def state(self, address: Address) -> State | None:
        """An entity's state at the watermark."""
        row = self._connection.execute(
            "SELECT state FROM snapshots WHERE kind = ? AND id = ?", (address.kind, address.id)
        ).fetchone()
        return None if row is None else cast("State", decode_state(address.kind, row[0]))

    def gather(self, projections: Iterable[Projection]) -> tuple[Gathered, list[Violation]]:
        """The rows of the projections; one that cannot be turned into rows is a violation and left out."""
        gathered = Gathered(self.state)
        aside: list[Violation] = []
        for projection in projections:
            try:
                gathered.add(projection)
            except Exception as fault:  # noqa: BLE001  no fault of one record may keep the others out
                record = projection.record
                aside.append(Violation(record.position, "records", repr(fault), repr(record)))
                gathered.position, gathered.at = record.position, record.at
        return gathered, aside

    def write(self, gathered: Gathered, aside: Sequence[Violation] = ()) -> list[Violation]:
        """Write it all, or nothing; rows that a fence keeps out are put aside, and answered with `aside`.

        Raises:
            sqlite3.Error: nothing was written; the same may be written again later.
        """
        try:
            return self._transact(gathered, aside, is_fast=True)
        except sqlite3.IntegrityError:
            return self._transact(gathered, aside, is_fast=False)

    def _transact(self, gathered: Gathered, aside: Sequence[Violation], *, is_fast: bool) -> list[Violation]:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            violations = [*aside, *self._fill(gathered, is_fast=is_fast)]
            self._connection.executemany(
                "INSERT INTO violations VALUES (?, ?, ?, ?)",
                [(v.position, v.relation, v.reason, v.content) for v in violations],
            )
            self._connection.execute(
                "UPDATE progress SET watermark = ?, at = ?", (gathered.position, gathered.at)
            )
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        return violations

    def _fill(self, gathered: Gathered, *, is_fast: bool) -> list[Violation]:
        # Forgotten by the records' own time, so that a rebuild forgets the same ones before the same records.
        oldest_day = int((gathered.at - self._request_id_kept_s) // DAY_S)
        self._connection.execute("DELETE FROM request_keys WHERE day < ?", (oldest_day,))
        violations: list[Violation] = []
        for statement, rows in (
            (_ENTRIES, gathered.entries),
            (_TRANSCRIPT, gathered.transcript),
            (_TOASTS, gathered.toasts),
            (_DELIVERIES, list(gathered.deliveries.values())),
            (_SETTLED, gathered.settled),
            (_LEAVINGS, gathered.leavings),
            (_PARTICIPATIONS, gathered.participations()),
            (_INVITES, gathered.invites()),
            (_CONVERSATIONS, gathered.conversations()),
            (_SNAPSHOTS, gathered.snapshots()),
            (_GONE, gathered.gone()),
            (_REQUEST_KEYS, gathered.request_keys),
        ):
            if is_fast:
                self._write(statement, rows)
            else:
                violations.extend(self._write_each(statement, rows, gathered.position))
        return violations

    def _write(self, statement: _Statement, rows: Sequence[Row]) -> None:
        start = 0
        for size in _CHUNKS:
            while len(rows) - start >= size:
                chunk = rows[start : start + size]
                self._connection.execute(_sql(statement, size), list(chain.from_iterable(chunk)))
                start += size

    def _write_each(self, statement: _Statement, rows: Sequence[Row], position: int) -> list[Violation]:
        kept_out: list[Violation] = []
        for row in rows:
            try:
                self._connection.execute(_sql(statement, 1), row)
            except sqlite3.IntegrityError as error:
                kept_out.append(Violation(position, statement.relation, str(error), repr(row)))
        return kept_out


@cache
def _sql(statement: _Statement, rows: int) -> str:
    group = "(" + ", ".join("?" * statement.columns) + ")"
    return " ".join((statement.head, ", ".join([group] * rows), statement.tail))
