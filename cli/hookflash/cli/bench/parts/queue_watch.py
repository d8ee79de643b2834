"""Watching 500 queues while agents who serve all of them come and go: each change moves every queue's figures.

A watcher is told of a queue at most five times a second, so what is measured is what that costs the server: CPU with
and without a watcher, and what the watcher gets.
"""

import asyncio

from hookflash.cli.bench.closed_loop import ClosedLoop
from hookflash.cli.bench.figures import Sample
from hookflash.cli.bench.processes import apart
from hookflash.cli.bench.round import Round
from hookflash.cli.bench.site import ATTACH, apply_site, method, set_ready
from hookflash.cli.bench.wire import Wire
from hookflash.v1.agent_service_pb2 import AttachRequest
from hookflash.v1.queue_service_pb2 import WatchQueuesResponse

__all__ = ["group", "load_changes", "measure"]

_AGENTS = 16


def group(queues: int) -> str:
    """Return under which heading the figures stand."""
    return f"watching {queues:,} queues"


async def measure(round_: Round) -> list[Sample]:
    """Changes a second with a watcher and without, and what the watcher is told."""
    queues = round_.plan.watched_queues
    samples: list[Sample] = []
    async with await round_.engine("watch") as engine:
        for is_watched in (False, True):
            measured = await apart(
                load_changes,
                address=engine.address,
                token=engine.token,
                server_pid=engine.pid,
                queues=queues,
                is_watched=is_watched,
                warm_up_s=round_.plan.warm_up_s,
                measured_s=round_.plan.measured_s,
            )
            word = "watched" if is_watched else "not watched"
            samples += [
                Sample(
                    group=group(queues),
                    name=f"changes of all queues, {word}",
                    unit="1/s",
                    value=measured["items_per_s"],
                ),
                Sample(group=group(queues), name=f"p99 of a change, {word}", unit="ms", value=measured["p99_ms"]),
                Sample(group=group(queues), name=f"server CPU, {word}", unit="cores", value=measured["server_cores"]),
            ]
            round_.say(f"{group(queues)}, {word}: {measured['items_per_s']:,.0f} changes/s")
    samples.append(
        Sample(group=group(queues), name="queues told to the watcher", unit="1/s", value=measured["told_per_s"])
    )
    return samples


async def load_changes(
    *, address: str, token: str, server_pid: int, queues: int, is_watched: bool, warm_up_s: float, measured_s: float
) -> dict[str, float]:
    """Set agents ready and not ready, each after the other, with a watcher or without."""
    loop = asyncio.get_running_loop()
    wire, watching = await Wire.open(address, token), await Wire.open(address, token)
    names = [f"queues/watch-{number}" for number in range(queues)]
    agents = [f"agents/watch-{number}" for number in range(_AGENTS)]
    await apply_site(wire, queues=names, channel="channels/watch", agents_=agents, served=[], capacity=3)
    for agent in agents:
        wire.read(ATTACH, AttachRequest(agent=agent).SerializeToString(), lambda _item: None)
    told = 0

    def hear(item: bytes) -> None:
        nonlocal told
        told += len(WatchQueuesResponse.FromString(item).queues)

    if is_watched:
        watching.read(method("QueueService", "WatchQueues"), b"", hear)
    rest = iter(agents)
    changes = ClosedLoop(warm_up_s=warm_up_s, measured_s=measured_s, server_pid=server_pid)

    async def work() -> None:
        agent, is_ready = next(rest), False
        while True:
            is_ready = not is_ready
            begun = changes.begin()
            await set_ready(wire, [agent], is_ready=is_ready)
            changes.count(begun)

    begun = loop.time()
    measured = await changes.run(work, _AGENTS, [wire, watching])
    told_per_s = told / (loop.time() - begun)
    for each in (wire, watching):
        each.close()
    return {**measured, "told_per_s": told_per_s}
