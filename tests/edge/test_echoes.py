"""An echo of our own delivery that comes before its id is told is not shown; whatever else it is, it is shown once."""

import asyncio
from datetime import UTC, datetime

import pytest

from hookflash.engine.domain import events as e
from hookflash.engine.domain.refusals import Draining, RateLimited
from hookflash.engine.edge.echoes import HELD_MAX, HELD_S
from hookflash.engine.edge.patience import adapter_principal
from hookflash.sdk.channel import Capabilities, CustomerAddress, Delivery, Inbound, Text
from hookflash.sdk.types import ExternalId
from tests.actors.running import WEB
from tests.edge.adapters import Provider, web_adapter
from tests.edge.at_edge import AtEdge, at_edge

CARL = "customer 1"


async def _talking(world: AtEdge) -> None:
    """Ann talks with Carl; that she joined is settled, that she said hello is not."""
    await world.run.site("ann")
    await world.run.attended("1")
    await world.settle("1", 1, external_id="out-1")
    await world.say("1", "Hello")


def _echo(world: AtEdge, external_id: str, *, text: str = "Hello", address: str = CARL) -> "asyncio.Task[None]":
    taking = world.edge.echoes.take(
        adapter_principal(WEB), WEB, address, f"echo of {external_id}", text=text, external_id=external_id
    )
    return asyncio.get_running_loop().create_task(taking)


def _shown(world: AtEdge) -> list[str]:
    return [message.text for message in world.events(e.MessageSent) if message.role == "BOT"]


@pytest.mark.spec("I3")
async def test_an_echo_that_overtakes_its_id_is_left_out_when_the_id_arrives() -> None:
    async with at_edge() as world:
        await _talking(world)
        echo = _echo(world, "out-2")
        await world.until(lambda: world.edge.echoes.held(WEB) == 1)
        assert not echo.done(), "what nobody can tell yet is answered to nobody"
        await world.settle("1", 2, external_id="out-2")
        await echo
        assert (_shown(world), world.edge.echoes.held(WEB)) == ([], 0)


async def test_what_somebody_wrote_past_the_engine_is_shown_as_soon_as_nothing_on_its_way_can_be_it() -> None:
    async with at_edge() as world:
        await _talking(world)
        echo = _echo(world, "out-9", text="From my telephone")
        await world.until(lambda: world.edge.echoes.held(WEB) == 1)
        await world.say("1", "What is said after it is not awaited")
        await world.settle("1", 2, external_id="out-2")
        await echo
        assert _shown(world) == ["From my telephone"]


async def test_an_echo_waits_for_so_long_only_and_not_where_nothing_is_on_its_way_to_that_customer() -> None:
    async with at_edge() as world:
        await _talking(world)
        await world.run.attended("2")
        await world.settle("2", 1, external_id="other-1")
        await _echo(world, "out-9", text="At once", address="customer 2")
        await _echo(world, "", text="Without an id")
        await _echo(world, "out-9", text="To nobody", address="stranger")
        late = _echo(world, "out-8", text="Late")
        await world.until(lambda: world.edge.echoes.held(WEB) == 1)
        world.clock.advance(HELD_S - 0.1)
        await _echo(world, "out-7", text="Meanwhile", address="customer 2")
        assert not late.done()
        world.clock.advance(0.1)
        await late
        assert _shown(world) == ["At once", "Without an id", "Meanwhile", "Late"]


@pytest.mark.spec("I16")
async def test_so_many_wait_at_once_and_what_waits_when_the_engine_stops_is_to_be_brought_again() -> None:
    async with at_edge() as world:
        await _talking(world)
        echoes = [_echo(world, f"out-{number}") for number in range(100, 100 + HELD_MAX)]
        await world.until(lambda: world.edge.echoes.held(WEB) == HELD_MAX)
        with pytest.raises(RateLimited):
            await _echo(world, "one too many")
        world.edge.echoes.stop()
        assert {type(error) for error in await asyncio.gather(*echoes, return_exceptions=True)} == {Draining}
        assert (_shown(world), world.edge.echoes.held(WEB)) == ([], 0)


@pytest.mark.spec("I3")
async def test_an_adapters_echoes_that_overtake_its_answers_are_left_out_those_of_parts_too() -> None:
    provider, may_answer = Provider(), asyncio.Event()

    async def answering(delivery: Delivery) -> object:
        echoed = Inbound(
            dedupe_key=f"echo of {delivery.id}",
            address=CustomerAddress(channel=WEB, id=delivery.to.id),
            content=Text(text=delivery.content.text),
            at=datetime(2026, 1, 1, tzinfo=UTC),
            external_id=ExternalId(f"mid of {delivery.id}"),
            is_echo=True,
        )
        provider.arrivals.put_nowait(echoed)
        await may_answer.wait()
        return echoed.external_id

    provider.answering = answering
    adapter = web_adapter(provider)
    adapter.capabilities = Capabilities(text_size_max=40)
    async with at_edge(adapter) as world:
        await world.run.site("ann")
        await world.host.wait_until_settled()
        await world.run.attended("1")
        await world.say("1", "A text that goes out in several parts, each of which is echoed by its provider.")
        await world.until(lambda: world.edge.echoes.held(WEB) == 1)
        may_answer.set()
        await world.until(lambda: not world.outbox.pending())
        provider.arrivals.put_nowait(_end())
        await world.until(lambda: "end" in [message.text for message in world.events(e.MessageSent)])
        assert (len(provider.sent), _shown(world)) == (3, []), "a notice, and a text in two parts"


def _end() -> Inbound:
    to = CustomerAddress(channel=WEB, id=CARL)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Inbound(dedupe_key="end", address=to, content=Text(text="end"), at=at, external_id=ExternalId("end"))
