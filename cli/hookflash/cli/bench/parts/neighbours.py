"""What a plugin that misbehaves does to everybody else: the rate and p99 of writes beside each sort of bad behaviour.

The plugin is written into a folder and loaded as anybody's. Its strategy is asked by a queue of its own; those whose
writes are measured have nothing to do with it. "thread": in the engine's process; "process": `isolation = "process"`.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from time import perf_counter
from typing import Final

from hookflash.cli.bench.closed_loop import spread_of
from hookflash.cli.bench.figures import Sample
from hookflash.cli.bench.own_engine import OwnEngine
from hookflash.cli.bench.parts.in_process import Counted, repeat, writer
from hookflash.cli.bench.processes import apart
from hookflash.cli.bench.round import Round
from hookflash.engine.actors.calls import Call
from hookflash.engine.domain.address import SITE
from hookflash.engine.domain.commands import Apply
from hookflash.engine.domain.values import ChannelSettings, QueueSettings
from hookflash.engine.settings import PluginSettings
from hookflash.sdk.types import AgentId, ChannelId, QueueId

__all__ = ["BEHAVIOURS", "GROUP", "measure", "writes_beside"]

GROUP: Final = "writes beside a bad plugin"
_ODD: Final = QueueId("odd")
_IN_FLIGHT: Final = 64
_AGENTS: Final = 16
_ASKED_EVERY_S: Final = 0.1
_PLUGIN: Final = "odd_one"
_HEAD: Final = """
import asyncio, time
from datetime import datetime, UTC
from hookflash.sdk import *
from hookflash.sdk import hookimpl

SDK_API = ">=1.0,<2"
"""
_STRATEGY: Final = """
class Odd:
    name = "odd"

    def order(self, agent, queue):
        return (agent.place,)

    def select(self, invite, candidates, context):
        {do}
        return Offer(agents=(candidates.top(1)[0].id,))

@hookimpl
def hookflash_register(registry):
    registry.strategy(Odd)
"""
_SINK: Final = """
class Odd:
    name = "odd"
    audience = Audience.CUSTOMER

    async def deliver(self, batch):
        {do}
        return Ack()

@hookimpl
def hookflash_register(registry):
    registry.sink(Odd())
"""
_ADAPTER: Final = """
class Odd(PullChannel):
    kind = "odd"

    async def send(self, delivery):
        return ExternalId(delivery.id)

    async def poll(self):
        number = 0
        while True:
            number += 1
            address = CustomerAddress(channel=self.context.channel, id="flood %d" % (number % 1000))
            content, key, at = Text(text="x" * 500), str(number), self.context.clock()
            yield Inbound(dedupe_key=key, address=address, content=content, at=at, external_id=ExternalId(key))

@hookimpl
def hookflash_register(registry):
    registry.channel(Odd)
"""


@dataclass(frozen=True, slots=True)
class _Behaviour:
    source: str
    strategy: str = "odd"
    is_isolated: bool = False


_PLAIN: Final = _STRATEGY.format(do="pass")
_SPINNING: Final = _STRATEGY.format(do="while True: pass")
_BLOCKING: Final = _STRATEGY.format(do="time.sleep(3600)")

BEHAVIOURS: Final[Mapping[str, _Behaviour]] = {
    "none": _Behaviour(_PLAIN, strategy="longest_available"),
    "well-behaved strategy, thread": _Behaviour(_PLAIN),
    "well-behaved strategy, process": _Behaviour(_PLAIN, is_isolated=True),
    "spinning strategy, thread": _Behaviour(_SPINNING),
    "spinning strategy, process": _Behaviour(_SPINNING, is_isolated=True),
    "blocking strategy, thread": _Behaviour(_BLOCKING),
    "blocking strategy, process": _Behaviour(_BLOCKING, is_isolated=True),
    "slow sink": _Behaviour(_SINK.format(do="await asyncio.sleep(3600)"), strategy="longest_available"),
    "blocking sink": _Behaviour(_SINK.format(do="time.sleep(3600)"), strategy="longest_available"),
    "flooding adapter": _Behaviour(_ADAPTER, strategy="longest_available"),
}
"""What stands beside the writes, by name; the first is nothing."""


async def measure(round_: Round) -> list[Sample]:
    """Every behaviour that the plan wants, each in an engine of its own."""
    samples: list[Sample] = []
    alone: float | None = None
    for behaviour in round_.plan.neighbours or BEHAVIOURS:
        measured = await apart(
            writes_beside,
            directory=str(round_.place("neighbours")),
            behaviour=behaviour,
            warm_up_s=round_.plan.warm_up_s,
            measured_s=round_.plan.measured_s,
        )
        alone = alone or measured["writes_per_s"]
        samples += [
            Sample(group=GROUP, name=f"{behaviour}: writes", unit="1/s", value=measured["writes_per_s"]),
            Sample(group=GROUP, name=f"{behaviour}: share", unit="", value=measured["writes_per_s"] / alone),
            Sample(group=GROUP, name=f"{behaviour}: p50", unit="ms", value=measured["p50_ms"]),
            Sample(group=GROUP, name=f"{behaviour}: p99", unit="ms", value=measured["p99_ms"]),
        ]
        round_.say(f"{GROUP}: {behaviour}, {measured['writes_per_s']:,.0f} writes/s")
    return samples


async def writes_beside(*, directory: str, behaviour: str, warm_up_s: float, measured_s: float) -> dict[str, float]:
    """Let so many workers write while the plugin does what it does; it is asked from before the warm-up on."""
    place, odd = Path(directory), BEHAVIOURS[behaviour]
    await asyncio.to_thread(_write, place.with_name(f"{place.name}-plugins"), odd.source)
    tables = {_PLUGIN: {"isolation": "process"}} if odd.is_isolated else {}
    plugins = PluginSettings(plugins_dir=place.with_name(f"{place.name}-plugins"), tables=tables)
    async with OwnEngine.on_disk(place, plugins) as own:
        await own.add_agents([AgentId(f"a{number}") for number in range(_AGENTS)], capacity=512)
        await own.add_agents([AgentId(f"o{number}") for number in range(_AGENTS)], capacity=512, queue=_ODD)
        site = Apply(
            queues=(QueueSettings(id=_ODD, display_name="Odd", strategy=odd.strategy),),
            channels=(ChannelSettings(id=ChannelId("odd"), kind="odd"),),
        )
        counted = Counted()
        steps = [writer(own, counted, *await own.opened()) for _ in range(_IN_FLIGHT)]
        await own.shard.submit(SITE, site, Call())
        asking = asyncio.ensure_future(_ask(own))
        try:
            return await _written(steps, counted, warm_up_s, measured_s)
        finally:
            asking.cancel()


def _write(folder: Path, source: str) -> None:
    folder.mkdir(parents=True)
    (folder / f"{_PLUGIN}.py").write_text(dedent(_HEAD) + dedent(source), encoding="utf-8")


async def _ask(own: OwnEngine) -> None:
    """Route somebody through the plugin's queue now and then."""
    while True:
        await own.open(_ODD)[1]
        await asyncio.sleep(_ASKED_EVERY_S)


async def _written(
    steps: list[Callable[[], Awaitable[None]]], counted: Counted, warm_up_s: float, measured_s: float
) -> dict[str, float]:
    until = perf_counter() + warm_up_s + measured_s
    working = asyncio.gather(*(repeat(step, until) for step in steps))
    await asyncio.sleep(warm_up_s)
    counted.clear()
    begun = perf_counter()
    await working
    return {"writes_per_s": len(counted.spent) / (perf_counter() - begun), **spread_of(counted.spent)}
