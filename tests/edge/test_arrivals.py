"""What an adapter brings by itself is done for it only when it is durable."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import ClassVar

import pytest

from hookflash.sdk.channel import Arrival, CustomerAddress, Delivery, Inbound, PullChannel, Text
from hookflash.sdk.types import ChannelId, ExternalId
from tests.edge.at_edge import at_edge


@pytest.mark.spec("I1")
async def test_an_arrival_still_refused_when_the_engine_stops_is_not_passed_over() -> None:
    brought: list[str] = []
    done: list[str] = []

    class Cursor(PullChannel):
        kind: ClassVar[str] = "web"

        async def send(self, delivery: Delivery) -> ExternalId:
            return ExternalId(delivery.id)

        async def stop(self) -> None:
            await self.context.sleep(4.0)  # Time for the taker to try again.

        async def poll(self) -> AsyncIterator[Arrival]:
            for key in ("one", "two"):
                brought.append(key)
                yield Inbound(
                    dedupe_key=key,
                    address=CustomerAddress(channel=ChannelId("web"), id="carl"),
                    content=Text(text=key),
                    at=datetime(2026, 1, 1, tzinfo=UTC),
                    external_id=ExternalId(key),
                )
                done.append(key)

    async with at_edge(Cursor) as world:
        await world.apply(kind="web", is_external=True)
        await world.host.wait_until_settled()
        world.run.engine.shard.is_draining = True
        settings = world.run.engine.shard.facts.channels()[ChannelId("web")]
        world.host._want(settings.id, replace(settings, is_external=False))  # noqa: SLF001  Apply is refused by now
        await world.until(lambda: brought)
    assert brought == ["one"]
    assert done == []
