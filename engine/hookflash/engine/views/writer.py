"""Writing a batch: a few large statements in one transaction, rows and watermark together.

The server's loop shares the interpreter's lock with whoever writes. Each call of SQLite gives the lock away and has to
win it back, and binding values needs it; so all rows of a table are one call with two values, a JSON array and the
bytes that its rows speak of, and everything else happens inside SQLite while the loop runs.
"""

import re
import sqlite3
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Final, cast

import msgspec

from hookflash.engine.domain.address import Address
from hookflash.engine.domain.states import State
from hookflash.engine.domain.struct import Struct
from hookflash.engine.journal.state_codec import decode_state
from hookflash.engine.views.gathered import DAY_S, Gathered, Row
from hookflash.engine.views.projection import Projection, Violation
from hookflash.engine.views.store import Views

__all__ = ["BATCH_RECORDS_MAX", "REQUEST_ID_KEPT_S", "Overtaken", "Writer"]

BATCH_RECORDS_MAX: Final = 2_000
"""How many records one transaction takes at most."""

REQUEST_ID_KEPT_S: Final = 7 * DAY_S
"""How long a request id is remembered, unless said otherwise."""


class _Statement(Struct, frozen=True):
    """`$3` is the row's element 3, `$$3` the bytes of which elements 3 and 4 are place and length."""

    relation: str
    template: str

    @property
    def sql(self) -> str:
        """The statement over all rows: `:rows` is the array, `:bytes` what its rows point into."""
        return _compiled(self.template)


_ENTRIES: Final = _Statement(
    "entries", "INSERT INTO entries SELECT $0, $1, $2, $3, $4, $5, $6, $$7 FROM json_each(:rows)"
)
_TRANSCRIPT: Final = _Statement("transcript", "INSERT INTO transcript SELECT $0, $1, $2, $$3 FROM json_each(:rows)")
_TOASTS: Final = _Statement("toasts", "INSERT INTO toasts SELECT $0, $1, $2, $3, $$4 FROM json_each(:rows)")
_DELIVERIES: Final = _Statement(
    "deliveries", "INSERT INTO deliveries SELECT $0, $1, $2, $3, $4, $5, $$6 FROM json_each(:rows)"
)
_SETTLED: Final = _Statement(
    "deliveries", "DELETE FROM deliveries WHERE (conversation, delivery) IN (SELECT $0, $1 FROM json_each(:rows))"
)
_PARTICIPATIONS: Final = _Statement(
    "participations", "INSERT INTO participations SELECT $0, $1, $2, $3, $4, $5, $6 FROM json_each(:rows)"
)
_LEAVINGS: Final = _Statement(
    "participations",
    "UPDATE participations SET left_position = $2, left_place = $3, left_sequence = $4 FROM json_each(:rows)"
    " WHERE agent = $0 AND conversation = $1 AND left_position IS NULL",
)
_INVITES: Final = _Statement(
    "invites",
    "INSERT INTO invites SELECT $0, $1, $2, $$3 FROM json_each(:rows) WHERE true"
    " ON CONFLICT (conversation, number) DO UPDATE SET is_open = excluded.is_open, invite = excluded.invite",
)
_CONVERSATIONS: Final = _Statement(
    "conversations",
    "INSERT INTO conversations SELECT $0, $1, $2, $3, $4, $5 FROM json_each(:rows) WHERE true"
    " ON CONFLICT (id) DO UPDATE SET state = excluded.state, is_open = excluded.is_open, address = excluded.address"
    " WHERE state <> excluded.state OR address <> excluded.address",
)
_SNAPSHOTS: Final = _Statement(
    "snapshots",
    "INSERT INTO snapshots SELECT $0, $1, $2, $3, $$4 FROM json_each(:rows) WHERE true ON CONFLICT (kind, id)"
    " DO UPDATE SET position = excluded.position, is_live = excluded.is_live, state = excluded.state",
)
_GONE: Final = _Statement(
    "snapshots", "DELETE FROM snapshots WHERE (kind, id) IN (SELECT $0, $1 FROM json_each(:rows))"
)
# A key may hold any character, also one that JSON in SQLite would end a text at.
_REQUEST_KEYS: Final = _Statement(
    "request_keys", "INSERT INTO request_keys SELECT CAST($$0 AS TEXT), $2, $3 FROM json_each(:rows)"
)

_as_json = msgspec.json.Encoder().encode


class Overtaken(Exception):  # noqa: N818  nobody's error: the views are somebody else's now
    """Another writer has moved the watermark since this one last looked; nothing was written."""


class Writer:
    """Turns projections into rows, for one caller at a time.

    It goes on only from where it left the file itself: of two writers, as after a crash whose victim's projector still
    writes its last batch, one is overtaken and no row is written twice.
    """

    def __init__(self, views: Views, *, request_id_kept_s: float = REQUEST_ID_KEPT_S) -> None:
        self._connection = views.writer
        self._request_id_kept_s = request_id_kept_s
        self.position = self._watermark()
        """The position up to which everything is written."""

    def _watermark(self) -> int:
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
            Overtaken: nothing was written, and this writer is of no use any more.
        """
        try:
            return self._transact(gathered, aside, is_fast=True)
        except sqlite3.IntegrityError:
            return self._transact(gathered, aside, is_fast=False)

    def _transact(self, gathered: Gathered, aside: Sequence[Violation], *, is_fast: bool) -> list[Violation]:
        gathered_bytes = len(gathered.blobs)
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            self._check_not_overtaken()
            violations = [*aside, *self._fill(gathered, is_fast=is_fast)]
            self._connection.executemany(
                "INSERT INTO violations VALUES (?, ?, ?, ?)",
                [(v.position, v.relation, v.reason, v.content) for v in violations],
            )
            self._connection.execute("UPDATE progress SET watermark = ?, at = ?", (gathered.position, gathered.at))
            self._connection.execute("COMMIT")
            self.position = gathered.position
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise
        finally:
            del gathered.blobs[gathered_bytes:]  # What was encoded for this attempt only.
        return violations

    def _check_not_overtaken(self) -> None:
        if self._watermark() != self.position:
            raise Overtaken

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
                self._write(statement, rows, gathered.blobs)
            else:
                violations.extend(self._write_each(statement, rows, gathered))
        return violations

    def _write(self, statement: _Statement, rows: Sequence[Row], blobs: bytearray) -> None:
        if rows:
            sql = statement.sql
            array = _as_json(rows).decode()
            self._connection.execute(sql, {"rows": array, "bytes": blobs})

    def _write_each(self, statement: _Statement, rows: Sequence[Row], gathered: Gathered) -> list[Violation]:
        kept_out: list[Violation] = []
        for row in rows:
            try:
                self._write(statement, [row], gathered.blobs)
            except sqlite3.IntegrityError as error:
                content = _legible(statement, row, gathered.blobs)
                kept_out.append(Violation(gathered.position, statement.relation, str(error), content))
        return kept_out


def _legible(statement: _Statement, row: Row, blobs: bytearray) -> str:
    """The row for people, with its bytes in place of where they are."""
    of_bytes = re.search(r"\$\$(\d+)", statement.template)
    if of_bytes is None:
        return repr(row)
    place = int(of_bytes[1])
    start = row[place] - 1
    return repr((*row[:place], bytes(blobs[start : start + row[place + 1]]), *row[place + 2 :]))


@cache
def _compiled(template: str) -> str:
    with_bytes = re.sub(r"\$\$(\d+)", lambda at: f"substr(:bytes, ${at[1]}, ${int(at[1]) + 1})", template)
    return re.sub(r"\$(\d+)", r"json_extract(value, '$[\1]')", with_bytes)
