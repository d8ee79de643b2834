"""One message to a thousand desks: a conversation of so many agents, each with an attached desk.

No conversation is like that; it is what one record's way to many streams costs, all at once. Measured from the call's
sending to its arrival at the last desk.
"""

import asyncio
from functools import partial
from time import perf_counter

from hookflash.cli.bench.closed_loop import spread_of
from hookflash.cli.bench.figures import Sample
from hookflash.cli.bench.processes import apart, cpu_s
from hookflash.cli.bench.round import TEXT, Round
from hookflash.cli.bench.site import ACCEPT, ATTACH, apply_site, method, new_id, set_ready
from hookflash.cli.bench.wire import Wire
from hookflash.v1.agent_service_pb2 import AcceptOfferRequest, AttachRequest, AttachResponse
from hookflash.v1.conversation_service_pb2 import ConferenceRequest, CreateConversationRequest, SendMessageRequest
from hookflash.v1.target_pb2 import Target

__all__ = ["group", "load_fan_out", "measure"]

_CREATE = method("ConversationService", "CreateConversation")
_CONFERENCE = method("ConversationService", "Conference")
_SEND = method("ConversationService", "SendMessage")
_OFFER_MADE, _TIMELINE_UPDATE = 0x12, 0x22
"""The first byte of an AttachResponse that holds one."""
_NAME = "conversations/fan-out"
_DEADLINE_S = 60.0


def group(desks: int) -> str:
    """Return under which heading the figures stand."""
    return f"one message to {desks:,} attached desks"


async def measure(round_: Round) -> list[Sample]:
    """How long until the last desk has it, and how many a second arrive."""
    desks = round_.plan.listening_desks
    async with await round_.engine("fan-out", agents_per_conversation_max=max(desks, 8)) as engine:
        measured = await apart(
            load_fan_out,
            address=engine.address,
            token=engine.token,
            server_pid=engine.pid,
            desks=desks,
            measured_s=round_.plan.measured_s,
        )
    round_.say(f"{group(desks)}: {measured['updates_per_s']:,.0f} updates/s")
    return [
        Sample(group=group(desks), name=name, unit=unit, value=measured[key])
        for name, unit, key in (
            ("updates", "1/s", "updates_per_s"),
            ("last desk has it, p50", "ms", "p50_ms"),
            ("last desk has it, p99", "ms", "p99_ms"),
            ("server CPU per update", "us", "update_us"),
        )
    ]


async def load_fan_out(*, address: str, token: str, server_pid: int, desks: int, measured_s: float) -> dict[str, float]:
    """Bring all agents into one conversation, attach them, then send one message after the other."""
    wire = await Wire.open(address, token)
    agents = [f"agents/fan-out-{number}" for number in range(desks)]
    served = ["queues/fan-out"]
    await apply_site(wire, queues=served, channel="channels/fan-out", agents_=agents, served=served, capacity=1)
    await _bring_in(wire, agents)
    arrived = asyncio.Semaphore(0)
    attached = asyncio.Semaphore(0)

    def at_desk(item: bytes) -> None:
        if item[0] == _TIMELINE_UPDATE:
            arrived.release()
        else:
            attached.release()

    for agent in agents:
        wire.read(ATTACH, AttachRequest(agent=agent).SerializeToString(), at_desk)
    await _all(attached, desks)
    spent: list[float] = []
    begun, cpu = perf_counter(), cpu_s(server_pid)
    while not spent or perf_counter() - begun < measured_s:
        sent = perf_counter()
        message = SendMessageRequest(request_id=new_id(), name=_NAME, agent=agents[0], text=TEXT)
        await wire.ask(_SEND, message.SerializeToString())
        await _all(arrived, desks)
        spent.append(perf_counter() - sent)
    elapsed, cpu = perf_counter() - begun, cpu_s(server_pid) - cpu
    wire.close()
    updates = len(spent) * desks
    return {"updates_per_s": updates / elapsed, "update_us": cpu / updates * 1e6, **spread_of(spent)}


async def _all(counted: asyncio.Semaphore, count: int) -> None:
    async with asyncio.timeout(_DEADLINE_S):
        for _ in range(count):
            await counted.acquire()


async def _bring_in(wire: Wire, agents: list[str]) -> None:
    """Let one agent after the other join, with his desk attached only meanwhile: else each join would be fanned out."""
    for number, agent in enumerate(agents):
        offered: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        desk = wire.read(ATTACH, AttachRequest(agent=agent).SerializeToString(), partial(_at_desk, offered))
        await set_ready(wire, [agent])
        if number:
            target = Target(agent=agent)
            conference = ConferenceRequest(request_id=new_id(), name=_NAME, agent=agents[0], target=target)
            await wire.ask(_CONFERENCE, conference.SerializeToString())
        else:
            request = CreateConversationRequest(
                request_id=new_id(),
                conversation_id="fan-out",
                channel="channels/fan-out",
                address="+1",
                target=Target(queue="queues/fan-out"),
            )
            await wire.ask(_CREATE, request.SerializeToString())
        accept = AcceptOfferRequest(request_id=new_id(), name=await asyncio.wait_for(offered, _DEADLINE_S))
        await wire.ask(ACCEPT, accept.SerializeToString())
        wire.cancel(desk)


def _at_desk(offered: "asyncio.Future[str]", item: bytes) -> None:
    if item[0] == _OFFER_MADE and not offered.done():
        offered.set_result(AttachResponse.FromString(item).offer_made.offer.name)
