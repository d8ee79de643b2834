"""What a customer brings has its effect once, and finds or opens his conversation."""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random

import pytest

from hookflash.engine.actors.calls import Answer, Call, no_answer
from hookflash.engine.actors.clock import ManualClock
from hookflash.engine.domain import events as e
from hookflash.engine.domain.address import Address
from hookflash.engine.domain.commands import Close, Command
from hookflash.engine.domain.conversation.state import Conversation
from hookflash.engine.domain.refusals import ChannelNotFound, EmptyMessage, RateLimited, RequestIdReused
from hookflash.engine.domain.values import CloseCause, Customer, Target
from hookflash.engine.edge.inbox import Inbox
from hookflash.engine.edge.ports import EdgeShard
from hookflash.engine.ids import IdMaker
from hookflash.engine.journal.memory import MemoryStore
from hookflash.engine.journal.record import Cause, CauseKind
from hookflash.sdk.types import ChannelId, ConversationId, Principal, Role
from tests.actors.running import BILLING, WEB, conversation
from tests.edge.at_edge import AtEdge, at_edge

ADAPTER = Principal(Role.ADAPTER, "channels/web", channel=WEB)


async def _receive(
    world: AtEdge, key: str, text: str | None, address: str = "carl"
) -> tuple[ConversationId | None, bool]:
    return await world.edge.inbox.receive(
        ADAPTER, WEB, address, key, text=text, customer=Customer(display_name="Carl"), target=Target(queue=BILLING)
    )


def _state(world: AtEdge, name: str | None) -> Conversation:
    assert name is not None
    return world.run.talk(name)


@pytest.mark.spec("R-G10")
async def test_the_first_message_opens_a_conversation_that_is_routed_and_the_next_goes_to_it() -> None:
    async with at_edge() as world:
        await world.run.site()
        name, is_repeat = await _receive(world, "k1", "hello")
        assert (await _receive(world, "k2", "again"), is_repeat) == ((name, False), False)
        state = _state(world, name)
        assert (state.messages, state.address, state.customer.display_name) == (2, "carl", "Carl")
        assert state.open_invite is not None
        assert world.run.sealed[-1].record.cause == Cause(CauseKind.ARRIVAL, "web/k2")


@pytest.mark.spec("R-G10", "I2", "F-12")
async def test_an_arrival_brought_again_has_no_effect_and_names_the_same_conversation_even_when_that_is_closed() -> (
    None
):
    store, clock = MemoryStore(), ManualClock()
    async with at_edge(store=store, clock=clock) as world:
        await world.run.site()
        name, _ = await _receive(world, "k1", "hello")
        assert await _receive(world, "k1", "hello") == (name, True)
        assert name is not None
        await world.run.run(conversation(name), Close(agent=None, cause=CloseCause.SERVICE))
        assert await _receive(world, "k1", "hello") == (name, True)
    async with at_edge(store=store, clock=clock) as world:
        assert await _receive(world, "k1", "hello") == (name, True)
        assert world.events(e.ConversationOpened) == []
        other, is_repeat = await _receive(world, "k2", "hello")
        assert (other != name, is_repeat) == (True, False)


@pytest.mark.spec("I2")
async def test_the_same_key_with_another_text_is_refused() -> None:
    async with at_edge() as world:
        await world.run.site()
        await _receive(world, "k1", "hello")
        with pytest.raises(RequestIdReused):
            await _receive(world, "k1", "something else")


@pytest.mark.spec("R-G10", "I4")
async def test_first_messages_that_come_at_once_open_one_conversation() -> None:
    async with at_edge() as world:
        await world.run.site()
        answers = await asyncio.gather(*(_receive(world, f"k{number}", f"text {number}") for number in range(20)))
        assert len(set(answers)) == 1
        assert _state(world, answers[0][0]).messages == 20


@pytest.mark.spec("R-G10")
async def test_a_customers_leaving_ends_his_session_and_without_a_conversation_has_no_effect() -> None:
    async with at_edge() as world:
        await world.run.site()
        assert await _receive(world, "k1", None) == (None, False)
        assert world.run.engine.shard.last_position == world.run.sealed[-1].record.position
        name, _ = await _receive(world, "k2", "hello")
        assert await _receive(world, "k3", None) == (name, False)
        assert _state(world, name).closed is CloseCause.CUSTOMER
        assert await _receive(world, "k4", None) == (None, False)


class _Between:
    """A shard before which something else happens first, once."""

    def __init__(self, shard: EdgeShard, first: Callable[[], Awaitable[object]]) -> None:
        self.facts = shard.facts
        self._shard = shard
        self._first: Callable[[], Awaitable[object]] | None = first

    async def submit(self, address: Address, command: Command, call: Call, answer: Answer = no_answer) -> bytes:
        first, self._first = self._first, None
        if first is not None:
            await first()
        return await self._shard.submit(address, command, call, answer)


@pytest.mark.spec("R-G10", "I4")
async def test_a_conversation_that_opens_or_closes_between_the_look_and_the_turn_is_looked_for_again() -> None:
    async with at_edge() as world:
        await world.run.site()
        ids = IdMaker(world.clock, Random(9))  # noqa: S311  no secret
        opened: list[ConversationId | None] = []

        async def open_first() -> None:
            opened.append((await _receive(world, "k1", "first"))[0])

        async def close_first() -> None:
            await world.run.run(conversation(str(opened[0])), Close(agent=None, cause=CloseCause.SERVICE))

        async def receive(key: str, first: Callable[[], Awaitable[object]]) -> ConversationId | None:
            shard = _Between(world.edge.shard, first)
            inbox = Inbox(shard, ids, world.clock, world.run.engine.limits)
            return (await inbox.receive(ADAPTER, WEB, "carl", key, text="second"))[0]

        assert await receive("k2", open_first) == opened[0]
        assert _state(world, opened[0]).messages == 2
        other = await receive("k3", close_first)
        assert other != opened[0]
        assert _state(world, other).messages == 1


async def test_an_arrival_that_is_refused_is_not_remembered() -> None:
    async with at_edge() as world:
        await world.run.site()
        with pytest.raises(EmptyMessage):
            await _receive(world, "k1", "   ")
        assert (await _receive(world, "k1", "hello"))[1] is False
        with pytest.raises(ChannelNotFound):
            await world.edge.inbox.receive(ADAPTER, ChannelId("other"), "carl", "k2", text="hello")


@pytest.mark.spec("I16")
async def test_a_customer_who_is_too_fast_is_refused_before_anything_and_others_are_not() -> None:
    async with at_edge() as world:
        await world.run.site()
        limits = world.run.engine.limits
        for number in range(limits.command_burst_max):
            await _receive(world, f"k{number}", "hello")
        position = world.run.engine.shard.last_position
        with pytest.raises(RateLimited) as refused:
            await _receive(world, "more", "hello")
        assert refused.value.retry_after_s == pytest.approx(0.2, abs=0.01)
        assert world.run.engine.shard.last_position == position
        await _receive(world, "other", "hello", address="dora")
        world.clock.advance(1.0)
        for number in range(limits.customer_commands_per_s_max):
            await _receive(world, f"later{number}", "hello")
        with pytest.raises(RateLimited):
            await _receive(world, "more", "hello")
