"""A journal in memory, for tests and the simulation: the same contract, the same bytes, no disk.

What outlives a crash is the `MemoryStore`; a journal opened on it again is the next owner, with the next epoch.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock

from hookflash.engine.failpoints import JOURNAL_AFTER_APPEND, JOURNAL_AFTER_SYNC, JOURNAL_BEFORE_APPEND, Failpoints
from hookflash.engine.journal.errors import Conflict, Damaged, Gone
from hookflash.engine.journal.groups import EMPTY, Group, records_of, seal
from hookflash.engine.journal.port import Report, Tail
from hookflash.engine.journal.record import Record

__all__ = ["MemoryJournal", "MemoryStore"]


@dataclass(slots=True)
class MemoryStore:
    """What a disk would hold: the groups, and the epoch of the last owner."""

    groups: list[Group] = field(default_factory=list)
    epoch: int = 0


class MemoryJournal:
    """A Journal over a MemoryStore."""

    def __init__(self, store: MemoryStore | None = None, failpoints: Failpoints | None = None) -> None:
        self._store = MemoryStore() if store is None else store
        self._failpoints = failpoints or Failpoints()
        self._lock = Lock()
        self._tail = EMPTY
        for record in records_of(self._store.groups, 0, None):
            self._tail = Tail(record.position, record.at, b"")
        if self._store.groups:
            self._tail = Tail(self._tail.position, self._tail.at, self._store.groups[-1].last_hash)
        self._store.epoch += 1
        self._epoch = self._store.epoch

    @property
    def epoch(self) -> int:
        """The number of this ownership."""
        return self._epoch

    def append(self, records: Sequence[Record]) -> None:
        """Keep one group."""
        if not records:
            return
        with self._lock:
            group = seal(records, self._tail, self._epoch)
            self._failpoints.hit(JOURNAL_BEFORE_APPEND)
            if self._store.epoch != self._epoch:
                raise Conflict("Another engine has opened this journal since; this one may not write to it any more.")
            self._failpoints.hit(JOURNAL_AFTER_APPEND)
            self._store.groups.append(group)
            self._tail = Tail(group.last_position, records[-1].at, group.last_hash)
            self._failpoints.hit(JOURNAL_AFTER_SYNC)

    def tail(self) -> Tail:
        """The journal's end."""
        return self._tail

    def read(self, after: int, limit: int = 1000) -> list[Record]:
        """The records after a position, at most `limit`."""
        groups = self._store.groups
        found: list[Record] = []
        start = self._index(after + 1)
        for index in range(start, len(groups)):
            if len(found) >= limit:
                break
            found.extend(records_of([groups[index]], after, groups[index - 1] if index else None))
        return found[:limit]

    def record(self, position: int) -> Record:
        """The record at a position."""
        found = self.read(position - 1, 1) if position > 0 else []
        if not found:
            raise Gone(position, self._tail.position)
        return found[0]

    def size_bytes(self) -> int:
        """How many bytes the groups' bodies have."""
        return sum(len(group.body) for group in self._store.groups)

    def verify(self) -> Report:
        """Check every hash and decode every record."""
        good = 0
        try:
            for record in records_of(self._store.groups, 0, None):
                good = record.position
        except Damaged as damage:
            return Report(records=good, damaged_position=damage.position, why=damage.why)
        return Report(records=good)

    def close(self) -> None:
        """Nothing is held."""

    def _index(self, position: int) -> int:
        """Where the group that holds a position is in the list."""
        return bisect_left(self._store.groups, position, key=lambda group: group.last_position)
