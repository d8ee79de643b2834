"""A stream's buffer when its reader is slow: whoever serves it is told at once, and the reader where to go on."""

import asyncio

import pytest

from hookflash.engine.domain.refusals import SlowConsumer
from hookflash.engine.server.outlet import Outlet


class SlowReader:
    """Takes an item only when it is let."""

    def __init__(self) -> None:
        self.got: list[bytes] = []
        self.may_take = asyncio.Event()

    async def write(self, item: bytes) -> None:
        await self.may_take.wait()
        self.got.append(item)


@pytest.mark.spec("I16")
async def test_one_item_too_many_is_told_at_once_also_while_the_reader_takes_nothing() -> None:
    told: list[str] = []
    outlet, reader = Outlet(2, lambda: told.append("overflowed")), SlowReader()
    pouring = asyncio.create_task(outlet.pour(reader.write))
    outlet.put(1, b"one")
    await asyncio.sleep(0)
    for position, item in ((2, b"two"), (3, b"three")):
        outlet.put(position, item)
    assert told == []
    outlet.put(4, b"four")
    outlet.put(5, b"five")
    assert told == ["overflowed"]
    reader.may_take.set()
    with pytest.raises(SlowConsumer):
        await pouring
    assert reader.got == [b"one"]


@pytest.mark.spec("I16")
@pytest.mark.parametrize(("under_way", "lost", "resume"), [(7, 8, 7), (7, 7, 6)], ids=["whole record", "half a record"])
async def test_the_resume_position_is_that_of_the_last_record_that_arrived_whole(
    under_way: int, lost: int, resume: int
) -> None:
    outlet, reader = Outlet(1), SlowReader()
    pouring = asyncio.create_task(outlet.pour(reader.write))
    outlet.put(under_way, b"under way")
    await asyncio.sleep(0)
    outlet.put(lost, b"lost")
    outlet.put(lost + 1, b"too many")
    reader.may_take.set()
    with pytest.raises(SlowConsumer) as refused:
        await pouring
    assert str(SlowConsumer(resume)) == str(refused.value)
