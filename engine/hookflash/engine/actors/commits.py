"""Group commit: a group fills for as many as the last one had, or while that one is being written.

A lone caller is not delayed, but the first time after several. Where several were written together, their next
commands are on the way, so the next group waits for as many, and 6 ms at most: a commit costs as much as several calls.
Only what leaves the process waits here. A commit that failed is never retried: its cascades, and all that were built
upon them, are rolled back in reverse, and whoever waits is told that nothing happened.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from hookflash.engine.domain.address import Address
from hookflash.engine.domain.refusals import JournalUnavailable
from hookflash.engine.journal.port import JournalError, WriterStopped
from hookflash.engine.journal.record import Record
from hookflash.engine.journal.writer import JournalWriter

from .cascade import Cascade

__all__ = ["Commits", "Sealing"]

_GATHER_S = 0.006
_ENOUGH = 32
"""A commit of so many costs each of them a twentieth of the whole call; more would only wait longer."""
_TRIAL_EVERY = 64
"""Groups of several now and then wait for twice as many, to learn whether more callers are there by now."""


@dataclass(slots=True)
class Sealing:
    """A sealed cascade on its way to the disk, with the answer that waits for it."""

    cascade: Cascade
    record: Record
    address: Address
    answer: bytes
    done: "asyncio.Future[bytes]"


class Commits:
    """Sealed cascades in order, until they are durable."""

    def __init__(
        self,
        writer: JournalWriter,
        durable: int,
        *,
        on_durable: Callable[[list[Sealing]], None],
        on_failed: Callable[[list[Sealing], JournalError], None],
    ) -> None:
        """Begin behind what is durable. The callbacks run on the loop, before those who wait are told."""
        self.durable_position = durable
        self._writer = writer
        self._on_durable = on_durable
        self._on_failed = on_failed
        self._loop = asyncio.get_running_loop()
        self._gathering: list[Sealing] = []
        self._writing: list[Sealing] = []
        self._flush_due: asyncio.Handle | None = None
        self._is_due_at_once = False
        self._expected = 1
        self._groups = 0
        self._waiting: list[tuple[int, asyncio.Future[bytes]]] = []

    def add(self, sealing: Sealing) -> None:
        """Write it with the next group."""
        self._gathering.append(sealing)
        if not self._writing:
            self._schedule()

    def until_durable(self, position: int) -> "asyncio.Future[bytes]":
        """Wait for a position. Raises JournalUnavailable where it was rolled back instead."""
        done: asyncio.Future[bytes] = self._loop.create_future()
        if position <= self.durable_position:
            done.set_result(b"")
        else:
            self._waiting.append((position, done))
        return done

    def stop(self) -> None:
        """Write what is gathered, then end the writer's thread. Blocks."""
        self._writer.stop()

    @property
    def is_idle(self) -> bool:
        """Whether nothing waits to become durable."""
        return not self._gathering and not self._writing

    def _schedule(self) -> None:
        """See to it that what is gathered gets written: at once when it is as many as last time, else soon."""
        is_enough = len(self._gathering) >= self._expected
        if self._flush_due is not None:
            # Put off with every command, what is due at once would never come while more and more of them do.
            if not is_enough or self._is_due_at_once:
                return
            self._flush_due.cancel()
        self._is_due_at_once = is_enough
        self._flush_due = (
            self._loop.call_soon(self._flush) if is_enough else self._loop.call_later(_GATHER_S, self._flush)
        )

    def _flush(self) -> None:
        self._flush_due = None
        if self._writing or not self._gathering:
            return
        self._writing, self._gathering = self._gathering, []
        self._expected = self._worth_waiting_for(len(self._writing))
        try:
            self._writer.submit([sealing.record for sealing in self._writing], self._tell_loop)
        except WriterStopped as stopped:  # A plugin's fault, say, that is recorded while the engine stops.
            self._written(stopped)

    def _worth_waiting_for(self, last: int) -> int:
        self._groups += 1
        is_trial = last > 1 and self._groups % _TRIAL_EVERY == 0
        return min(2 * last if is_trial else last, _ENOUGH)

    def _tell_loop(self, error: JournalError | None) -> None:
        with suppress(RuntimeError):  # The loop is closed: nobody is left to be told.
            self._loop.call_soon_threadsafe(self._written, error)

    def _written(self, error: JournalError | None) -> None:
        group, self._writing = self._writing, []
        if error is not None:
            lost, self._gathering = [*group, *self._gathering], []
            self._on_failed(lost, error)
            self._refuse(lost, JournalUnavailable(_words(error)))
            return
        self.durable_position = group[-1].record.position
        self._on_durable(group)
        for sealing in group:
            if not sealing.done.done():
                sealing.done.set_result(sealing.answer)
        self._wake()
        if self._gathering:
            self._schedule()

    def _wake(self) -> None:
        due = [done for position, done in self._waiting if position <= self.durable_position]
        if due:
            self._waiting = [each for each in self._waiting if each[0] > self.durable_position]
        for done in due:
            if not done.done():
                done.set_result(b"")

    def _refuse(self, lost: list[Sealing], refusal: JournalUnavailable) -> None:
        waiting = [done for _, done in self._waiting]
        self._waiting = []
        for done in [*(sealing.done for sealing in lost), *waiting]:
            if not done.done():
                done.set_exception(refusal)


def _words(error: JournalError) -> str:
    return str(error).rstrip(".")
