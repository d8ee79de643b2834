"""Signs of typing reach whom they are for, for a moment, and never in such a number that somebody suffers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import ClassVar

from hookflash.sdk.channel import Capabilities, ChannelAdapter, CustomerAddress, Level, Typing
from hookflash.sdk.errors import Transient
from hookflash.sdk.types import ConversationId
from tests.actors.running import WEB
from tests.edge.adapters import Provider, web_adapter
from tests.edge.at_edge import AtEdge, at_edge

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
            await world.until(lambda: not world.host.run_of(WEB)._typing)  # type: ignore[union-attr]  # noqa: SLF001  the sign is shown
        assert shown == [("customer 1", True), ("customer 1", False), ("customer 1", True), ("customer 1", False)]
        assert [fault[1:3] for fault in world.plugins.faults] == [
            ("channels/web typing", "ValueError"),
            ("channels/web typing", "PluginRaisedError"),
        ]


async def test_a_channel_without_such_a_sign_is_not_asked() -> None:
    shown: list[tuple[str, bool]] = []
    adapter = _typing(Provider(), shown, [])
    adapter.capabilities = Capabilities(typing=Level.DROP)
    async with _talking(adapter) as world:
        world.edge.signs.agent(WEB, "customer 1", is_typing=True)
        world.edge.signs.agent(WEB, "customer 2", is_typing=True)
        assert shown == []
