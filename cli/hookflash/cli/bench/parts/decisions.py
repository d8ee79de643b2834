"""What one decision costs as agents and waiting invites grow: the CPU of the turns alone, neither disk nor wire.

"Found": a Transfer into a queue of so many available agents, up to the offer to one of them. "Freed": closing the
conversation of a full agent while so many invites wait in the queue, up to the offer of the first of them. What the
choice by itself costs is in `choosing`.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from time import thread_time

from hookflash.cli.bench.figures import Sample
from hookflash.cli.bench.own_engine import TRANSFERS_MAX, OwnEngine
from hookflash.cli.bench.parts.choosing import choosing
from hookflash.cli.bench.processes import apart
from hookflash.cli.bench.round import Round
from hookflash.sdk.types import AgentId, QueueId

__all__ = ["GROUP", "decisions", "growth", "measure"]

GROUP = "cost of a decision"
_CROWDED = QueueId("crowded")
_REPEATS = 300
_QUICK_REPEATS = 10


async def measure(round_: Round) -> list[Sample]:
    """A grid of agents and parked invites, and how the cost grows along each of them."""
    plan = round_.plan
    found: dict[int, float] = {}
    freed: dict[int, float] = {}
    samples: list[Sample] = []
    for agents in plan.agents:
        directory = str(round_.place("decisions"))
        repeats = _QUICK_REPEATS if plan.is_quick else _REPEATS
        rows = await apart(decisions, directory=directory, agents=agents, parked=list(plan.parked), repeats=repeats)
        for parked, found_us, freed_us in rows:
            at = f"{agents:,} agents, {parked:,} invites parked"
            samples.append(Sample(group=GROUP, name=f"found, {at}", unit="us", value=found_us))
            samples.append(Sample(group=GROUP, name=f"freed, {at}", unit="us", value=freed_us))
            if parked == min(plan.parked):
                found[agents] = found_us
            if agents == min(plan.agents):
                freed[parked] = freed_us
        for name, cost_us in await apart(choosing, agents=agents, repeats=repeats):
            samples.append(Sample(group=GROUP, name=f"{name}, {agents:,} agents", unit="us", value=cost_us))
        round_.say(f"{GROUP}: {agents:,} agents done")
    return [
        *samples,
        Sample(group=GROUP, name="found: growth with agents, to that of log n", unit="x", value=growth(found)),
        Sample(group=GROUP, name="freed: growth with parked invites, to that of log n", unit="x", value=growth(freed)),
    ]


def growth(costs: Mapping[int, float]) -> float:
    """Return how often a cost grew from the least count to the largest, divided by how often log n grew.

    At most 1: it grows no faster than log n.
    """
    least, largest = min(costs), max(costs)
    return (costs[largest] / costs[least]) / (math.log(largest) / math.log(least))


async def decisions(*, directory: str, agents: int, parked: list[int], repeats: int) -> list[tuple[int, float, float]]:
    """Return for each count of parked invites the medians of both costs, in microseconds."""
    rows: list[tuple[int, float, float]] = []
    async with OwnEngine.in_memory(Path(directory)) as own:
        await own.add_agents([AgentId(f"a{number}") for number in range(agents)], capacity=TRANSFERS_MAX)
        await own.add_agents([AgentId("full")], capacity=1, queue=_CROWDED)
        waiting = 0
        for count in sorted(parked):
            while waiting < count + 1:
                await own.open(_CROWDED)[1]
                waiting += 1
            rows.append((count, await _found_us(own, repeats), await _freed_us(own, repeats)))
    return rows


async def _found_us(own: OwnEngine, repeats: int) -> float:
    spent: list[float] = []
    conversation, agent = await own.opened()
    while len(spent) < repeats:
        if own.state(conversation).transfers >= TRANSFERS_MAX:
            await own.close(conversation, agent)
            conversation, agent = await own.opened()
        begun = thread_time()
        placing = own.transfer(conversation, agent)
        spent.append(thread_time() - begun)
        await placing
        agent, accepting = own.accept(conversation)
        await accepting
    await own.close(conversation, agent)
    return median(spent) * 1e6


async def _freed_us(own: OwnEngine, repeats: int) -> float:
    """The full agent closes, is offered the first in the line, and accepts; another begins to wait behind."""
    full, spent = AgentId("full"), list[float]()
    for _ in range(repeats):
        conversation = own.offered_to(full)
        await own.accept(conversation)[1]
        await own.open(_CROWDED)[1]
        begun = thread_time()
        closing = own.close(conversation, full)
        spent.append(thread_time() - begun)
        await closing
    return median(spent) * 1e6
