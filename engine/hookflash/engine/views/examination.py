"""Looking at a views file without opening it as its owner: nothing is made, made anew or written.

What `hookflash doctor` compares with the journal. Everything is read in one transaction, so it is of one position also
while a projector goes on writing.
"""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Final, cast

from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.states import State
from hookflash.engine.domain.struct import Struct, field
from hookflash.engine.journal.errors import StaleState
from hookflash.engine.journal.state_codec import decode_state
from hookflash.engine.views.projection import Violation
from hookflash.engine.views.queries import VIOLATIONS
from hookflash.engine.views.schema import layout

__all__ = ["ViewsSeen", "examine", "last_shown"]

_SNAPSHOTS: Final = "SELECT kind, id, state FROM snapshots"
_BUSY_TIMEOUT_S: Final = 5.0


class ViewsSeen(Struct, frozen=True, kw_only=True):
    """What a views file shows. `unusable` says why it shows nothing, or no more than its watermark.

    An engine makes such a file anew at its start.
    """

    watermark: int = 0
    at: float = 0.0
    states: Mapping[Address, State] = field(default_factory=dict)
    put_aside: tuple[Violation, ...] = ()
    size_bytes: int = 0
    unusable: str = ""


def last_shown(path: Path) -> int:
    """The position up to which the views at `path` show a journal, whichever release made them; 0 where none is told.

    They are written from durable records only, so a journal that ends before it has lost some.
    """
    if not path.exists():
        return 0
    try:
        with closing(_connected(path)) as connection:
            (watermark,) = connection.execute("SELECT watermark FROM progress").fetchone()
            return int(watermark)
    except (sqlite3.Error, TypeError, ValueError):
        return 0


def examine(path: Path) -> ViewsSeen | None:
    """Read the views file at `path`; None where there is none."""
    if not path.exists():
        return None
    size = sum(each.stat().st_size for each in (path, path.with_name(f"{path.name}-wal")) if each.exists())
    try:
        with closing(_connected(path)) as connection:
            connection.execute("BEGIN")
            return _seen(connection, size)
    except (sqlite3.Error, StaleState, ValueError) as error:
        return ViewsSeen(size_bytes=size, unusable=str(error))


def _connected(path: Path) -> sqlite3.Connection:
    uri = f"{path.resolve().as_uri()}?mode=ro"
    return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_BUSY_TIMEOUT_S)


def _seen(connection: sqlite3.Connection, size: int) -> ViewsSeen:
    watermark, at, found = connection.execute("SELECT watermark, at, layout FROM progress").fetchone()
    if found != layout():
        return ViewsSeen(watermark=watermark, size_bytes=size, unusable="it is of another release's layout")
    states: dict[Address, State] = {}
    for kind, name, blob in connection.execute(_SNAPSHOTS):
        states[Address(Kind(kind), name)] = cast("State", decode_state(Kind(kind), blob))
    aside = tuple(Violation(*row) for row in connection.execute(VIOLATIONS))
    return ViewsSeen(watermark=watermark, at=at, states=states, put_aside=aside, size_bytes=size)
