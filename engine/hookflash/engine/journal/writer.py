"""What makes groups durable one after the other, and says so: on a thread, or at once while the disk is quick.

A real pykka thread, so a slow disk stops only those who wait for it. But a hop to a thread and back costs more than a
commit of a quick disk, and each gives the interpreter's lock away, so a server's loop commits by itself (`quick_s`)
until one commit took longer: that one stops the loop, and then the thread has them until all were quick for a second.
Which records form a group is the shard's decision.
"""

from collections.abc import Callable, Sequence
from threading import Lock
from time import monotonic
from typing import Final

import pykka
import structlog

from hookflash.engine.domain.struct import Struct
from hookflash.engine.journal.errors import JournalBroken, JournalError, WriterStopped
from hookflash.engine.journal.port import Journal
from hookflash.engine.journal.record import Record

__all__ = ["QUICK_S", "Done", "JournalWriter"]

Done = Callable[[JournalError | None], None]
"""Called where the group was written: None when it is durable, else why it is not (or is not known to be).

In the order of the groups; so the next one is not submitted within it.
"""

QUICK_S: Final = 0.01
"""Commits that take less than this, in seconds, are quick: also one that waited for the interpreter's lock."""

_SLOW_FOR_S: Final = 1.0
_log = structlog.get_logger(__name__)


class _Group(Struct, frozen=True):
    records: Sequence[Record]
    done: Done


class _JournalWriter(pykka.ThreadingActor):
    """The actor behind JournalWriter; its inbox is the queue of groups."""

    # Whoever ends without stop() ends as in a crash: an open append must not keep the process alive.
    use_daemon_thread = True

    def __init__(self, write: Callable[[_Group], None]) -> None:
        super().__init__()
        self._write = write

    def on_receive(self, message: _Group) -> None:
        self._write(message)


class JournalWriter:
    """Appends groups to a journal in the order in which they are submitted."""

    def __init__(self, journal: Journal, *, quick_s: float = 0.0) -> None:
        """Write on the thread, and within `submit` as long as commits take less than `quick_s` seconds."""
        self._journal = journal
        self._quick_s = quick_s
        self._slow_until = 0.0
        self._handed_over = 0
        self._order: Final = Lock()
        self._is_stopped = False
        self._thread = _JournalWriter.start(self._write_handed_over)

    def submit(self, records: Sequence[Record], done: Done) -> None:
        """Hand over one group; `done` is called exactly once, within this call or on the writer's thread.

        Raises:
            WriterStopped: after `stop`; `done` will not be called.
        """
        group = _Group(records, done)
        with self._order:
            if self._is_stopped:
                raise WriterStopped("The journal's writer has stopped; nothing was written.")
            if self._quick_s and not self._handed_over and monotonic() >= self._slow_until:
                _conclude(group, self._append(records))
            else:
                self._handed_over += 1
                self._thread.tell(group)

    def _write_handed_over(self, group: _Group) -> None:
        error = self._append(group.records)
        # Told before the next one can be written by whoever submits it, so before that one is told of.
        with self._order:
            self._handed_over -= 1
            _conclude(group, error)

    def _append(self, records: Sequence[Record]) -> JournalError | None:
        begun = monotonic()
        try:
            self._journal.append(records)
        except JournalError as refused:
            return refused
        except Exception as fault:  # noqa: BLE001  whoever waits for the group has to hear of any fault
            _log.exception("journal.append_raised")
            error = JournalBroken(f"The append failed by a fault of the engine's own ({fault!r}).")
            error.__cause__ = fault
            return error
        finally:
            now = monotonic()
            if now - begun > self._quick_s:
                self._slow_until = now + _SLOW_FOR_S
        return None

    def stop(self) -> None:
        """Wait until everything submitted is decided, then end the thread. Stopping twice is nothing."""
        with self._order:
            if self._is_stopped:
                return
            self._is_stopped = True
        self._thread.stop(block=True)


def _conclude(group: _Group, error: JournalError | None) -> None:
    try:
        group.done(error)
    except Exception:  # noqa: BLE001  a shard that is gone must not stop the groups behind its own
        _log.exception("journal.done_raised", first_position=group.records[0].position if group.records else 0)
