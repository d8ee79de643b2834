"""A PURE call of a plugin costs whoever awaits it 50 ms at most, and whoever does not nothing at all."""

import asyncio
from threading import Event, get_ident
from time import perf_counter
from typing import cast

import pytest

from hookflash.engine.actors.clock import ManualClock
from hookflash.engine.plugins import NonsenseError, PluginFailedError, PureCalls
from hookflash.sdk.hosting.asking import AskingThread
from hookflash.sdk.hosting.breaker import Breaker


class Guarded:
    """One object of a plugin, its faults, and the clock by which it is late."""

    def __init__(self, *, is_bundled: bool = False) -> None:
        self.clock = ManualClock()
        self.faults: list[tuple[str, str, str]] = []
        self.slow: list[str] = []
        self.thread = AskingThread("plug", self.clock.now)
        self.calls = PureCalls(
            breaker=Breaker(self.clock.now),
            thread=None if is_bundled else lambda: self.thread,
            clock=self.clock.now,
            wake_at=self.clock.wake_at,
            report=lambda *fault: self.faults.append(fault),
            count_slow=self.slow.append,
        )


def _raise(error: BaseException) -> int:
    raise error


async def test_a_bundled_plugin_is_called_in_place_and_any_other_on_its_own_thread() -> None:
    assert await Guarded(is_bundled=True).calls.ask("parse", get_ident, fallback="kept it raw") == get_ident()
    other = Guarded()
    assert await other.calls.ask("parse", get_ident, fallback="kept it raw") != get_ident()
    other.thread.stop(5)


@pytest.mark.parametrize("is_bundled", [True, False])
@pytest.mark.parametrize("raised", [ValueError("a customer's words"), SystemExit(3), KeyboardInterrupt()])
async def test_whatever_it_raises_is_a_fault_without_its_words(raised: BaseException, is_bundled: bool) -> None:  # noqa: FBT001  a parameter of the test
    guarded = Guarded(is_bundled=is_bundled)
    with pytest.raises(PluginFailedError) as caught:
        await guarded.calls.ask("parse", lambda: _raise(raised), fallback="kept it raw")
    assert caught.value.has_raised
    assert guarded.faults == [("parse", type(raised).__name__, "kept it raw")]
    guarded.thread.stop(5)


async def test_one_that_hangs_is_given_up_after_50_ms_and_not_asked_again_until_it_returns() -> None:
    guarded, returns, began = Guarded(), Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def hang() -> int:
        loop.call_soon_threadsafe(began.set)
        returns.wait(10)
        return 1

    asked = asyncio.ensure_future(guarded.calls.ask("verify", hang, fallback="asked to come again"))
    await began.wait()
    guarded.clock.advance(0.051)
    with pytest.raises(PluginFailedError, match=r"no answer within 0\.05 s"):
        await asked
    with pytest.raises(PluginFailedError, match="still busy") as caught:
        await guarded.calls.ask("verify", lambda: 2, fallback="asked to come again")
    assert not caught.value.has_raised
    returns.set()
    assert await asyncio.to_thread(guarded.thread.wait_until_idle, 5)
    assert await guarded.calls.ask("verify", lambda: 3, fallback="asked to come again") == 3
    guarded.thread.stop(5)


@pytest.mark.parametrize("is_bundled", [True, False])
async def test_three_faults_open_the_breaker_for_30_s(is_bundled: bool) -> None:  # noqa: FBT001  a parameter of the test
    guarded = Guarded(is_bundled=is_bundled)
    for _ in range(3):
        with pytest.raises(PluginFailedError, match="ValueError"):
            await guarded.calls.ask("parse", lambda: _raise(ValueError()), fallback="kept it raw")
    with pytest.raises(PluginFailedError, match="breaker is open"):
        await guarded.calls.ask("parse", lambda: 1, fallback="kept it raw")
    guarded.clock.advance(31)
    assert await guarded.calls.ask("parse", lambda: 1, fallback="kept it raw") == 1
    guarded.thread.stop(5)


def _spin() -> int:
    began = perf_counter()
    while perf_counter() - began < 0.003:
        pass
    return 1


async def test_a_call_of_more_than_2_ms_is_counted_as_slow_and_is_no_fault() -> None:
    guarded = Guarded(is_bundled=True)
    assert await guarded.calls.ask("apply", _spin, fallback="none") == 1
    assert (guarded.slow, guarded.faults) == (["apply"], [])


async def _later() -> int:
    return 1


@pytest.mark.parametrize("is_bundled", [True, False])
async def test_a_coroutine_is_no_answer(is_bundled: bool) -> None:  # noqa: FBT001  a parameter of the test
    guarded = Guarded(is_bundled=is_bundled)
    with pytest.raises(PluginFailedError, match="coroutine"):
        await guarded.calls.ask("apply", lambda: cast("int", _later()), fallback="blocked the text")
    guarded.thread.stop(5)


async def test_what_the_check_of_an_answer_says_is_told_in_its_words() -> None:
    guarded = Guarded(is_bundled=True)
    with pytest.raises(PluginFailedError, match="it answered int, not a text"):
        await guarded.calls.ask("apply", lambda: _raise(NonsenseError("it answered int, not a text")), fallback="none")


async def test_one_that_hangs_is_given_up_also_when_nobody_waits_for_it_any_more() -> None:
    guarded, returns, began = Guarded(), Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def hang() -> int:
        loop.call_soon_threadsafe(began.set)
        returns.wait(10)
        return 1

    left = asyncio.ensure_future(guarded.calls.ask("apply", hang, fallback="none"))
    await began.wait()
    behind = asyncio.ensure_future(guarded.calls.ask("apply", lambda: 2, fallback="none"))
    await asyncio.sleep(0)
    left.cancel()
    guarded.clock.advance(0.051)
    with pytest.raises(PluginFailedError, match="still busy"):
        await behind
    assert guarded.faults == [("apply", "no answer within 0.05 s", "none")]
    returns.set()
    guarded.thread.stop(5)


async def test_whoever_waits_in_line_behind_calls_that_are_in_time_is_answered_however_long_the_line_is() -> None:
    guarded, goes_on, began = Guarded(), Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def pause() -> int:
        loop.call_soon_threadsafe(began.set)
        goes_on.wait(10)
        return 1

    first = asyncio.ensure_future(guarded.calls.ask("apply", pause, fallback="none"))
    await began.wait()
    guarded.clock.advance(0.04)
    behind = asyncio.ensure_future(guarded.calls.ask("apply", lambda: 2, fallback="none"))
    await asyncio.sleep(0)
    goes_on.set()
    assert await first == 1
    guarded.clock.advance(0.04)
    assert await behind == 2
    assert guarded.faults == []
    guarded.thread.stop(5)
