"""The engine without gRPC: durable cascades a second in one process, with its views written beside.

A transfer is two cascades, Transfer and AcceptOffer, each over conversation, queue and agents. A write is a SendMessage
of 550 bytes. What a call costs beyond this is the wire.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from time import perf_counter, process_time

from hookflash.cli.bench.closed_loop import spread_of
from hookflash.cli.bench.figures import Sample
from hookflash.cli.bench.own_engine import TRANSFERS_MAX, OwnEngine
from hookflash.cli.bench.processes import apart
from hookflash.cli.bench.round import Round
from hookflash.engine.actors.calls import Sealed
from hookflash.engine.domain.address import Address
from hookflash.sdk.types import AgentId

__all__ = ["Counted", "cascades", "group", "measure", "repeat", "writer"]

_AGENTS = 128
_TEXT = "x" * 550
_LEVELS = (64, 256)
_Step = Callable[[], Awaitable[None]]


def group(what: str, in_flight: int) -> str:
    """Return under which heading the figures stand."""
    return f"in process: {what}, {in_flight} in flight"


async def measure(round_: Round) -> list[Sample]:
    """Transfers and writes, at two levels; in a quick round at the higher."""
    samples: list[Sample] = []
    for level in _LEVELS[-1:] if round_.plan.is_quick else _LEVELS:
        for kind, what in (("transfer", "transfer cascades"), ("write", "550-byte writes")):
            directory = str(round_.place("in-process"))
            measured = await apart(
                cascades,
                directory=directory,
                kind=kind,
                in_flight=level,
                warm_up_s=round_.plan.warm_up_s,
                measured_s=round_.plan.measured_s,
            )
            at = group(what, level)
            samples += [
                Sample(group=at, name=name, unit=unit, value=measured[key])
                for name, unit, key in (
                    ("cascades", "1/s", "cascades_per_s"),
                    ("events in each", "", "events"),
                    ("p50", "ms", "p50_ms"),
                    ("p99", "ms", "p99_ms"),
                    ("CPU in each, all threads", "us", "cpu_us"),
                )
            ]
            round_.say(f"{at}: {measured['cascades_per_s']:,.0f} cascades/s")
    return samples


async def cascades(
    *, directory: str, kind: str, in_flight: int, warm_up_s: float, measured_s: float
) -> dict[str, float]:
    """Let so many workers repeat a step; each cascade's time is from its command to its durable answer."""
    async with OwnEngine.on_disk(Path(directory)) as own:
        await own.add_agents([AgentId(f"a{number}") for number in range(_AGENTS)], capacity=512)
        counted = Counted()
        own.shard.subscribe(counted.hear)
        make = _transferrer if kind == "transfer" else writer
        steps = [make(own, counted, *await own.opened()) for _ in range(in_flight)]
        until = perf_counter() + warm_up_s + measured_s
        working = asyncio.gather(*(repeat(step, until) for step in steps))
        await asyncio.sleep(warm_up_s)
        counted.clear()
        begun, cpu = perf_counter(), process_time()
        await working
        elapsed, cpu = perf_counter() - begun, process_time() - cpu
        done = len(counted.spent)
        return {
            "cascades_per_s": done / elapsed,
            "events": counted.events / max(counted.records, 1),
            "cpu_us": cpu / done * 1e6,
            **spread_of(counted.spent),
        }


class Counted:
    """What was durable since the warm-up."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self.spent: list[float] = []
        self.events = self.records = 0

    def hear(self, sealed: Sequence[Sealed]) -> None:
        """Count records: the shard's listener."""
        self.records += len(sealed)
        self.events += sum(len(each.record.facts) for each in sealed)

    def clear(self) -> None:
        """Begin anew."""
        self.spent.clear()
        self.events = self.records = 0

    async def timed(self, done: Callable[[], Awaitable[object]]) -> None:
        """Note how long it takes."""
        begun = perf_counter()
        await done()
        self.spent.append(perf_counter() - begun)


async def repeat(step: _Step, until: float) -> None:
    """Take the step again and again until that time."""
    while perf_counter() < until:
        await step()


def writer(own: OwnEngine, counted: Counted, conversation: Address, agent: AgentId) -> _Step:
    """Make the step of an agent who writes."""

    async def write() -> None:
        await counted.timed(lambda: own.send(conversation, agent, _TEXT))

    return write


def _transferrer(own: OwnEngine, counted: Counted, conversation: Address, agent: AgentId) -> _Step:
    async def transfer() -> None:
        nonlocal conversation, agent
        if own.state(conversation).transfers >= TRANSFERS_MAX:
            conversation, agent = await own.opened()
        await counted.timed(lambda: own.transfer(conversation, agent))
        begun = perf_counter()
        agent, accepting = own.accept(conversation)
        await accepting
        counted.spent.append(perf_counter() - begun)

    return transfer
