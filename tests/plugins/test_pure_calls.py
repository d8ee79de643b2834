"""A PURE call of a plugin costs whoever awaits it 50 ms at most, and whoever does not nothing at all."""

import asyncio
from threading import Event, get_ident

import pytest

from hookflash.engine.actors.clock import ManualClock
from hookflash.engine.plugins import PluginFailedError, PureCalls
from hookflash.engine.plugins.asking import AskingThread
from hookflash.engine.plugins.breaker import Breaker


class Guarded:
    """One object of a plugin, its faults, and the clock by which it is late."""

    def __init__(self, *, is_bundled: bool = False) -> None:
        self.clock = ManualClock()
        self.faults: list[tuple[str, str, str]] = []
        self.thread = AskingThread("plug", self.clock.now)
        self.calls = PureCalls(
            breaker=Breaker(self.clock.now),
            thread=None if is_bundled else lambda: self.thread,
            clock=self.clock.now,
            wake_at=self.clock.wake_at,
            report=lambda *fault: self.faults.append(fault),
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
