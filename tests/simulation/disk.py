"""The disk: a journal whose appends are first written and then synced, with a crash possible in between.

It keeps encoded groups, sealed and read by the engine's own code. What was synced stays; of what was only written, a
crash leaves a drawn prefix.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random

from hookflash.engine.failpoints import JOURNAL_AFTER_APPEND, JOURNAL_AFTER_SYNC, JOURNAL_BEFORE_APPEND, Failpoints
from hookflash.engine.journal.errors import Conflict, JournalBroken, JournalError, JournalFull, WriterStopped
from hookflash.engine.journal.groups import Group, records_of, seal, tail_of
from hookflash.engine.journal.memory import MemoryJournal, MemoryStore
from hookflash.engine.journal.port import Tail
from hookflash.engine.journal.record import Record
from hookflash.engine.journal.writer import Done, JournalWriter

from .loop import SimulatedLoop

__all__ = ["Disk", "LoopWriter", "SimulatedJournal"]


@dataclass(slots=True)
class Disk:
    """What outlives a process: synced groups in `store`, and what was written behind them and may be lost."""

    store: MemoryStore = field(default_factory=MemoryStore)
    unsynced: list[Group] = field(default_factory=list)
    is_full: bool = False
    fails_next: bool = False

    def crash(self, random: Random) -> int:
        """Keep a drawn prefix of what was not synced; answers how many groups are gone."""
        kept = random.randint(0, len(self.unsynced))
        lost = len(self.unsynced) - kept
        self.store.groups.extend(self.unsynced[:kept])
        self.unsynced.clear()
        return lost

    def records(self) -> list[Record]:
        """Everything that is durable, decoded by the engine's own codec."""
        return list(records_of(self.store.groups, 0, None))


class SimulatedJournal(MemoryJournal):
    """A Journal on a Disk; `write` and `sync` are the two halves of `append`."""

    def __init__(self, disk: Disk, failpoints: Failpoints) -> None:
        # Not the parent's way of opening, which reads everything: whether all can be read is judged at every crash.
        disk.store.epoch += 1
        self._store, self._failpoints, self._epoch = disk.store, failpoints, disk.store.epoch
        self._tail = tail_of(disk.store.groups[-1] if disk.store.groups else None)
        self._disk = disk
        self._ends_at = 0.0

    def write(self, records: Sequence[Record]) -> None:
        """Write a group that is not durable yet. Raises what `append` raises."""
        group = seal(records, self._tail, self._epoch)
        self._failpoints.hit(JOURNAL_BEFORE_APPEND)
        if self._disk.is_full:
            raise JournalFull("The disk is full; nothing was written.")
        if self._store.epoch != self._epoch:
            raise Conflict("Another engine has opened this journal since; this one may not write to it any more.")
        self._disk.unsynced.append(group)
        self._ends_at = records[-1].at
        self._failpoints.hit(JOURNAL_AFTER_APPEND)

    def sync(self) -> None:
        """Make durable what was written. Raises JournalBroken, and then nothing is known."""
        if self._disk.fails_next:
            self._disk.fails_next = False
            raise JournalBroken("The disk did not take it (input/output error).")
        unsynced = self._disk.unsynced
        if unsynced:
            last = unsynced[-1]
            self._store.groups.extend(unsynced)
            unsynced.clear()
            self._tail = Tail(last.last_position, self._ends_at, last.last_hash)
        self._failpoints.hit(JOURNAL_AFTER_SYNC)

    def append(self, records: Sequence[Record]) -> None:
        """Both halves at once."""
        if records:
            self.write(records)
            self.sync()


class LoopWriter(JournalWriter):
    """The journal's writer without its thread: the loop's timers stand for the time that writing and syncing take."""

    def __init__(self, journal: SimulatedJournal, loop: SimulatedLoop, write_s: Callable[[], float]) -> None:
        self._disk_journal, self._loop, self._write_s = journal, loop, write_s
        self._waiting: list[tuple[Sequence[Record], Done]] = []
        self._is_busy = self._has_ended = False

    def submit(self, records: Sequence[Record], done: Done) -> None:
        """Hand over one group."""
        if self._has_ended:
            raise WriterStopped("The journal's writer has stopped; nothing was written.")
        self._waiting.append((records, done))
        if not self._is_busy:
            self._is_busy = True
            if (takes_s := self._write_s()) > 0.0:
                self._loop.call_later(takes_s, self._begin)
            else:
                self._begin(is_last=True)  # So quick a disk is written to at once, on the loop.

    def stop(self) -> None:
        """Write what was submitted."""
        self._has_ended = True
        while self._waiting:
            self._begin(is_last=True)

    def _begin(self, *, is_last: bool = False) -> None:
        records, done = self._waiting[0]
        try:
            self._disk_journal.write(records)
        except JournalError as error:
            self._end(done, error)
            return
        if is_last:
            self._sync(done)
        else:
            self._loop.call_later(self._write_s(), self._sync, done)

    def _sync(self, done: Done) -> None:
        try:
            self._disk_journal.sync()
        except JournalError as error:
            self._end(done, error)
        else:
            self._end(done, None)

    def _end(self, done: Done, error: JournalError | None) -> None:
        self._waiting.pop(0)
        done(error)
        self._is_busy = bool(self._waiting)
        if self._is_busy and not self._has_ended:
            self._loop.call_later(self._write_s(), self._begin)
