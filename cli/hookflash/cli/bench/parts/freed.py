"""From an agent becoming free to the next waiting conversation's offer on his desk.

Every agent has one slot, and as many conversations wait as there are agents. A worker closes its agent's conversation
and waits until the offer of the one that has waited longest is on that agent's stream: from the call's sending to the
offer's arrival, commits and both ways over gRPC included. Then it accepts, and opens another that waits.
"""

import asyncio
from functools import partial
from time import perf_counter

from hookflash.cli.bench.closed_loop import ClosedLoop
from hookflash.cli.bench.figures import Sample
from hookflash.cli.bench.processes import apart
from hookflash.cli.bench.round import Round
from hookflash.cli.bench.site import ACCEPT, ATTACH, apply_site, method, new_id, set_ready
from hookflash.cli.bench.wire import Wire
from hookflash.v1.agent_service_pb2 import AcceptOfferRequest, AttachRequest, AttachResponse
from hookflash.v1.conversation_service_pb2 import CloseConversationRequest, CreateConversationRequest
from hookflash.v1.target_pb2 import Target

__all__ = ["group", "load_freed", "measure"]

_CREATE = method("ConversationService", "CreateConversation")
_CLOSE = method("ConversationService", "CloseConversation")
_OFFER_MADE = 0x12
"""The first byte of an AttachResponse that holds one."""
_WORKERS = (1, 16)


def group(agents: int) -> str:
    """Return under which heading the figures stand."""
    return f"freed agent to offer, {agents} agents at it"


async def measure(round_: Round) -> list[Sample]:
    """One agent alone, then several at once."""
    samples: list[Sample] = []
    async with await round_.engine("freed") as engine:
        for workers in _WORKERS:
            measured = await apart(
                load_freed,
                address=engine.address,
                token=engine.token,
                server_pid=engine.pid,
                workers=workers,
                warm_up_s=round_.plan.warm_up_s,
                measured_s=round_.plan.measured_s,
            )
            samples += [
                Sample(group=group(workers), name=name, unit=unit, value=measured[key])
                for name, unit, key in (
                    ("offers", "1/s", "items_per_s"),
                    ("p50", "ms", "p50_ms"),
                    ("p99", "ms", "p99_ms"),
                    ("p99.9", "ms", "p999_ms"),
                )
            ]
            round_.say(f"{group(workers)}: p50 {measured['p50_ms']:.2f} ms, p99 {measured['p99_ms']:.2f} ms")
    return samples


async def load_freed(
    *, address: str, token: str, server_pid: int, workers: int, warm_up_s: float, measured_s: float
) -> dict[str, float]:
    """Free agents, one worker for each of them."""
    wire = await Wire.open(address, token)
    loop = ClosedLoop(warm_up_s=warm_up_s, measured_s=measured_s, server_pid=server_pid)
    name = f"freed-{workers}"
    queue, channel, agents = f"queues/{name}", f"channels/{name}", [f"agents/{name}-{each}" for each in range(workers)]
    await apply_site(wire, queues=[queue], channel=channel, agents_=agents, served=[queue], capacity=1)
    offers: dict[str, asyncio.Queue[tuple[float, str, str]]] = {agent: asyncio.Queue() for agent in agents}

    def at_desk(agent: str, item: bytes) -> None:
        if item[0] == _OFFER_MADE:
            offer = AttachResponse.FromString(item).offer_made.offer
            offers[agent].put_nowait((perf_counter(), offer.name, offer.conversation))

    for agent in agents:
        wire.read(ATTACH, AttachRequest(agent=agent).SerializeToString(), partial(at_desk, agent))
    for _ in range(2 * workers):
        await _wait_in_line(wire, channel, queue)
    await set_ready(wire, agents)
    waiting = iter(agents)

    async def work() -> None:
        mine = offers[next(waiting)]
        _, offer, conversation = await mine.get()
        while True:
            accept = AcceptOfferRequest(request_id=new_id(), name=offer)
            await wire.ask(ACCEPT, accept.SerializeToString())
            await _wait_in_line(wire, channel, queue)
            begun = loop.begin()
            close = CloseConversationRequest(request_id=new_id(), name=conversation)
            closing = wire.ask(_CLOSE, close.SerializeToString())
            offered, offer, conversation = await mine.get()
            loop.count(begun, offered)
            await closing

    measured = await loop.run(work, workers, [wire])
    wire.close()
    return measured


async def _wait_in_line(wire: Wire, channel: str, queue: str) -> None:
    name = f"c-{new_id()}"
    request = CreateConversationRequest(
        request_id=new_id(),
        conversation_id=name,
        channel=channel,
        address=f"+{name}",
        target=Target(queue=queue),
    )
    await wire.ask(_CREATE, request.SerializeToString())
