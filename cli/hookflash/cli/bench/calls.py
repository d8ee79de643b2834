"""A load: one unary method, so many calls in flight, for so long.

Requests are encoded before the clock runs and answers are not decoded, so that the client is not what is measured; its
CPU is part of the figures.
"""

import os
from base64 import b64decode
from collections.abc import Callable
from itertools import count, cycle

from hookflash.cli.bench.closed_loop import ClosedLoop
from hookflash.cli.bench.wire import Wire

__all__ = ["load_calls", "requests"]


async def load_calls(
    *,
    address: str,
    token: str,
    server_pid: int,
    method: str,
    bodies: list[str],
    in_flight: int,
    warm_up_s: float,
    measured_s: float,
) -> dict[str, float]:
    """Call a method; `bodies` are encoded requests without request_id, taken in turn, in base 64."""
    wire = await Wire.open(address, token)
    loop = ClosedLoop(warm_up_s=warm_up_s, measured_s=measured_s, server_pid=server_pid)
    try:
        return await loop.run_calls(wire, method, requests(bodies), in_flight)
    finally:
        wire.close()


def requests(bodies: list[str]) -> Callable[[], bytes]:
    """Return what gives the next request: a body with a request_id of its own before it, as field 1."""
    run, numbers, turns = os.urandom(6).hex(), count(), cycle([b64decode(each) for each in bodies])

    def following() -> bytes:
        request_id = f"{run}-{next(numbers)}".encode()
        return b"\x0a" + bytes((len(request_id),)) + request_id + next(turns)

    return following
