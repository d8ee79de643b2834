"""What a customer brings has its effect once, and finds or opens his conversation."""

import asyncio

import pytest

from hookflash.engine.actors.clock import ManualClock
from hookflash.engine.domain import events as e
from hookflash.engine.domain.commands import Close
from hookflash.engine.domain.conversation.state import Conversation
from hookflash.engine.domain.refusals import ChannelNotFound, EmptyMessage, RateLimited, RequestIdReused
from hookflash.engine.domain.values import CloseCause, Customer, Target
from hookflash.engine.edge.inbox import Left
from hookflash.engine.journal.memory import MemoryStore
from hookflash.engine.journal.record import Cause, CauseKind
from hookflash.sdk.channel import Text
from hookflash.sdk.types import ChannelId, ConversationId, Principal, Role
from tests.actors.running import BILLING, WEB, conversation
from tests.edge.at_edge import AtEdge, at_edge

ADAPTER = Principal(Role.ADAPTER, "channels/web", channel=WEB)


async def _receive(
    world: AtEdge, key: str, content: str | Left, address: str = "carl"
) -> tuple[ConversationId | None, bool]:
    given = Text(text=content) if isinstance(content, str) else content
    return await world.edge.inbox.receive(
        ADAPTER, WEB, address, key, given, customer=Customer(display_name="Carl"), target=Target(queue=BILLING)
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
        assert await _receive(world, "k1", Left()) == (None, False)
        assert world.run.engine.shard.last_position == world.run.sealed[-1].record.position
        name, _ = await _receive(world, "k2", "hello")
        assert await _receive(world, "k3", Left()) == (name, False)
        assert _state(world, name).closed is CloseCause.CUSTOMER
        assert await _receive(world, "k4", Left()) == (None, False)


async def test_an_arrival_that_is_refused_is_not_remembered() -> None:
    async with at_edge() as world:
        await world.run.site()
        with pytest.raises(EmptyMessage):
            await _receive(world, "k1", "   ")
        assert (await _receive(world, "k1", "hello"))[1] is False
        with pytest.raises(ChannelNotFound):
            await world.edge.inbox.receive(ADAPTER, ChannelId("other"), "carl", "k2", Text(text="hello"))


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
