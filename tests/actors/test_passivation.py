"""A closed conversation leaves memory once the views have it, and is found again when somebody asks."""

import asyncio

import pytest

from hookflash.engine.domain.commands import AcceptOffer, Close, DeclineOffer, SendMessage, SettleDelivery
from hookflash.engine.domain.refusals import ConversationClosed, OfferClosed
from hookflash.engine.domain.values import CloseCause
from hookflash.sdk.types import AgentId

from .running import Running, conversation, running


async def _closed(run: Running) -> None:
    await run.site("ann")
    await run.attended("42")
    await run.open("43")
    await run.run(conversation("42"), Close(agent=AgentId("ann"), cause=CloseCause.AGENT))
    for delivery in range(1, run.talk("42").deliveries + 1):
        await run.run(conversation("42"), SettleDelivery(delivery=delivery))
    await run.settle()
    assert await run.engine.until_shown(run.engine.shard.durable_position)
    await asyncio.sleep(0)
    await asyncio.sleep(0)


async def test_a_closed_and_settled_conversation_is_let_go_of_and_can_still_be_read() -> None:
    async with running() as run:
        await _closed(run)
        assert run.engine.shard.facts.find(conversation("42")) is None
        found = await run.engine.shard.read(conversation("42"))
        assert found is not None
        assert found[0].closed is CloseCause.AGENT  # type: ignore[union-attr]


@pytest.mark.spec("R-O7", "A-32")
async def test_late_commands_to_it_get_the_right_refusal() -> None:
    async with running() as run:
        await _closed(run)
        with pytest.raises(ConversationClosed):
            await run.run(conversation("42"), SendMessage(agent=AgentId("ann"), text="too late"))
        await run.run(conversation("42"), AcceptOffer(number=1))  # Accepted long ago: the same answer (R-O6).
        with pytest.raises(OfferClosed):
            await run.run(conversation("42"), DeclineOffer(number=1))


async def test_an_open_conversation_stays() -> None:
    async with running() as run:
        await _closed(run)
        assert run.engine.shard.facts.find(conversation("43")) is not None
