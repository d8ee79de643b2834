"""The thread that keeps the views behind the journal: gathers what the loop feeds it, writes it, says how far it is.

Feeding costs the loop next to nothing. A batch is gathered for a moment unless somebody waits for it, since one large
transaction is far cheaper than many small ones.
"""

from collections import deque
from collections.abc import Callable, Sequence
from threading import Condition, Event, Thread
from typing import Final

import structlog

from hookflash.engine.views.gathered import DAY_S
from hookflash.engine.views.projection import Projection, Violation
from hookflash.engine.views.store import Views
from hookflash.engine.views.writer import BATCH_RECORDS_MAX, REQUEST_ID_KEPT_S, Writer

__all__ = ["GATHER_S", "Projector"]

GATHER_S: Final = 0.5
"""How long records are gathered before they are written, in seconds."""

_RETRY_S: Final = 1.0
_log = structlog.get_logger(__name__)


class Projector:
    """Writes what it is fed, in order, on a thread of its own.

    `on_violation` is called on that thread for every row that was put aside.
    """

    def __init__(
        self,
        views: Views,
        *,
        request_id_kept_s: float = REQUEST_ID_KEPT_S,
        gather_s: float = GATHER_S,
        on_violation: Callable[[Violation], None] | None = None,
    ) -> None:
        self._writer = Writer(views, request_id_kept_s=request_id_kept_s)
        self._gather_s = gather_s
        self._on_violation = on_violation
        self._listeners: list[Callable[[int], None]] = []
        self._fed: deque[Projection] = deque()
        self._watermark = self._fed_to = self._writer.position
        self._advanced = Condition()
        self._awake, self._hurried = Event(), Event()
        self._is_stopping = False
        self._thread = Thread(target=self._run, name="hookflash-projector", daemon=True)
        self._thread.start()

    @property
    def watermark(self) -> int:
        """The position up to which the views show everything."""
        return self._watermark

    @property
    def lag(self) -> int:
        """How many records were fed and are not written yet."""
        return self._fed_to - self._watermark

    @property
    def restarts(self) -> int:
        """How often it was started again: a thread never is."""
        return 0

    def feed(self, batch: Sequence[Projection]) -> None:
        """Take durable records over, in order of position; what the views have already is left out. Never waits."""
        if self._is_stopping:
            raise RuntimeError("The projector was stopped; feed it only before.")
        for projection in batch:
            if projection.record.position > self._fed_to:
                self._fed_to = projection.record.position
                self._fed.append(projection)
        if self.lag >= BATCH_RECORDS_MAX:
            self._hurried.set()
        if not self._awake.is_set():
            self._awake.set()

    def hurry(self) -> None:
        """Write what was fed at once, because somebody waits for it."""
        self._hurried.set()

    def wait_for(self, position: int, timeout_s: float) -> bool:
        """Wait until the watermark is at `position` or beyond; False when it is not after `timeout_s` seconds.

        Blocks: for threads, never for the loop, which takes `on_progress`.
        """
        if self._watermark >= position:
            return True
        self._hurried.set()
        with self._advanced:
            return self._advanced.wait_for(lambda: self._watermark >= position, timeout_s)

    def on_progress(self, callback: Callable[[int], None]) -> None:
        """Call `callback(watermark)` on the projector's thread after every batch; it must not raise or wait."""
        self._listeners.append(callback)

    def stop(self) -> None:
        """Write what was fed and end the thread. Stopping twice is nothing."""
        self._is_stopping = True
        self._hurried.set()
        self._awake.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            self._awake.wait()
            self._hurried.wait(self._gather_s)
            self._awake.clear()
            self._hurried.clear()
            while self._fed:
                if not self._written(self._next_batch()):
                    return
            if self._is_stopping and not self._fed:
                return

    def _next_batch(self) -> list[Projection]:
        """The oldest records, all of one day, so that what a day ends is forgotten before the next one's is written."""
        batch = [self._fed.popleft()]
        day = batch[0].record.at // DAY_S
        while self._fed and len(batch) < BATCH_RECORDS_MAX and self._fed[0].record.at // DAY_S == day:
            batch.append(self._fed.popleft())
        return batch

    def _written(self, batch: Sequence[Projection]) -> bool:
        """Write the batch, again and again until the disk takes it; False when it never did and the engine stops."""
        gathered, aside = self._writer.gather(batch)
        while True:
            try:
                violations = self._writer.write(gathered, aside)
                break
            except Exception as error:  # noqa: BLE001  logged, and tried again
                # Mostly the disk. Nothing is lost by waiting: the journal has it, and the lag slows the edge down.
                _log.exception("views.write_failed", position=gathered.position, why=str(error))
                if self._is_stopping:
                    return False
                self._hurried.wait(_RETRY_S)
                self._hurried.clear()
        self._advance(gathered.position)
        for violation in violations:
            _log.error("views.violation", relation=violation.relation, reason=violation.reason, row=violation.content)
            if self._on_violation is not None:
                self._on_violation(violation)
        return True

    def _advance(self, position: int) -> None:
        with self._advanced:
            self._watermark = position
            self._advanced.notify_all()
        for listener in self._listeners:
            listener(position)
