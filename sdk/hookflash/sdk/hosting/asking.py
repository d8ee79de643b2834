"""Asking a plugin on the plugin's own thread, so that a slow one holds up nobody else.

The engine's timer ends an asking that is late (`Asking.give_up`); until that call has returned the plugin is not asked
again. A call cannot be ended from outside, only left behind.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto
from threading import Condition, Thread
from typing import Any, Generic, TypeVar, final

import structlog

from hookflash.sdk.hosting.breaker import Breaker

__all__ = ["BUDGET_S", "LINE_LENGTH_MAX", "STILL_BUSY", "Asking", "AskingThread", "NotAskedError", "Reply"]

T = TypeVar("T")

BUDGET_S = 0.05
LINE_LENGTH_MAX = 1_000
"""Questions that may wait for one plugin."""

LINE_FULL = f"more than {LINE_LENGTH_MAX:,} questions wait for the plugin"
STILL_BUSY = "the plugin is still busy with an earlier call"
NO_ANSWER = f"no answer within {BUDGET_S:g} s"
STOPPED = "the engine stops"

_log = structlog.get_logger("hookflash.plugins")


class NotAskedError(Exception):
    """Raised by a call that found nobody to ask, which is no fault of the plugin: the words say why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply(Generic[T]):
    """How a guarded call ended: with a `value`, or with a `fault`."""

    value: T | None = None
    fault: str | None = None


class _Phase(Enum):
    WAITING = auto()
    RUNNING = auto()
    DONE = auto()
    GIVEN_UP = auto()


@final
class Asking(Generic[T]):
    """One question: what to call, its breaker, whom to tell the answer and whom a fault, put into words by `told`."""

    def __init__(
        self,
        call: Callable[[], T],
        breaker: Breaker,
        on_answer: Callable[[Reply[T]], None],
        on_fault: Callable[[str], None],
        *,
        told: Callable[[BaseException], str] = lambda error: f"{type(error).__name__}: {error}",
    ) -> None:
        self.call = call
        self.breaker = breaker
        self.on_fault = on_fault
        self.told = told
        self.phase = _Phase.WAITING
        self.began_at = 0.0
        self.thread: AskingThread | None = None
        self._on_answer = on_answer

    @property
    def is_open(self) -> bool:
        """Whether it is neither answered nor given up."""
        return self.phase in (_Phase.WAITING, _Phase.RUNNING)

    @property
    def is_waiting(self) -> bool:
        """Whether its call has not begun yet."""
        return self.phase is _Phase.WAITING

    def give_up(self) -> None:
        """End an asking whose time is over: its answer, should it still come, is dropped unless it is just being told.

        A fault of the plugin if its call was running; not if it was waiting in line behind another.
        """
        if self.thread is not None:
            self.thread.give_up(self)

    def answer(self, answer: Reply[T]) -> None:
        """Tell the answer; what the receiver raises stays here, for this is the plugin's thread."""
        try:
            self._on_answer(answer)
        except Exception:  # noqa: BLE001 - the receiver's trouble must not end the plugin's thread
            _log.exception("plugin_answer_not_taken")


