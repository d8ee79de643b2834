"""Many attached desks where nothing happens: the memory and the CPU that they take by being there."""

import asyncio

from hookflash.cli.bench.figures import Sample
from hookflash.cli.bench.processes import apart, cpu_s, rss_bytes
from hookflash.cli.bench.round import Round
from hookflash.cli.bench.site import ATTACH, apply_site
from hookflash.cli.bench.wire import Wire
from hookflash.v1.agent_service_pb2 import AttachRequest

__all__ = ["group", "load_desks", "measure"]

_DEADLINE_S = 300.0
_ATTACHED_AT_ONCE = 200
_MIB, _KIB = 1024.0 * 1024.0, 1024.0
_STREAMS_SPARE = 100


def group(desks: int) -> str:
    """Return under which heading the figures stand."""
    return f"{desks:,} attached desks, idle"


async def measure(round_: Round) -> list[Sample]:
    """Attach them all, look at the server, and look again after a while."""
    desks = round_.plan.idle_desks
    async with await round_.engine("idle", streams_per_service_max=desks + _STREAMS_SPARE) as engine:
        empty = engine.rss_bytes()
        measured = await apart(
            load_desks,
            address=engine.address,
            token=engine.token,
            server_pid=engine.pid,
            desks=desks,
            measured_s=round_.plan.measured_s,
        )
        held = measured["rss_bytes"]
    round_.say(f"{group(desks)}: {held / _MIB:,.0f} MiB")
    return [
        Sample(group=group(desks), name="server's memory, all of it", unit="MiB", value=held / _MIB),
        Sample(group=group(desks), name="memory each", unit="KiB", value=(held - empty) / desks / _KIB),
        Sample(group=group(desks), name="server CPU, idle", unit="cores", value=measured["cores"]),
        Sample(group=group(desks), name="attached", unit="1/s", value=measured["attached_per_s"]),
    ]


async def load_desks(*, address: str, token: str, server_pid: int, desks: int, measured_s: float) -> dict[str, float]:
    """Attach so many desks and keep still."""
    loop = asyncio.get_running_loop()
    wire = await Wire.open(address, token)
    agents = [f"agents/idle-{number}" for number in range(desks)]
    served = ["queues/idle"]
    await apply_site(wire, queues=served, channel="channels/idle", agents_=agents, served=served, capacity=3)
    room = asyncio.Semaphore(_ATTACHED_AT_ONCE)
    welcomed = 0
    begun = loop.time()

    def welcome(_item: bytes) -> None:
        nonlocal welcomed
        welcomed += 1
        room.release()

    async with asyncio.timeout(_DEADLINE_S):
        for agent in agents:
            await room.acquire()
            wire.read(ATTACH, AttachRequest(agent=agent).SerializeToString(), welcome)
        while welcomed < desks:
            await asyncio.sleep(0.01)
            if wire.broken.done():
                wire.broken.result()
    attached_s = loop.time() - begun
    cpu = cpu_s(server_pid)
    await asyncio.sleep(measured_s)
    cores = (cpu_s(server_pid) - cpu) / measured_s
    held = rss_bytes(server_pid)
    wire.close()
    return {"cores": cores, "attached_per_s": desks / attached_s, "rss_bytes": held}
