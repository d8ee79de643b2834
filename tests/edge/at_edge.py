"""An engine in process with its channel edge: what customers bring, what goes out, and adapters written by tests."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, TypeVar

from hookflash.engine.actors.clock import ManualClock
from hookflash.engine.domain.address import SITE
from hookflash.engine.domain.commands import Apply, SendMessage, SettleDelivery
from hookflash.engine.domain.values import ChannelSettings
from hookflash.engine.edge.adapter_host import AdapterHost
from hookflash.engine.edge.inbox import Inbox
from hookflash.engine.edge.inbox_file import InboxFile
from hookflash.engine.edge.outbox import DeliveryReader, Outbox
from hookflash.engine.edge.parts import Edge
from hookflash.engine.edge.sender import SendingRules
from hookflash.engine.ids import IdMaker
from hookflash.engine.journal.memory import MemoryStore
from hookflash.engine.plugins import PureCalls
from hookflash.engine.settings import HttpSettings, Limits
from hookflash.sdk.channel import ChannelAdapter, Delivery
from hookflash.sdk.hosting.breaker import Breaker
from hookflash.sdk.hosting.calls import WakeAt
from hookflash.sdk.types import AgentId, ChannelId, ConversationId
from tests.actors.running import Running, conversation, running

ANN = AgentId("ann")

E = TypeVar("E")


@dataclass
class Plugins:
    """The adapters that are loaded, and the faults that were reported."""

    classes: dict[str, type[ChannelAdapter]]
    clock: ManualClock
    faults: list[tuple[str, str, str, str]] = field(default_factory=list)

    def channel_adapter(self, kind: str) -> type[ChannelAdapter] | None:
        return self.classes.get(kind)

    def plugin_of_channel(self, kind: str) -> str:
        return kind

    def pure_calls(self, plugin: str, what: str, wake_at: WakeAt) -> PureCalls:
        return PureCalls(
            breaker=Breaker(self.clock.now),
            thread=None,
            clock=self.clock.now,
            wake_at=wake_at,
            report=lambda hook, fault, fallback: self.report_fault(plugin, f"{what} {hook}", fault, fallback),
        )

    def report_fault(self, plugin: str, hook: str, error: str, fallback: str) -> None:
        self.faults.append((plugin, hook, error, fallback))


@dataclass
class AtEdge:
    """A running engine with everything of its edge."""

    run: Running
    edge: Edge
    host: AdapterHost
    plugins: Plugins

    @property
    def outbox(self) -> Outbox:
        return self.edge.outbox

    @property
    def clock(self) -> ManualClock:
        return self.run.clock

    def events(self, kind: type[E]) -> list[E]:
        return [fact.event for sealed in self.run.sealed for fact in sealed.record.facts if type(fact.event) is kind]

    async def say(self, name: str, *texts: str) -> None:
        """Ann, who is in that conversation, says so much to the customer."""
        for text in texts:
            await self.run.run(conversation(name), SendMessage(agent=ANN, text=text))

    async def settle(self, name: str, number: int, *, external_id: str = "", error: str = "") -> None:
        await self.run.run(conversation(name), SettleDelivery(delivery=number, external_id=external_id, error=error))

    async def apply(self, **settings: Any) -> None:  # noqa: ANN401  the fields of ChannelSettings
        """Apply the channel `web`."""
        await self.run.run(SITE, Apply(channels=(ChannelSettings(id=ChannelId("web"), **settings),)))

    async def forget_web(self) -> None:
        """Delete the channel `web`."""
        await self.run.run(SITE, Apply(channels=(ChannelSettings(id=ChannelId("other")),), prune=True))
        await self.host.wait_until_settled()

    async def until_async(self, is_so: Callable[[], Awaitable[bool]]) -> None:
        """Wait until something that is asked elsewhere is so."""
        async with asyncio.timeout(20):
            while not await is_so():  # noqa: ASYNC110  what is awaited differs from test to test
                await asyncio.sleep(0)

    async def until(self, is_so: Callable[[], object]) -> None:
        """Let the loop run until something is so; the clock stands still meanwhile."""
        async with asyncio.timeout(20):
            while not is_so():  # noqa: ASYNC110  what is awaited differs from test to test
                await asyncio.sleep(0)

    async def pass_until(self, is_so: Callable[[], object], step_s: float = 0.5) -> None:
        """Let time pass until something is so."""
        async with asyncio.timeout(20):
            while not is_so():
                self.clock.advance(step_s)
                for _ in range(20):
                    await asyncio.sleep(0)
                # What runs in threads (the journal's writer) is awaited: time stands still for it.
                await self.run.settle()


async def next_of(reader: DeliveryReader, count: int) -> list[tuple[str, int, int]]:
    """The next so many: conversation, number and attempt."""
    return [_short(await anext(reader)) for _ in range(count)]


async def is_waiting(reader: DeliveryReader) -> bool:
    """Whether the reader has nothing now."""
    task = asyncio.ensure_future(anext(reader))
    for _ in range(5):
        await asyncio.sleep(0)
    is_idle = not task.done()
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    return is_idle


def _short(delivery: Delivery) -> tuple[str, int, int]:
    return str(delivery.conversation), delivery.sequence, delivery.attempt


def talk(name: str) -> ConversationId:
    return ConversationId(name)


@asynccontextmanager
async def at_edge(
    *adapters: type[ChannelAdapter],
    store: MemoryStore | None = None,
    clock: ManualClock | None = None,
    rules: SendingRules | None = None,
    limits: Limits | None = None,
    file: InboxFile | None = None,
    http: HttpSettings | None = None,
    media: Path | None = None,
) -> AsyncIterator[AtEdge]:
    """Run an engine with these adapters loaded; over the same store it is the one before, restarted."""
    async with running(store, clock=clock, limits=limits) as run:
        shard = run.engine.shard
        is_ours = file is None
        file, http = file or InboxFile(None), http or HttpSettings()
        ids = IdMaker(run.clock, Random(1))  # noqa: S311  no secret
        edge = Edge.around(
            Inbox(shard, ids, run.clock, run.engine.limits),
            shard=shard,
            ids=ids,
            clock=run.clock,
            random=Random(2),  # noqa: S311  no secret
            limits=run.engine.limits,
            http=http,
            file=file,
            media_directory=media or Path("no-media"),
            rules=rules,
        )
        edge.outbox.restore(run.engine.views.unsettled_deliveries())
        plugins = Plugins({adapter.kind: adapter for adapter in adapters}, run.clock)
        host = AdapterHost(edge, plugins)
        edge.signs.serve(host, edge.sign_readers)
        shard.subscribe(edge.outbox.follow)
        shard.subscribe(host.follow)
        shard.subscribe(edge.signs.reads.follow)
        await host.start()
        world = AtEdge(run, edge, host, plugins)
        try:
            yield world
        finally:
            await _with_time_passing(run.clock, host.stop())
            await edge.receipts.stop()
            if is_ours:
                file.close()


async def _with_time_passing(clock: ManualClock, ending: Coroutine[Any, Any, None]) -> None:
    task = asyncio.ensure_future(ending)
    while not task.done():
        clock.advance(1.0)
        await asyncio.sleep(0.001)
    await task
