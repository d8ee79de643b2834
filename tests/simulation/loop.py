"""An event loop with a time of its own: it never sleeps, waits for no thread, and runs ready work in a drawn order.

Two runs that make the same calls run the same callbacks in the same order, in any process: tasks and futures hash by
the order in which they were made, timers of one instant ring in the order in which they were set, and what asyncio
would give to a thread runs here. What belongs to a process that has died (see `process.py`) is never run again.
"""

import asyncio
import heapq
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from itertools import count
from random import Random
from typing import Any, Protocol, Self, TypeVar

__all__ = ["LIFE", "Life", "SimulatedLoop"]

T = TypeVar("T")


class Life(Protocol):
    """Whose a callback is; `made` keeps its tasks until the end, so that no collection runs a dead one's code."""

    is_dead: bool
    made: list["asyncio.Task[Any]"]


LIFE: ContextVar[Life | None] = ContextVar("LIFE", default=None)
"""The process in whose name something runs; None for the world outside the engine."""


class _Future(asyncio.Future[Any]):
    def __new__(cls, *_: object, **__: object) -> Self:
        made = super().__new__(cls)
        made.serial = next(_Serials.serials)
        return made

    serial: int

    def __hash__(self) -> int:
        return self.serial


class _Task(asyncio.Task[Any]):
    def __new__(cls, *_: object, **__: object) -> Self:
        made = super().__new__(cls)
        made.serial = next(_Serials.serials)
        return made

    serial: int

    def __hash__(self) -> int:
        return self.serial


class _Serials:
    serials = count(1)


class SimulatedLoop(asyncio.BaseEventLoop):
    """The loop; `order` draws the order of what is ready together, None keeps asyncio's own."""

    def __init__(self, order: Random | None) -> None:
        super().__init__()
        _Serials.serials = count(1)
        self._virtual_now = 0.0
        self._order = order
        self.thread_s: Callable[[], float] = lambda: 0.0
        """How long something takes that asyncio would give to a thread."""
        self._timers: list[tuple[float, int, asyncio.TimerHandle]] = []
        self._timer_serial = count()
        self.callbacks = 0
        self.set_task_factory(self._make_task)  # type: ignore[arg-type]  # typeshed wants a protocol of its own

    def time(self) -> float:
        return self._virtual_now

    def call_at(
        self, when: float, callback: Callable[..., object], *args: object, context: Context | None = None
    ) -> asyncio.TimerHandle:
        timer = asyncio.TimerHandle(when, callback, args, self, context)
        heapq.heappush(self._timers, (when, next(self._timer_serial), timer))
        return timer

    def create_future(self) -> "asyncio.Future[Any]":
        return _Future(loop=self)

    def run_in_executor(self, _executor: object, call: Callable[..., T], *args: object) -> "asyncio.Future[T]":
        future: asyncio.Future[T] = self.create_future()

        def run() -> None:
            try:
                answer = call(*args)
            except Exception as error:  # noqa: BLE001  whatever it is, it belongs to whoever waits
                if not future.done():
                    future.set_exception(error)
            else:
                if not future.done():
                    future.set_result(answer)

        self.call_later(self.thread_s(), run)
        return future

    def _write_to_self(self) -> None:
        """Nobody sleeps who would have to be woken."""

    def _make_task(
        self, _loop: object, coroutine: Coroutine[Any, Any, T], context: Context | None = None, **_: object
    ) -> "asyncio.Task[T]":
        life = (context or copy_context()).get(LIFE)
        task: asyncio.Task[T] = _Task(coroutine, loop=self, context=context)
        if life is not None:
            life.made.append(task)
        return task

    def _run_once(self) -> None:
        ready, timers = self._ready, self._timers  # type: ignore[attr-defined]
        if not ready:
            while timers and timers[0][2].cancelled():
                heapq.heappop(timers)
            if not timers:
                raise RuntimeError("the simulation stands still: nothing is ready and no timer is set")
            self._virtual_now = max(self._virtual_now, timers[0][0])
        while timers and timers[0][0] <= self._virtual_now:
            ready.append(heapq.heappop(timers)[2])
        batch = list(ready)
        ready.clear()
        if self._order is not None and len(batch) > 1:
            self._order.shuffle(batch)
        for handle in batch:
            if handle.cancelled():
                continue
            life = handle._context.get(LIFE)  # noqa: SLF001
            if life is None or not life.is_dead:
                self.callbacks += 1
                handle._run()  # noqa: SLF001
