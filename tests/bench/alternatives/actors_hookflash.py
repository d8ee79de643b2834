"""Our entities in their shard: each message is a whole turn of the engine, decided and recorded, only not on a disk.

What the others do with a message is nothing; here an agent says that he takes offers, or none, which the rules check,
every index follows and a record in a journal in memory keeps. So this is no like for like, and it is to our harm. An
ask comes from another thread through the entity's pykka ref.
"""

import asyncio
import tempfile
from pathlib import Path
from time import perf_counter

from hookflash.cli.bench.own_engine import OwnEngine
from hookflash.engine.actors.calls import Call
from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.commands import SetReadiness
from hookflash.sdk.types import AgentId
from tests.bench.alternatives.actor_timing import ActorFigures, asked_us, main, rate, rss_kib, successor

_IN_FLIGHT = 256


async def measure(actors: int, messages: int) -> ActorFigures:
    """Measure turns of agents."""
    with tempfile.TemporaryDirectory() as directory:
        async with OwnEngine.in_memory(Path(directory) / "views") as own:
            agents = [AgentId(f"a{number}") for number in range(actors)]
            before, begun = rss_kib(), perf_counter()
            await own.add_agents(agents, capacity=3)
            started = rate(actors, begun)
            memory = (rss_kib() - before) / actors
            begun = perf_counter()
            await _toggle(own, [agents[0]] * messages)
            one_sender = rate(messages, begun)
            order, at = list[AgentId](), 0
            for _ in range(messages):
                order.append(agents[at])
                at = successor(at, actors)
            begun = perf_counter()
            await _toggle(own, order)
            many_to_many = rate(messages, begun)
            spent = await asyncio.to_thread(_asked, own, agents, min(messages, 1_000))
    return ActorFigures(
        started=started, memory=memory, one_sender=one_sender, many_to_many=many_to_many, **asked_us(spent)
    )


async def _toggle(own: OwnEngine, agents: list[AgentId]) -> None:
    """Let each agent in turn become ready or not ready, always the other than before."""
    ready: dict[AgentId, bool] = {}
    turns = []
    for agent in agents:
        ready[agent] = not ready.get(agent, True)
        turns.append(own.shard.submit(Address(Kind.AGENT, agent), SetReadiness(is_ready=ready[agent]), Call()))
        if len(turns) == _IN_FLIGHT:
            await asyncio.gather(*turns)
            turns.clear()
    await asyncio.gather(*turns)


def _asked(own: OwnEngine, agents: list[AgentId], asks: int) -> list[float]:
    spent: list[float] = []
    for number in range(asks):
        entity = own.shard.facts.find(Address(Kind.AGENT, agents[number % len(agents)]))
        if entity is None:
            raise RuntimeError("An agent is gone.")
        begun = perf_counter()
        entity.actor_ref.ask(SetReadiness(is_ready=number % 2 == 0))
        spent.append(perf_counter() - begun)
    return spent


if __name__ == "__main__":
    main(measure)
