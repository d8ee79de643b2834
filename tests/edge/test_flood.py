"""An adapter that brings more than anybody asked for has its share of the engine, and the rest is everybody else's."""

import asyncio
from typing import Any

import pytest

from hookflash.engine.edge.arrivals import AT_WORK_MAX
from hookflash.engine.edge.inbox import Inbox
from hookflash.sdk.channel import CustomerAddress, Inbound, Text
from hookflash.sdk.types import ChannelId, ExternalId
from tests.edge.adapters import Provider, web_adapter
from tests.edge.at_edge import at_edge
from tests.sinks.telling import until

CUSTOMERS = 200


@pytest.mark.spec("I16")
async def test_a_flooding_adapter_has_its_share_of_commands_and_turns_and_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    provider = Provider()
    at_work, most, done, at_once = 0, 0, 0, 0
    receive = Inbox.receive

    async def turns() -> None:
        nonlocal at_once
        while True:
            before = provider.arrivals.qsize()
            await asyncio.sleep(0)
            at_once = max(at_once, before - provider.arrivals.qsize())

    async def counted(inbox: Inbox, *given: Any, **named: Any) -> Any:  # noqa: ANN401  handed on as they came
        nonlocal at_work, most, done
        at_work += 1
        most = max(most, at_work)
        await asyncio.sleep(0)
        try:
            return await receive(inbox, *given, **named)
        finally:
            at_work -= 1
            done += 1

    monkeypatch.setattr(Inbox, "receive", counted)
    async with at_edge(web_adapter(provider)) as world:
        await world.apply(kind="web")
        await world.host.wait_until_settled()
        now = world.clock.now()
        for number in range(CUSTOMERS):
            address = CustomerAddress(channel=ChannelId("web"), id=f"c{number}")
            key, at = str(number), provider.contexts[0].clock()
            provider.arrivals.put_nowait(
                Inbound(dedupe_key=key, address=address, content=Text(text="hi"), at=at, external_id=ExternalId(key))
            )
        others = asyncio.ensure_future(turns())
        await until(lambda: done == CUSTOMERS)
        others.cancel()
        assert world.clock.now() == now
    assert 1 < most <= AT_WORK_MAX
    assert 1 <= at_once <= 2, "between two arrivals everybody else has a turn"
