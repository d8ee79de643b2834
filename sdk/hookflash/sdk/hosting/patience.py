"""Awaiting an adapter's calls, which may hang: always for a time, by the clock of whoever runs it.

A plugin's call runs in a task of its own, so that one that neither returns nor lets itself be cancelled is left behind
and holds up nothing; whatever it raises, an exit too, is an answer and never reaches the loop.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Any, Protocol, TypeVar, final

__all__ = ["Alarms", "LoopAlarms", "PluginRaisedError", "caught", "end", "sleep", "within"]

T = TypeVar("T")

_abandoned: set[asyncio.Task[Any]] = set()


class Alarms(Protocol):
    """Tells the time in seconds, and wakes."""

    def now(self) -> float:
        """The time now."""

    def wake_at(self, when: float, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back once, not before that time; the answer calls it off."""


@final
class LoopAlarms:
    """The running loop's own time."""

    def __init__(self) -> None:
        """Take the loop that runs now."""
        self._loop = asyncio.get_running_loop()

    def now(self) -> float:
        """The time now, since some time of the loop's."""
        return self._loop.time()

    def wake_at(self, when: float, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back on the loop."""
        return self._loop.call_at(when, callback).cancel


class PluginRaisedError(Exception):
    """A plugin raised something that is no Exception; it is contained here."""


async def sleep(clock: Alarms, seconds: float) -> None:
    """Wait by that clock."""
    loop = asyncio.get_running_loop()
    woken: asyncio.Future[None] = loop.create_future()
    cancel = clock.wake_at(clock.now() + seconds, lambda: None if woken.done() else woken.set_result(None))
    try:
        await woken
    finally:
        cancel()


async def caught(call: Callable[[], Awaitable[T]]) -> T:
    """Await a plugin's call; whatever it raises comes out as an Exception. A cancelling of ours stays what it is."""
    try:
        return await call()
    except Exception:
        raise
    except BaseException as error:
        task = asyncio.current_task()
        if isinstance(error, asyncio.CancelledError) and task is not None and task.cancelling():
            raise
        raise PluginRaisedError(f"{type(error).__name__}: {error}") from error


async def within(clock: Alarms, timeout_s: float, call: Callable[[], Awaitable[T]]) -> T:
    """Await a plugin's call for so long at most. Raises TimeoutError, or what it raised as an Exception."""
    task = asyncio.get_running_loop().create_task(caught(call))
    try:
        await _wait(clock, timeout_s, task)
    finally:
        if not task.done():
            _abandon(task)
    if not task.done():
        raise TimeoutError(f"took more than {timeout_s:g} s")
    try:
        return task.result()
    except asyncio.CancelledError as error:
        raise PluginRaisedError("the call cancelled itself") from error


async def end(
    clock: Alarms, timeout_s: float, tasks: Collection["asyncio.Task[None]"], *, grace_s: float = 0.0
) -> bool:
    """Give tasks a grace, then cancel them; False where one does not end in time even so, and is left behind."""
    if grace_s:
        await _wait(clock, grace_s, *tasks)
    for task in tasks:
        task.cancel()
    await _wait(clock, timeout_s, *tasks)
    for task in tasks:
        _abandon(task)
    return all(task.done() for task in tasks)


async def _wait(clock: Alarms, timeout_s: float, *tasks: "asyncio.Task[Any]") -> None:
    loop = asyncio.get_running_loop()
    over: asyncio.Future[None] = loop.create_future()
    cancel = clock.wake_at(clock.now() + timeout_s, lambda: None if over.done() else over.set_result(None))
    pending: set[asyncio.Future[Any]] = {task for task in tasks if not task.done()}
    try:
        while pending and not over.done():
            waited = {*pending, over}
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            pending = {task for task in pending if not task.done()}
    finally:
        cancel()
        over.cancel()


def _abandon(task: "asyncio.Task[Any]") -> None:
    def forget(done: "asyncio.Task[Any]") -> None:
        _abandoned.discard(done)
        if not done.cancelled():
            done.exception()  # Looked at, so that the loop does not complain of it.

    _abandoned.add(task)
    task.add_done_callback(forget)
    task.cancel()
