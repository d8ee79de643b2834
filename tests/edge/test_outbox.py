"""The outbox hands everything out, in order, until it is settled, and never after."""

import asyncio

import pytest

from hookflash.engine.actors.clock import ManualClock
from hookflash.engine.domain.refusals import TakenOver
from hookflash.engine.edge.outbox import Outbox
from hookflash.engine.journal.memory import MemoryStore
from hookflash.sdk.channel import CustomerAddress, CustomerNotice, Delivery, Message
from hookflash.sdk.types import DeliveryId
from tests.actors.running import WEB
from tests.edge.at_edge import AtEdge, at_edge, is_waiting, next_of, talk


async def _talking(world: AtEdge, *names: str) -> None:
    await world.run.site("ann")
    for name in names:
        await world.run.attended(name)


@pytest.mark.spec("I3")
async def test_what_is_said_to_the_customer_goes_out_in_order_without_waiting_for_the_last_to_be_settled() -> None:
    async with at_edge() as world:
        await _talking(world, "1")
        reader = world.outbox.open_reader(WEB, 10)
        await world.say("1", "one", "two", "three")
        got = [await anext(reader) for _ in range(4)]
        assert isinstance(got[0].content, CustomerNotice)  # Ann has joined
        assert [delivery.content for delivery in got[1:]] == [
            Message(sender_name="Ann", text=text) for text in ("one", "two", "three")
        ]
        assert got[3] == Delivery(
            id=DeliveryId("conversations/1/deliveries/4"),
            conversation=talk("1"),
            sequence=4,
            to=CustomerAddress(channel=WEB, id="customer 1"),
            content=Message(sender_name="Ann", text="three"),
        )


@pytest.mark.spec("I3")
async def test_a_reader_has_no_more_on_their_way_than_it_asked_for() -> None:
    async with at_edge() as world:
        await _talking(world, "1")
        await world.say("1", "one", "two")
        reader = world.outbox.open_reader(WEB, 2)
        assert await next_of(reader, 2) == [("1", 1, 1), ("1", 2, 1)]
        assert await is_waiting(reader)
        await world.settle("1", 1)
        assert await next_of(reader, 1) == [("1", 3, 1)]


@pytest.mark.spec("I3", "F-22")
async def test_what_was_settled_never_comes_again_not_even_after_a_restart() -> None:
    store, clock = MemoryStore(), ManualClock()
    async with at_edge(store=store, clock=clock) as world:
        await _talking(world, "1")
        await world.say("1", "one", "two", "three")
        await next_of(world.outbox.open_reader(WEB, 10), 4)
        await world.settle("1", 1)
        await world.settle("1", 3)
        assert await next_of(world.outbox.open_reader(WEB, 10), 2) == [("1", 2, 2), ("1", 4, 2)]
        assert world.outbox.pending(WEB) == 2
    async with at_edge(store=store, clock=clock) as world:
        assert world.outbox.pending(WEB) == 2
        reader = world.outbox.open_reader(WEB, 10)
        assert await next_of(reader, 2) == [("1", 2, 1), ("1", 4, 1)]
        await world.say("1", "four")
        assert await next_of(reader, 1) == [("1", 5, 1)]


@pytest.mark.spec("I3", "F-22")
async def test_what_is_not_settled_in_time_comes_again_and_the_later_ones_after_it() -> None:
    async with at_edge() as world:
        await _talking(world, "1")
        await world.say("1", "one", "two")
        reader = world.outbox.open_reader(WEB, 10)
        assert await next_of(reader, 3) == [("1", 1, 1), ("1", 2, 1), ("1", 3, 1)]
        await world.settle("1", 2)
        world.clock.advance(59.9)
        assert await is_waiting(reader)
        world.clock.advance(0.1)
        await world.say("1", "three")
        assert await next_of(reader, 3) == [("1", 1, 2), ("1", 3, 2), ("1", 4, 1)]


@pytest.mark.spec("I3")
async def test_only_what_is_overdue_comes_again() -> None:
    async with at_edge() as world:
        await _talking(world, "1", "2")
        reader = world.outbox.open_reader(WEB, 10)
        await next_of(reader, 2)
        world.clock.advance(30)
        await world.say("2", "later")
        assert await next_of(reader, 1) == [("2", 2, 1)]
        await world.settle("2", 1)
        world.clock.advance(30)
        assert await next_of(reader, 1) == [("1", 1, 2)]
        assert await is_waiting(reader)
        world.clock.advance(30)
        assert await next_of(reader, 1) == [("2", 2, 2)]


