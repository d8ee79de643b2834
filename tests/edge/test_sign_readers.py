"""Signs for a channel that is served from outside reach who reads now, the latest of each, and never too many."""

import pytest

from hookflash.engine.domain.commands import AcceptOffer, PlaceInvite, SendMessage, SendWhisper
from hookflash.engine.domain.refusals import TakenOver
from hookflash.engine.domain.values import Target
from hookflash.engine.edge.sign_readers import WAITING_MAX, Sign, SignReader, SignReaders
from hookflash.sdk.types import AgentId, ExternalId, InviteKind
from tests.actors.running import WEB, conversation
from tests.edge.at_edge import ANN, at_edge

CARL = "customer 1"


async def _read(reader: SignReader, count: int) -> list[Sign]:
    return [await anext(reader) for _ in range(count)]


def _seen(address: str, *ids: str) -> Sign:
    return Sign(address=address, seen=tuple(ExternalId(each) for each in ids))


async def test_a_customer_has_one_sign_of_each_kind_waiting_the_latest() -> None:
    readers = SignReaders()
    readers.show_typing(WEB, CARL, is_typing=True)
    assert readers.mark_read(WEB, CARL, [ExternalId("a")]), "nobody reads: it is over with that"
    reader = readers.open_reader(WEB)
    for is_typing in (True, False):
        readers.show_typing(WEB, CARL, is_typing=is_typing)
    for each in ("b", "c"):
        assert readers.mark_read(WEB, CARL, [ExternalId(each)])
    readers.show_typing(WEB, "dora", is_typing=True)
    assert await _read(reader, 3) == [
        Sign(address=CARL, is_typing=False),
        _seen(CARL, "b", "c"),
        Sign(address="dora", is_typing=True),
    ]


@pytest.mark.spec("I16")
async def test_what_a_slow_reader_has_no_room_for_is_dropped_and_a_read_mark_told_another_time() -> None:
    readers = SignReaders()
    reader = readers.open_reader(WEB)
    for number in range(WAITING_MAX + 1):
        readers.show_typing(WEB, f"customer {number}", is_typing=True)
    assert not readers.mark_read(WEB, CARL, [ExternalId("a")])
    assert [sign.address for sign in await _read(reader, WAITING_MAX)] == [f"customer {n}" for n in range(WAITING_MAX)]
    assert readers.mark_read(WEB, CARL, [ExternalId(f"{number}") for number in range(300)])
    (sign,) = await _read(reader, 1)
    assert sign.seen[-1] == "299"


async def test_a_second_reader_takes_over_and_one_that_left_is_told_nothing() -> None:
    readers = SignReaders()
    first = readers.open_reader(WEB)
    second = readers.open_reader(WEB)
    with pytest.raises(TakenOver):
        await anext(first)
    first.close()
    readers.show_typing(WEB, CARL, is_typing=True)
    assert await _read(second, 1) == [Sign(address=CARL, is_typing=True)]
    second.close()
    second.close()
    readers.show_typing(WEB, CARL, is_typing=True)
    with pytest.raises(StopAsyncIteration):
        await anext(second)


@pytest.mark.spec("I7", "R-W3")
async def test_whispers_give_a_reader_outside_no_sign_and_change_none_that_he_gets() -> None:
    told: list[list[Sign]] = []
    for whispers in ((), ("he is lying", "again")):
        async with at_edge() as world:
            await world.run.site("ann")
            await world.run.attended("1")
            await world.run.site("ann", "bob")
            invite = PlaceInvite(kind=InviteKind.CONFERENCE, agent=ANN, target=Target(agent=AgentId("bob")))
            await world.run.run(conversation("1"), invite)
            await world.run.run(conversation("1"), AcceptOffer(number=2))
            reader, signs = world.edge.sign_readers.open_reader(WEB), world.edge.signs
            told.append([])
            for key in ("a", "b"):
                signs.reads.arrived(WEB, CARL, key)
                for text in whispers:
                    await world.run.run(conversation("1"), SendWhisper(agent=ANN, text=text))
                    told[-1] += await _waiting(reader)
            signs.agent(WEB, CARL, is_typing=True)
            told[-1] += await _waiting(reader)
            signs.reads.arrived(WEB, CARL, "c")
            for text in whispers:
                await world.run.run(conversation("1"), SendWhisper(agent=ANN, text=text))
                told[-1] += await _waiting(reader)
            await world.run.run(conversation("1"), SendMessage(agent=ANN, text="Hello"))
            told[-1] += await _waiting(reader)
    assert told[0] == told[1] == [_seen(CARL, "a", "b"), Sign(address=CARL, is_typing=True), _seen(CARL, "c")]


async def _waiting(reader: SignReader) -> list[Sign]:
    """What waits to be read."""
    end, found = Sign(address="end", is_typing=False), list[Sign]()
    reader.put(end)
    while (sign := await anext(reader)) != end:
        found.append(sign)
    return found