class AskingThread:
    """One plugin's thread, which starts with the first question; questions wait in line while none is late.

    `begin` is called with every question and makes the thread once; that does nothing but `take` and `call` in turn.
    """

    def __init__(self, name: str, clock: Callable[[], float]) -> None:
        self._name = name
        self._clock = clock
        self._line: deque[Asking[Any]] = deque()
        self._running: Asking[Any] | None = None
        self._is_stopped = False
        self._changed = Condition()
        self._thread: Thread | None = None

    def ask(self, asking: Asking[T]) -> bool:
        """Put a question; one that cannot be put is answered before this returns. True: its call begins at once."""
        with self._changed:
            is_next = not self._line and self._running is None
            refusal = STOPPED if self._is_stopped else STILL_BUSY if self._is_late() else None
            if refusal is None and len(self._line) >= LINE_LENGTH_MAX:
                refusal = LINE_FULL
            if refusal is None:
                asking.thread = self
                self._line.append(asking)
                self.begin()
                self._changed.notify_all()
        if refusal is not None:
            _refuse(asking, refusal)
        return is_next

    def begin(self) -> None:
        """See to it that questions in the line are answered."""
        if self._thread is None:
            self._thread = Thread(target=self._run, name=f"plugin-{self._name}", daemon=True)
            self._thread.start()

    def give_up(self, asking: Asking[Any]) -> None:
        """See `Asking.give_up`."""
        with self._changed:
            was = asking.phase
            if was in (_Phase.DONE, _Phase.GIVEN_UP):
                return
            asking.phase = _Phase.GIVEN_UP
            if was is _Phase.WAITING:
                self._line.remove(asking)
            behind = self._empty_line() if was is _Phase.RUNNING else ()
        if was is _Phase.WAITING:
            asking.breaker.withdrawn()
        else:
            asking.breaker.failed()
            asking.on_fault(NO_ANSWER)
        for other in behind:
            _refuse(other, STILL_BUSY)

    @property
    def is_stuck(self) -> bool:
        """Whether a call that was given up has still not returned."""
        with self._changed:
            return self._running is not None and self._running.phase is _Phase.GIVEN_UP

    def wait_until_idle(self, timeout_s: float) -> bool:
        """Wait until no question is open or running; False if that lasts longer."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._line and self._running is None, timeout_s)

    def stop(self, timeout_s: float) -> None:
        """Refuse what waits and end; a call that does not return within the time is left behind."""
        with self._changed:
            self._is_stopped = True
            left = self._empty_line()
            self._changed.notify_all()
            thread = self._thread
        for asking in left:
            _refuse(asking, STOPPED)
        if thread is not None:
            thread.join(timeout_s)

    def _is_late(self) -> bool:
        running = self._running
        if running is None:
            return False
        is_running = running.phase is _Phase.RUNNING
        return running.phase is _Phase.GIVEN_UP or (is_running and self._clock() - running.began_at > BUDGET_S)

    def _empty_line(self) -> tuple[Asking[Any], ...]:
        left = tuple(self._line)
        self._line.clear()
        for asking in left:
            asking.phase = _Phase.DONE
        return left

    def take(self, timeout_s: float | None = None) -> Asking[Any] | None:
        """Begin with the next question; None once stopped, or where there is none within the time."""
        with self._changed:
            self._running = None
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._line or self._is_stopped, timeout_s)
            if self._is_stopped or not self._line:
                return None
            asking = self._running = self._line.popleft()
            asking.phase = _Phase.RUNNING
            asking.began_at = self._clock()
            return asking

    def call(self, asking: Asking[T]) -> None:
        """Ask what was begun with, and tell the answer unless that comes too late."""
        reply: Reply[T]
        was_asked = True
        try:
            reply = Reply(value=asking.call())
        except NotAskedError as error:
            reply, was_asked = Reply(fault=str(error)), False
        except BaseException as error:  # noqa: BLE001 - whatever a plugin raises, its thread goes on
            reply = Reply(fault=asking.told(error))
        took_s = self._clock() - asking.began_at
        if reply.fault is None and took_s > BUDGET_S:
            reply = Reply(fault=f"took {took_s:.3f} s, {BUDGET_S:g} s are allowed")
        with self._changed:
            if asking.phase is _Phase.GIVEN_UP:
                return  # The default decided long ago.
            asking.phase = _Phase.DONE
        if not was_asked:
            asking.breaker.withdrawn()
        elif reply.fault is None:
            asking.breaker.succeeded()
        else:
            asking.breaker.failed()
            asking.on_fault(reply.fault)
        asking.answer(reply)

    def _run(self) -> None:
        while (asking := self.take()) is not None:
            self.call(asking)


def _refuse(asking: Asking[Any], reason: str) -> None:
    asking.breaker.withdrawn()
    asking.answer(Reply(fault=reason))
