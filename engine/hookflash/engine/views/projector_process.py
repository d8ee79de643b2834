"""The projector of a server: a process of its own, so that nothing of it waits for the loop, nor the loop for it.

A thread that turns records into rows shares the interpreter's lock with every call; the process reads the journal
itself and folds what it reads, so feeding it is one line now and then that says how far the journal is durable.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Condition, Lock
from typing import IO, Final, NamedTuple, cast

import structlog

from hookflash.engine.views.following import Progress, decode_progress, encode_order
from hookflash.engine.views.projection import Projection, Violation
from hookflash.engine.views.projector import GATHER_S
from hookflash.engine.views.store import Views
from hookflash.engine.views.writer import BATCH_RECORDS_MAX, REQUEST_ID_KEPT_S

__all__ = ["ProjectorProcess"]

_RESTART_S: Final = 1.0
_STOP_S: Final = 60.0
_PIPE_BYTES: Final = 65_536
_log = structlog.get_logger(__name__)


class _Child(NamedTuple):
    """The process, what it is told through and what it answers through; neither ever blocks."""

    process: "subprocess.Popen[bytes]"
    orders: IO[bytes]
    answers: IO[bytes]


class ProjectorProcess:
    """Does what `Projector` does, for a journal and views that lie in one data directory.

    Made on the loop, where it also hears how far the process is; `wait_for` may be called from any thread.
    """

    def __init__(
        self,
        views: Views,
        *,
        request_id_kept_s: float = REQUEST_ID_KEPT_S,
        restart_s: float = _RESTART_S,
        on_violation: Callable[[Violation], None] | None = None,
    ) -> None:
        self._data: Final[Path] = views.path.parent.resolve()
        self._request_id_kept_s = request_id_kept_s
        self._restart_s = restart_s
        self._on_violation = on_violation
        self._loop = asyncio.get_running_loop()
        self._listeners: list[Callable[[int], None]] = []
        self._watermark = self._fed_to = self._told_to = views.watermark()
        self._advanced = Condition()
        self._heard = b""
        self._telling: asyncio.TimerHandle | None = None
        self._is_stopping = False
        self.restarts = 0
        # Threads that wait write to the pipe that the loop closes, and its number may be a journal's next.
        self._ordering = Lock()
        self._child = self._started()

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._child.process.pid

    @property
    def watermark(self) -> int:
        """The position up to which the views show everything."""
        return self._watermark

    @property
    def lag(self) -> int:
        """How many records were fed and are not written yet."""
        return self._fed_to - self._watermark

    def feed(self, batch: Sequence[Projection]) -> None:
        """Say that these records are durable, in order of position. Never waits."""
        if self._is_stopping:
            raise RuntimeError("The projector was stopped; feed it only before.")
        self._fed_to = max(self._fed_to, batch[-1].record.position if batch else 0)
        if self._fed_to - self._told_to >= BATCH_RECORDS_MAX:
            self._tell()
        else:
            self._tell_soon()

    def wait_for(self, position: int, timeout_s: float) -> bool:
        """Wait until the watermark is at `position` or beyond; False when it is not after `timeout_s` seconds.

        Blocks: for threads, never for the loop, which takes `on_progress`.
        """
        if self._watermark >= position:
            return True
        if self._told_to < position <= self._fed_to:
            self._order(self._fed_to)
        with self._advanced:
            return self._advanced.wait_for(lambda: self._watermark >= position, timeout_s)

    def on_progress(self, callback: Callable[[int], None]) -> None:
        """Call `callback(watermark)` on the loop after every batch; it must not raise or wait."""
        self._listeners.append(callback)

    def stop(self) -> None:
        """Let what was fed be written, and end the process. Blocks; stopping twice is nothing."""
        if self._is_stopping:
            return
        with self._ordering:  # From here on none is started in its place.
            self._is_stopping = True
        self._order(self._fed_to)
        with self._ordering:
            self._child.orders.close()
        try:
            self._child.process.wait(_STOP_S)
        except subprocess.TimeoutExpired:
            # Its disk takes nothing. The journal has everything, and the next start brings the views up.
            self._child.process.kill()
            self._child.process.wait()
        with suppress(RuntimeError):  # The loop is closed.
            self._loop.call_soon_threadsafe(self._forget)

    def _started(self) -> _Child:
        process = subprocess.Popen(  # noqa: S603  ourselves
            (
                sys.executable,
                "-P",
                "-m",
                "hookflash.engine.views.following",
                str(self._data),
                str(self._request_id_kept_s),
            ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            # It finds what we found, wherever that was: a start by `-m` or an embedding may have told us only.
            env={**os.environ, "PYTHONPATH": os.pathsep.join(str(Path(place).absolute()) for place in sys.path)},
            start_new_session=True,  # Ctrl-C is for us, also while it is not there yet to ignore it.
        )
        child = _Child(process, cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout))
        for pipe in (child.orders, child.answers):
            os.set_blocking(pipe.fileno(), False)
        self._loop.add_reader(child.answers.fileno(), self._hear)
        return child

    def _tell_soon(self) -> None:
        if self._telling is None and self._fed_to > self._told_to and not self._is_stopping:
            self._telling = self._loop.call_later(GATHER_S, self._tell)

    def _tell(self) -> None:
        if self._telling is not None:
            self._telling.cancel()
            self._telling = None
        if not self._is_stopping:
            self._order(self._fed_to)

    def _order(self, position: int) -> None:
        # It is full of orders, dead or closed already: told again with its next progress, or to a new process.
        with self._ordering, suppress(OSError, ValueError):
            os.write(self._child.orders.fileno(), encode_order(position))
            self._told_to = position

    def _hear(self) -> None:
        chunk = self._child.answers.read(_PIPE_BYTES)
        if chunk is None:
            return
        if not chunk:
            self._ended()
            return
        *lines, self._heard = (self._heard + chunk).split(b"\n")
        for line in lines:
            self._take(decode_progress(line))

    def _take(self, progress: Progress) -> None:
        if progress.trouble:
            _log.error("views.write_failed", position=progress.watermark, why=progress.trouble)
        for violation in progress.violations:
            _log.error("views.violation", relation=violation.relation, reason=violation.reason, row=violation.content)
            if self._on_violation is not None:
                self._on_violation(violation)
        if progress.watermark > self._watermark:
            with self._advanced:
                self._watermark = progress.watermark
                self._advanced.notify_all()
            for listener in self._listeners:
                listener(progress.watermark)
        self._tell_soon()

    def _ended(self) -> None:
        """The process is gone: killed, or out of memory. Its journal and its views are whole, so begin again."""
        self._forget()
        if not self._is_stopping:
            _log.error("views.projector_ended", code=self._child.process.wait(), watermark=self._watermark)
            self._loop.call_later(self._restart_s, self._restart)

    def _restart(self) -> None:
        with self._ordering:
            if self._is_stopping:
                return
            try:
                self._child = self._started()
            except OSError as error:  # No memory, no descriptors: for now.
                _log.error("views.projector_not_started", why=str(error), watermark=self._watermark)
                self._loop.call_later(self._restart_s, self._restart)
                return
            self._heard, self._told_to = b"", self._watermark
        self.restarts += 1
        self._order(self._fed_to)

    def _forget(self) -> None:
        with self._ordering:
            self._child.orders.close()
        if not self._child.answers.closed:
            self._loop.remove_reader(self._child.answers.fileno())
            self._child.answers.close()
