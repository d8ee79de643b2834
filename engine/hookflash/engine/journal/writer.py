"""The journal's thread: takes groups one after the other, makes each durable, and says so.

A real pykka thread, so a slow disk stops only those who wait for it. Which records form a group is the shard's
decision; it hands over the next group while this one commits.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Final

import pykka
import structlog

from hookflash.engine.journal.errors import JournalBroken, JournalError, WriterStopped
from hookflash.engine.journal.port import Journal
from hookflash.engine.journal.record import Record

__all__ = ["Done", "JournalWriter"]

Done = Callable[[JournalError | None], None]
"""Called on the writer's thread: None when the group is durable, else why it is not (or is not known to be)."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Group:
    records: Sequence[Record]
    done: Done


class _JournalWriter(pykka.ThreadingActor):
    """The actor behind JournalWriter; its inbox is the queue of groups."""

    # Whoever ends without stop() ends as in a crash: an open append must not keep the process alive.
    use_daemon_thread = True

    def __init__(self, journal: Journal) -> None:
        super().__init__()
        self._journal = journal

    def on_receive(self, message: _Group) -> None:
        error: JournalError | None = None
        try:
            self._journal.append(message.records)
        except JournalError as refused:
            error = refused
        except Exception as fault:  # noqa: BLE001  whoever waits for the group has to hear of any fault
            _log.exception("journal.append_raised")
            error = JournalBroken(f"The append failed by a fault of the engine's own ({fault!r}).")
            error.__cause__ = fault
        try:
            message.done(error)
        except Exception:  # noqa: BLE001  a shard that is gone must not stop the groups behind its own
            _log.exception("journal.done_raised", first_position=message.records[0].position if message.records else 0)


class JournalWriter:
    """Appends groups to a journal in the order in which they are submitted."""

    def __init__(self, journal: Journal) -> None:
        self._order: Final = Lock()
        self._is_stopped = False
        self._thread = _JournalWriter.start(journal)

    def submit(self, records: Sequence[Record], done: Done) -> None:
        """Hand over one group; returns at once. `done` is called exactly once, on the writer's thread.

        Raises:
            WriterStopped: after `stop`; `done` will not be called.
        """
        with self._order:
            if self._is_stopped:
                raise WriterStopped("The journal's writer has stopped; nothing was written.")
            self._thread.tell(_Group(records, done))

    def stop(self) -> None:
        """Wait until everything submitted is decided, then end the thread. Stopping twice is nothing."""
        with self._order:
            if self._is_stopped:
                return
            self._is_stopped = True
        self._thread.stop(block=True)
