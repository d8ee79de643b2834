"""What works on threads in a process, on the loop instead: the views' projector and the asking of strategies."""

from collections import deque
from collections.abc import Callable, Sequence

from hookflash.engine.views.projection import Projection, Violation
from hookflash.engine.views.projector import GATHER_S, Projector
from hookflash.engine.views.store import Views
from hookflash.engine.views.writer import REQUEST_ID_KEPT_S, Writer
from hookflash.sdk.hosting.asking import AskingThread

from .loop import SimulatedLoop

__all__ = ["LoopAskingThread", "LoopProjector"]


class LoopProjector(Projector):
    """Gathers for a while, then writes by the engine's own writer; whoever waits gets it written at once."""

    def __init__(
        self,
        views: Views,
        *,
        request_id_kept_s: float = REQUEST_ID_KEPT_S,
        gather_s: float = GATHER_S,
        on_violation: Callable[[Violation], None] | None = None,
        loop: SimulatedLoop,
    ) -> None:
        self._writer = Writer(views, request_id_kept_s=request_id_kept_s)
        self._loop = loop
        self._gather_s = gather_s
        self._on_violation = on_violation
        self._listeners: list[Callable[[int], None]] = []
        self._fed: deque[Projection] = deque()
        self._watermark = self._fed_to = self._writer.position
        self._is_due = False

    def feed(self, batch: Sequence[Projection]) -> None:
        for projection in batch:
            if projection.record.position > self._fed_to:
                self._fed_to = projection.record.position
                self._fed.append(projection)
        if not self._is_due:
            self._is_due = True
            self._loop.call_later(self._gather_s, self._write)

    def hurry(self) -> None:
        self._write()

    def wait_for(self, position: int, timeout_s: float) -> bool:  # noqa: ARG002  what was fed is written now or never
        if self._watermark < position:
            self._write()
        return self._watermark >= position

    def stop(self) -> None:
        self._write()

    def _write(self) -> None:
        self._is_due = False
        while self._fed:
            batch = self._next_batch()
            gathered, aside = self._writer.gather(batch)
            for violation in self._writer.write(gathered, aside):
                if self._on_violation is not None:
                    self._on_violation(violation)
            self._watermark = gathered.position
            for listener in self._listeners:
                listener(self._watermark)


class LoopAskingThread(AskingThread):
    """A plugin's thread whose calls take as long as `takes_s` says: one that hangs just takes long."""

    def __init__(
        self, name: str, clock: Callable[[], float], loop: SimulatedLoop, takes_s: Callable[[], float]
    ) -> None:
        super().__init__(name, clock)
        self._loop, self._takes_s = loop, takes_s
        self._is_at_work = False

    def begin(self) -> None:
        if not self._is_at_work:
            self._is_at_work = True
            self._loop.call_soon(self._work)

    def _work(self) -> None:
        asking = self.take(0.0)
        if asking is None:
            self._is_at_work = False
            return

        def answered() -> None:
            self.call(asking)
            self._work()

        self._loop.call_later(self._takes_s(), answered)
