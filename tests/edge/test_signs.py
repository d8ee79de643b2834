"""Signs of typing reach whom they are for, for a moment, and never in such a number that somebody suffers."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import ClassVar

from hookflash.engine.domain.commands import AcceptOffer, EndSession, Leave
from hookflash.sdk.channel import Capabilities, ChannelAdapter, CustomerAddress, Inbound, Level, Text, Typing
from hookflash.sdk.errors import Transient
from hookflash.sdk.types import ConversationId, ExternalId
from tests.actors.running import WEB, conversation
from tests.edge.adapters import Provider, web_adapter
from tests.edge.at_edge import ANN, AtEdge, at_edge

CARL = CustomerAddress(channel=WEB, id="customer 1")


def _typing(provider: Provider, shown: list[tuple[str, bool]], answers: list[BaseException]) -> type[ChannelAdapter]:
    class WithTyping(web_adapter(provider)):  # type: ignore[misc]  # a class made by a function
        capabilities: ClassVar[Capabilities] = Capabilities(typing=Level.NATIVE)

        async def typing(self, to: CustomerAddress, is_on: bool) -> None:  # noqa: FBT001  the contract's own
            shown.append((to.id, is_on))
            if answers:
                raise answers.pop(0)

    return WithTyping


@asynccontextmanager
async def _talking(adapter: type[ChannelAdapter]) -> AsyncIterator[AtEdge]:
    async with at_edge(adapter) as world:
        await world.run.site("ann")
        await world.host.wait_until_settled()
        await world.run.attended("1")
        yield world


async def test_a_customers_sign_is_told_once_a_second_and_a_strangers_to_nobody() -> None:
    provider, heard = Provider(), list[tuple[ConversationId, bool]]()
    async with _talking(web_adapter(provider)) as world:
        stop = world.edge.signs.subscribe(lambda *sign: heard.append(sign))
        to = CustomerAddress(channel=WEB, id="stranger")
        for sign in (Typing(address=CARL), Typing(address=CARL), Typing(address=to), Typing(address=CARL, is_on=False)):
            await provider.contexts[0].take(sign)
        assert heard == [("1", True), ("1", False)]
        world.clock.advance(1.0)
        provider.arrivals.put_nowait(Typing(address=CARL, is_on=False))
        await world.until(lambda: len(heard) == 3)
        stop()
        await provider.contexts[0].take(Typing(address=CARL))
        assert len(heard) == 3
        position = world.run.engine.shard.last_position
        assert position == world.run.sealed[-1].record.position, "nothing was recorded"


async def test_an_agents_sign_reaches_the_customers_channel_whatever_the_adapter_makes_of_it() -> None:
    shown: list[tuple[str, bool]] = []
    errors: list[BaseException] = [Transient("no"), ValueError("no"), SystemExit(1)]
    async with _talking(_typing(Provider(), shown, errors)) as world:
        for is_typing in (True, True, False, True, False):
            world.edge.signs.agent(WEB, "customer 1", is_typing=is_typing)
            await world.until(lambda: world.host.run_of(WEB)._signs.is_idle)  # type: ignore[union-attr]  # noqa: SLF001  it is shown
        assert shown == [("customer 1", True), ("customer 1", False), ("customer 1", True), ("customer 1", False)]
        assert [fault[1:3] for fault in world.plugins.faults] == [
            ("channels/web typing", "ValueError"),
            ("channels/web typing", "PluginRaisedError"),
        ]


def _reading(provider: Provider, marked: list[tuple[str, ...]], answers: list[BaseException]) -> type[ChannelAdapter]:
    class WithReads(web_adapter(provider)):  # type: ignore[misc]  # a class made by a function
        capabilities: ClassVar[Capabilities] = Capabilities(read=Level.NATIVE)

        async def mark_read(self, to: CustomerAddress, external_ids: Sequence[ExternalId]) -> None:
            marked.append((to.id, *external_ids))
            if answers:
                raise answers.pop(0)

    return WithReads


async def _writes(world: AtEdge, provider: Provider, *ids: str) -> None:
    """Carl writes messages that his provider calls so, and they are on the timeline."""
    for each in ids:
        said = Inbound(
            dedupe_key=each, address=CARL, content=Text(text="hi"), at=datetime.now(UTC), external_id=ExternalId(each)
        )
        provider.arrivals.put_nowait(said)
    await world.until(lambda: ids[-1] in world.edge.signs.reads.unread(WEB, CARL.id))


async def test_what_a_customer_wrote_is_marked_read_when_an_agent_joins_answers_or_begins_to_and_once() -> None:
    provider, marked = Provider(), list[tuple[str, ...]]()
    async with at_edge(_reading(provider, marked, [Transient("no"), ValueError("no")])) as world:
        await world.run.site("ann")
        await world.host.wait_until_settled()
        await world.run.open("1")
        await _writes(world, provider, "a", "b")
        assert marked == [], "nobody has seen it"
        await world.run.run(conversation("1"), AcceptOffer(number=1))
        await world.until(lambda: marked == [("customer 1", "a", "b")])
        await _writes(world, provider, "c")
        await world.say("1", "yes?")
        await world.until(lambda: marked[1:] == [("customer 1", "c")])
        await world.say("1", "hello?")
        await _writes(world, provider, "d")
        world.edge.signs.agent(WEB, "customer 1", is_typing=True)
        await world.until(lambda: marked[2:] == [("customer 1", "d")])
        await _writes(world, provider, "e")
        await world.run.run(conversation("1"), EndSession())
        await world.run.run(conversation("1"), Leave(agent=ANN))
        await world.run.attended("2")
        assert len(marked) == 3
        # An error by contract is no fault: a sign that is not shown is nobody's loss.
        assert [fault[1:3] for fault in world.plugins.faults] == [("channels/web mark_read", "ValueError")]


async def test_a_channel_without_such_a_sign_is_not_asked() -> None:
    shown: list[tuple[str, bool]] = []
    adapter = _typing(Provider(), shown, [])
    adapter.capabilities = Capabilities(typing=Level.DROP)
    async with _talking(adapter) as world:
        world.edge.signs.agent(WEB, "customer 1", is_typing=True)
        world.edge.signs.agent(WEB, "customer 2", is_typing=True)
        assert shown == []