@pytest.mark.spec("I3", "F-22")
async def test_a_delivery_put_off_comes_again_after_that_time_and_the_later_ones_of_its_conversation_after_it() -> None:
    async with at_edge() as world:
        await _talking(world, "1", "2")
        await world.say("1", "one", "two")
        reader = world.outbox.open_reader(WEB, 10)
        await next_of(reader, 4)
        world.outbox.postpone(talk("1"), 2, 20)
        await world.settle("1", 1)
        await world.say("2", "not held up")
        assert await next_of(reader, 1) == [("2", 2, 1)]
        world.clock.advance(19.9)
        assert await is_waiting(reader)
        world.clock.advance(0.2)
        assert await next_of(reader, 2) == [("1", 2, 2), ("1", 3, 2)]


@pytest.mark.spec("I3")
async def test_a_delivery_put_off_twice_waits_for_the_later_time_and_one_settled_meanwhile_does_not_come() -> None:
    async with at_edge() as world:
        await _talking(world, "1")
        await world.say("1", "one")
        reader = world.outbox.open_reader(WEB, 10)
        await next_of(reader, 2)
        world.outbox.postpone(talk("1"), 1, 5)
        world.outbox.postpone(talk("1"), 1, 50)
        world.clock.advance(10)
        assert await is_waiting(reader)
        await world.settle("1", 1)
        assert await next_of(reader, 1) == [("1", 2, 2)]
        await world.settle("1", 2)
        world.clock.advance(100)
        assert await is_waiting(reader)
        assert world.outbox.pending() == 0


@pytest.mark.spec("I3")
async def test_a_second_reader_takes_over_with_all_that_is_unsettled_and_the_first_is_told() -> None:
    async with at_edge() as world:
        await _talking(world, "1")
        await world.say("1", "one")
        first = world.outbox.open_reader(WEB, 10)
        assert await next_of(first, 2) == [("1", 1, 1), ("1", 2, 1)]
        waiting = asyncio.ensure_future(anext(first))
        await asyncio.sleep(0)
        second = world.outbox.open_reader(WEB, 10)
        with pytest.raises(TakenOver, match="channels/web"):
            await waiting
        first.close()  # Closing what was taken over takes nothing from the new one.
        assert await next_of(second, 2) == [("1", 1, 2), ("1", 2, 2)]


@pytest.mark.spec("I3")
async def test_a_closed_reader_ends_and_what_it_left_unsettled_comes_to_the_next() -> None:
    async with at_edge() as world:
        await _talking(world, "1")
        reader = world.outbox.open_reader(WEB, 10)
        await next_of(reader, 1)
        reader.close()
        assert [delivery async for delivery in reader] == []
        world.clock.advance(600)
        assert await next_of(world.outbox.open_reader(WEB, 10), 1) == [("1", 1, 2)]


async def test_a_reader_in_step_waits_for_each_conversation_but_not_for_the_others() -> None:
    async with at_edge() as world:
        await _talking(world, "1", "2")
        await world.say("1", "one")
        await world.say("2", "one")
        reader = world.outbox.open_reader(WEB, 10, is_in_step=True, has_timeout=False)
        assert await next_of(reader, 2) == [("1", 1, 1), ("2", 1, 1)]
        world.clock.advance(3600)
        assert await is_waiting(reader)
        await world.settle("2", 1)
        assert await next_of(reader, 1) == [("2", 2, 1)]
        assert await is_waiting(reader)


async def test_conversations_take_turns_so_that_a_long_one_holds_up_nobody() -> None:
    async with at_edge() as world:
        await _talking(world, "1", "2", "3")
        await world.say("1", *(str(number) for number in range(5)))
        reader = world.outbox.open_reader(WEB, 5)
        assert [name for name, _, _ in await next_of(reader, 5)] == ["1", "2", "3", "1", "1"]


async def test_a_record_seen_twice_and_a_settlement_of_what_is_not_there_change_nothing() -> None:
    async with at_edge() as world:
        await _talking(world, "1")
        await world.say("1", "one")
        other = Outbox(world.clock, 60)
        other.follow(world.run.sealed)
        other.follow(world.run.sealed)
        assert other.pending(WEB) == 2
        await world.settle("1", 1)
        other.follow(world.run.sealed[-1:])
        other.follow(world.run.sealed[-1:])
        assert other.pending(WEB) == 1
        assert await next_of(other.open_reader(WEB, 10), 1) == [("1", 2, 1)]
