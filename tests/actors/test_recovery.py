"""What falls due while the engine is down."""

import asyncio
from collections.abc import Callable

import pytest

from hookflash.engine.actors.clock import ManualClock
from hookflash.engine.journal.memory import MemoryStore
from hookflash.sdk.types import OfferOutcome

from .running import running


class RingingClock(ManualClock):
    """A clock that wakes at once, as a real one does, whoever wants to be woken at a time that has passed."""

    def wake_at(self, when: float, callback: Callable[[], None]) -> Callable[[], None]:
        if when <= self.now():
            return asyncio.get_running_loop().call_soon(callback).cancel
        return super().wake_at(when, callback)


@pytest.mark.spec("R-O9")
async def test_an_offer_that_ran_out_while_the_engine_was_down_counts_against_nobody() -> None:
    store = MemoryStore()
    async with running(store) as run:
        await run.site("ann")
        await run.open("42")
        later = run.clock.now() + 40.0
    async with running(store, clock=RingingClock(later)) as run:
        await run.settle()
        assert [offer.outcome for offer in run.talk("42").offers] == [OfferOutcome.REVOKED]
