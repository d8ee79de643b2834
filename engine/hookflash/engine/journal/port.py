"""What the engine asks of a journal: a list of records that only grows, with one owner.

`append` blocks and belongs on a thread of its own (JournalWriter); everything else may be called from any thread,
also while an append runs. Every implementation passes the one contract suite in `tests/journal/contract.py`.
"""

from collections.abc import Sequence
from typing import Protocol

from hookflash.engine.domain.struct import Struct
from hookflash.engine.journal.errors import (
    Conflict,
    Damaged,
    Foreign,
    Gone,
    InUse,
    JournalBroken,
    JournalError,
    JournalFull,
    RecordsMissing,
    StaleState,
    UnknownEvent,
    Unreadable,
    WriterStopped,
)
from hookflash.engine.journal.record import Record

__all__ = [
    "Conflict",
    "Damaged",
    "Foreign",
    "Gone",
    "InUse",
    "Journal",
    "JournalBroken",
    "JournalError",
    "JournalFull",
    "RecordsMissing",
    "Report",
    "StaleState",
    "Tail",
    "UnknownEvent",
    "Unreadable",
    "WriterStopped",
]


class Tail(Struct, frozen=True):
    """The journal's end: last position (0 when empty), its engine time in seconds, and the hash chain there."""

    position: int
    at: float
    hash: bytes


class Report(Struct, frozen=True, kw_only=True):
    """What a full verification found: how many records are good, and the first one that is not, if any."""

    records: int
    damaged_position: int | None = None
    why: str = ""


class Journal(Protocol):
    """One shard's journal. Positions start at 1 and have no gaps."""

    @property
    def epoch(self) -> int:
        """The number of this ownership: raised at each open and checked by every append."""

    def append(self, records: Sequence[Record]) -> None:
        """Make one group durable, whole or not at all; when it returns, a power cut does not undo it.

        Raises:
            Conflict: positions do not continue the journal, or a later owner opened it. Nothing was written.
            JournalFull: the disk is full or read-only. Nothing was written.
            JournalBroken: nothing is known; every later append raises it too.
        """

    def tail(self) -> Tail:
        """The journal's end as last known to be durable."""

    def read(self, after: int, limit: int = 1000) -> list[Record]:
        """The records after a position, in order, at most `limit`; an empty list is the end.

        Raises:
            Damaged: the chain of hashes does not hold, or a record cannot be decoded.
            JournalBroken: the disk did not answer.
        """

    def record(self, position: int) -> Record:
        """The record at a position.

        Raises:
            Gone: there is none, as after a restore from a backup.
            Damaged: as for `read`.
        """

    def size_bytes(self) -> int:
        """How much room the journal takes."""

    def verify(self) -> Report:
        """Read everything, check every hash and decode every record."""

    def close(self) -> None:
        """Give up ownership; the object is of no use afterwards. Closing twice is nothing."""
