"""A whole engine in process, on a manual clock and a journal in memory: what the tests of the shell run against."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from hookflash.engine.actors.calls import Call, Sealed, no_answer
from hookflash.engine.actors.clock import ManualClock
from hookflash.engine.domain.address import SITE, Address, Kind
from hookflash.engine.domain.agent import Agent
from hookflash.engine.domain.commands import (
    AcceptOffer,
    Apply,
    Attach,
    Command,
    OpenConversation,
    PlaceInvite,
    SetReadiness,
)
from hookflash.engine.domain.conversation.state import Conversation
from hookflash.engine.domain.values import (
    AgentSettings,
    AttributeSettings,
    ChannelSettings,
    Customer,
    QueueSettings,
    Target,
)
from hookflash.engine.engine import Engine
from hookflash.engine.failpoints import Failpoints
from hookflash.engine.journal.memory import MemoryJournal, MemoryStore
from hookflash.engine.plugins import LoadedStrategy
from hookflash.engine.settings import HttpSettings, Limits, PluginSettings, Settings
from hookflash.engine.views.store import Views
from hookflash.sdk.routing import RoutingStrategy
from hookflash.sdk.types import AgentId, AttributeId, ChannelId, InviteKind, Principal, QueueId, Role

__all__ = ["BILLING", "WEB", "Running", "agent", "caller", "conversation", "running"]

WEB = ChannelId("web")
BILLING = QueueId("billing")


def conversation(name: str) -> Address:
    return Address(Kind.CONVERSATION, name)


def agent(name: str) -> Address:
    return Address(Kind.AGENT, name)


@dataclass
class Running:
    """The engine, its clock and failpoints, and everything that became durable."""

    engine: Engine
    clock: ManualClock
    failpoints: Failpoints
    sealed: list[Sealed] = field(default_factory=list)

    async def run(self, address: Address, command: Command, call: Call | None = None) -> bytes:
        return await self.engine.shard.submit(address, command, call or Call(), no_answer)

    async def site(
        self, *agents: str, queues: tuple[QueueSettings, ...] = (), attributes: tuple[str, ...] = ()
    ) -> None:
        """Apply a `billing` queue (or those given), a `web` channel, and the agents; each attached and ready."""
        apply = Apply(
            queues=queues or (QueueSettings(id=BILLING, display_name="Billing"),),
            agents=tuple(AgentSettings(id=AgentId(name), display_name=name.title()) for name in agents),
            channels=(ChannelSettings(id=WEB, kind="web"),),
            attributes=tuple(AttributeSettings(id=AttributeId(name)) for name in attributes),
        )
        await self.run(SITE, apply)
        for name in agents:
            await self.ready(name)

    async def ready(self, name: str) -> None:
        await self.run(agent(name), Attach(stream=f"desk of {name}"))
        await self.run(agent(name), SetReadiness(is_ready=True))

    async def open(self, name: str, queue: QueueId = BILLING) -> None:
        command = OpenConversation(
            channel=WEB, address=f"customer {name}", customer=Customer(display_name="Carl"), target=Target(queue=queue)
        )
        await self.run(conversation(name), command, Call(is_fresh=True))

    async def attended(self, name: str) -> None:
        """A conversation that the best candidate accepted."""
        await self.open(name)
        await self.run(conversation(name), AcceptOffer(number=1))

    def transfer(self, by: str, *, to_agent: str | None = None, queue: QueueId = BILLING) -> PlaceInvite:
        target = Target(queue=queue) if to_agent is None else Target(agent=AgentId(to_agent))
        return PlaceInvite(kind=InviteKind.TRANSFER, agent=AgentId(by), target=target)

    def talk(self, name: str) -> Conversation:
        state = self.engine.shard.state(conversation(name))
        assert isinstance(state, Conversation)
        return state

    def person(self, name: str) -> Agent:
        state = self.engine.shard.state(agent(name))
        assert isinstance(state, Agent)
        return state

    async def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)
        await self.settle()

    async def settle(self) -> None:
        """Until all that was sealed is durable and whoever followed from it had his turn."""
        shard = self.engine.shard
        while shard.durable_position < shard.last_position:
            await shard.until_durable(shard.last_position)
            await asyncio.sleep(0)

    def snapshot(self) -> dict[str, object]:
        """Everything in memory that a rollback must restore."""
        shard = self.engine.shard
        return {
            "states": {str(entity.address): (entity.state, entity.position) for entity in shard.facts},
            "timers": sorted(
                (when, str(address), repr(command))
                for (address, command), when in shard.world.timers._live.items()  # noqa: SLF001
            ),
            "stats": {queue: shard.matching.stats(queue) for queue in shard.facts.queues()},
            "waiting": sorted(str(match) for match in shard.matching.unserved()),
            "open": shard.world.registry.open_conversations,
            "last": shard.last_position,
        }


def caller(subject: str, request_id: str, digest: bytes = b"one", method: str = "Transfer") -> Call:
    """A call that is known again."""
    principal = Principal(Role.AGENT, f"agents/{subject}")
    return Call(principal=principal, method=method, request_id=request_id, digest=digest)


@asynccontextmanager
async def running(
    store: MemoryStore | None = None,
    *,
    limits: Limits | None = None,
    plugins_dir: Path | None = None,
    clock: ManualClock | None = None,
    views: Path | None = None,
    bundled: Iterable[type[RoutingStrategy]] = (),
    public_url: str = "",
) -> AsyncIterator[Running]:
    """An engine that runs until the block ends; over the same store it is the one before, restarted.

    `bundled` are strategies that count as its own, which are asked in the turn; `public_url` is where it says it is.
    """
    clock = clock or ManualClock()
    failpoints = Failpoints()
    # Providers are fakes on loopback, which adapters may call nowhere else.
    http = HttpSettings(allow_private=("127.0.0.0/8",), public_url=public_url)
    settings = Settings(limits=limits or Limits(), plugins=PluginSettings(plugins_dir=plugins_dir), http=http)
    engine = Engine.assemble(
        settings, MemoryJournal(store or MemoryStore(), failpoints), Views.open(views), clock=clock
    )
    for strategy in bundled:
        engine.plugins._strategies[strategy.name] = LoadedStrategy(  # noqa: SLF001  no package of ours has them
            name=strategy.name, plugin="ours", is_bundled=True, strategy=strategy()
        )
    await engine.start()
    run = Running(engine, clock, failpoints)
    engine.shard.subscribe(run.sealed.extend)
    try:
        yield run
    finally:
        await engine.stop()
