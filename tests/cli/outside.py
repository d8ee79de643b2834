"""An adapter that runs outside of a server, as `hookflash channel run` does, and an agent at his desk."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hookflash.cli.channel_run import Place, Runner
from hookflash.sdk.channel import (
    ChannelAdapter,
    CustomerAddress,
    Inbound,
    Text,
)
from hookflash.sdk.client import Client
from hookflash.sdk.client import messages as m
from hookflash.sdk.types import ChannelId, ExternalId, Role
from tests.edge.adapters import Provider
from tests.server.serving import Refused, Serving, serving

WEB = ChannelId("web")
AT = datetime(2026, 1, 1, tzinfo=UTC)
PATIENCE_S = 20.0


def said(key: str, text: str, *, by: str = "carl") -> Inbound:
    address = CustomerAddress(channel=WEB, id=by)
    return Inbound(dedupe_key=key, address=address, content=Text(text=text), at=AT, external_id=ExternalId(key))


@dataclass
class Talking:
    """A server with one agent at his desk, and an adapter that runs outside of it."""

    served: Serving
    ann: Any
    desk: Any
    url: str
    working: "asyncio.Future[None]"

    async def accepted(self) -> str:
        offer = (await self.desk.until("offer_made")).offer
        await self.ann.call("AgentService/AcceptOffer", name=offer.name)
        return str(offer.conversation)

    async def say(self, conversation: str, *texts: str) -> None:
        for text in texts:
            await self.ann.call("ConversationService/SendMessage", name=conversation, text=text)

    async def transcript(self, conversation: str) -> list[str]:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                try:
                    answer = await self.served.admin.call("ConversationService/GetTranscript", name=conversation)
                    break
                except Refused as refused:
                    if not refused.retry:  # Else the views of a busy machine are behind for a moment.
                        raise
        return [entry.message.text for entry in answer.entries if entry.HasField("message")]

    async def until_sent(self, provider: Provider, text: str) -> None:
        """Let the engine's time pass until that went out."""

        def is_sent() -> bool:
            self.served.clock.advance(0.1)
            return text in provider.texts("carl")

        await self.until(is_sent)

    async def until(self, is_so: Any) -> None:  # noqa: ANN401  what is awaited differs from test to test
        async with asyncio.timeout(PATIENCE_S):
            while not is_so():  # noqa: ASYNC110
                await asyncio.sleep(0.01)


@asynccontextmanager
async def running(
    folder: Path, adapter: type[ChannelAdapter], *, listen: str | None = None, media_url: str = "", **settings: str
) -> AsyncIterator[Talking]:
    async with serving(folder / "data", media_url=media_url) as served:
        await served.site("ann")
        await served.admin.call(
            "AdminService/Apply",
            queues=[m.Queue(name="queues/billing")],
            agents=[m.Agent(name="agents/ann")],
            channels=[m.Channel(name="channels/web", kind="web", is_external=True, queue="queues/billing")],
        )
        ann = await served.agent("ann")
        token = (await served.client(Role.ADAPTER, "channels/web", channel="web")).token
        place = Place(state=folder / "state.sqlite", listen=listen)
        runner = Runner(WEB, adapter, settings, place, served.clock.now)
        on_started: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        async with Client(served.address, token=token) as client, ann.stream("AgentService/Attach") as desk:
            await desk.until("welcome")
            await served.ready(ann)
            working = asyncio.ensure_future(runner.run(client, on_started))
            waited: set[asyncio.Future[Any]] = {working, on_started}
            await asyncio.wait(waited, return_when=asyncio.FIRST_COMPLETED)
            if working.done():
                await working
            try:
                yield Talking(served, ann, desk, on_started.result(), working)
            finally:
                working.cancel()
                with suppress(asyncio.CancelledError):
                    await working
