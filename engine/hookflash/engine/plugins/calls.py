"""One PURE call of a plugin: in place for a bundled one, on the plugin's own thread with 50 ms for any other.

Whoever asks awaits the answer, so this is for what is asked before a command, never inside a cascade. What a plugin may
raise by its contract is caught inside the call and given back as a value: here every exception is a fault.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar, final

import structlog

from hookflash.engine.plugins.asking import BUDGET_S, Asking, AskingThread
from hookflash.engine.plugins.breaker import Breaker
from hookflash.engine.plugins.facts import Answer

__all__ = ["PluginFailedError", "PureCalls", "WakeAt"]

T = TypeVar("T")

BREAKER_OPEN: Final = "its breaker is open after repeated faults"

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


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PureCalls:
    """The calls of one object of a plugin: its breaker and thread (None: bundled, called in place).

    `clock` gives the engine's seconds and `wake_at` its alarms; `report` takes the hook, the fault and the fallback.
    """

    breaker: Breaker
    thread: Callable[[], AskingThread] | None
    clock: Callable[[], float]
    wake_at: WakeAt
    report: Callable[[str, str, str], None]

    async def ask(self, hook: str, call: Callable[[], T], *, fallback: str) -> T:
        """Make the call; `fallback` says in the report what is done without an answer. Raises PluginFailedError."""
        if not self.breaker.admit():
            raise PluginFailedError(BREAKER_OPEN)
        if self.thread is None:
            return self._ask_in_place(hook, call, fallback)
        return await self._ask_thread(self.thread(), hook, call, fallback)

    def _ask_in_place(self, hook: str, call: Callable[[], T], fallback: str) -> T:
        began = self.clock()
        try:
            answer = call()
        except BaseException as error:
            fault = type(error).__name__
            self.breaker.failed()
            self.report(hook, fault, fallback)
            raise PluginFailedError(fault, has_raised=True) from error
        self.breaker.succeeded()
        if (took_s := self.clock() - began) > BUDGET_S:
            # The answer is there, and it was the machine that was slow as likely as the plugin: it counts.
            _log.warning("plugin_slow", hook=hook, took_s=round(took_s, 3))
        return answer

    async def _ask_thread(self, thread: AskingThread, hook: str, call: Callable[[], T], fallback: str) -> T:
        loop = asyncio.get_running_loop()
        over: asyncio.Future[None] = loop.create_future()
        given: list[T] = []
        raised: list[str] = []
        answers: list[Answer] = []

        def on_loop() -> None:
            if not over.done():
                over.set_result(None)

        def on_answer(answer: Answer) -> None:
            answers.append(answer)
            with suppress(RuntimeError):  # The loop is closed.
                loop.call_soon_threadsafe(on_loop)

        def choose() -> tuple[()]:
            try:
                given.append(call())
            except BaseException as error:
                raised.append(type(error).__name__)
                raise
            return ()

        def on_fault(fault: str) -> None:
            # Of an error the class only: its words may be a customer's.
            self.report(hook, raised[0] if raised else fault, fallback)

        asking = Asking(choose, self.breaker, on_answer, on_fault)
        thread.ask(asking)
        cancel = self.wake_at(self.clock() + BUDGET_S, on_loop)
        try:
            await over
        finally:
            cancel()
            if not answers:
                asking.give_up()
        fault = answers[0].fault if answers else f"no answer within {BUDGET_S:g} s"
        if fault is None:
            return given[0]
        raise PluginFailedError(raised[0] if raised else fault, has_raised=bool(raised))
