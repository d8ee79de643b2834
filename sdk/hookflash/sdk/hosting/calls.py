"""One PURE call of a plugin: in place for a bundled one, on the plugin's own thread with 50 ms for any other.

Whoever asks awaits the answer, so this is for what is asked before a command, never inside a cascade. What a plugin may
raise by its contract is caught inside the call and given back as a value: here every exception is a fault.
"""

import asyncio
import inspect
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from time import perf_counter
from typing import Final, Protocol, TypeVar, final

import structlog

from hookflash.sdk.hosting.asking import BUDGET_S, Asking, AskingThread, Reply
from hookflash.sdk.hosting.breaker import Breaker

__all__ = ["BREAKER_OPEN", "SLOW_S", "NonsenseError", "PluginFailedError", "PureCalls", "WakeAt", "plain"]

T = TypeVar("T")

BREAKER_OPEN: Final = "its breaker is open after repeated faults"
SLOW_S: Final = 0.002
"""A call that takes longer is counted as slow; it is a fault only at BUDGET_S."""

_log = structlog.get_logger("hookflash.plugins")


class WakeAt(Protocol):
    """Calls back once, not before that time; the answer calls it off."""

    def __call__(self, when: float, callback: Callable[[], None]) -> Callable[[], None]:
        """Set the alarm."""


class PluginFailedError(Exception):
    """A plugin gave no answer, and that is reported. `has_raised`: it raised; else it was late, or not asked at all."""

    def __init__(self, fault: str, *, has_raised: bool = False) -> None:
        super().__init__(fault)
        self.has_raised = has_raised


class NonsenseError(Exception):
    """Raised where an answer is checked: what is wrong with it, in words of our own that do not repeat it."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PureCalls:
    """The calls of one object of a plugin: its breaker and thread (None: bundled, called in place).

    `clock` gives the engine's seconds and `wake_at` its alarms; `report` takes the hook, the fault and the fallback,
    `count_slow` the hook.
    """

    breaker: Breaker
    thread: Callable[[], AskingThread] | None
    clock: Callable[[], float]
    wake_at: WakeAt
    report: Callable[[str, str, str], None]
    count_slow: Callable[[str], None] = field(default=lambda _hook: None)

    async def ask(self, hook: str, call: Callable[[], T], *, fallback: str) -> T:
        """Make the call; `fallback` says in the report what is done without an answer. Raises PluginFailedError.

        `call` also checks the answer, and raises NonsenseError for one that is none.
        """
        if not self.breaker.admit():
            raise PluginFailedError(BREAKER_OPEN)
        if self.thread is None:
            return self._ask_in_place(hook, call, fallback)
        return await self._ask_thread(self.thread(), hook, call, fallback)

    def _ask_in_place(self, hook: str, call: Callable[[], T], fallback: str) -> T:
        # However slow it was, the answer is there, and it was the machine as likely as the plugin: it counts.
        try:
            answer = self._timed(hook, call)
        except BaseException as error:
            fault = _told(error)
            self.breaker.failed()
            self.report(hook, fault, fallback)
            raise PluginFailedError(fault, has_raised=True) from error
        self.breaker.succeeded()
        return answer

    async def _ask_thread(self, thread: AskingThread, hook: str, call: Callable[[], T], fallback: str) -> T:
        loop = asyncio.get_running_loop()
        over: asyncio.Future[Reply[T]] = loop.create_future()
        has_raised = False

        def on_loop(reply: Reply[T]) -> None:
            if not over.done():
                over.set_result(reply)

        def on_answer(reply: Reply[T]) -> None:
            with suppress(RuntimeError):  # The loop is closed.
                loop.call_soon_threadsafe(on_loop, reply)

        def on_fault(fault: str) -> None:
            self.report(hook, fault, fallback)
            on_answer(Reply(fault=fault))  # A call that was given up has no other answer.

        def told(error: BaseException) -> str:
            nonlocal has_raised
            has_raised = True
            return _told(error)

        asking = Asking(lambda: self._timed(hook, call), self.breaker, on_answer, on_fault, told=told)
        self._watch(asking, is_begun=thread.ask(asking))
        reply = await over
        if reply.fault is not None:
            raise PluginFailedError(reply.fault, has_raised=has_raised)
        return reply.value  # type: ignore[return-value]  # T may be None itself

    def _watch(self, asking: Asking[T], *, is_begun: bool) -> None:
        """Give up a call 50 ms after it began, also when nobody waits for it any more: others wait behind it."""

        def look(*, is_begun: bool) -> None:
            if asking.is_open and is_begun and not asking.is_waiting:
                asking.give_up()
            elif asking.is_open:
                # It waited in line, which is nobody's fault: its time is counted from here, if it has begun now.
                self._watch(asking, is_begun=not asking.is_waiting)

        if asking.is_open:
            self.wake_at(self.clock() + BUDGET_S, lambda: look(is_begun=is_begun))

    def _timed(self, hook: str, call: Callable[[], T]) -> T:
        began = perf_counter()
        try:
            answer = call()
        finally:
            if perf_counter() - began > SLOW_S:
                self.count_slow(hook)
        return plain(answer)


def plain(answer: T) -> T:
    """The answer, unless it is a coroutine, which would run for nobody. Raises NonsenseError."""
    if inspect.iscoroutine(answer):
        answer.close()
        raise NonsenseError("it answered with a coroutine; this call is a plain function")
    return answer


def _told(error: BaseException) -> str:
    """The sort of error, not its words: they may hold the text, the secret or the number it was about."""
    if type(error) is NonsenseError:
        return str(error)
    _log.warning("plugin_raised", error=type(error).__name__, frames="".join(traceback.format_tb(error.__traceback__)))
    return type(error).__name__
