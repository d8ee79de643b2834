"""A load client: one unary method, so many calls in flight, for so long. Run as `python -m tests.bench.calls`.

A closed loop: each of the workers sends its next call when the last one was answered. Requests are encoded before the
clock runs and answers are not decoded, so that the client is not what is measured; its CPU is part of the answer.
The job comes as JSON on stdin (`Job`), the figures leave as JSON on stdout.
"""

import asyncio
import json
import os
import sys
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, cycle
from time import perf_counter

import grpc.aio

from tests.bench.closed_loop import ClosedLoop

__all__ = ["Job"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """What to call; `bodies` are encoded requests without request_id, taken in turn, in base 64."""

    address: str
    server_pid: int
    token: str
    method: str
    bodies: list[str]
    in_flight: int
    warm_up_s: float
    measured_s: float


class _Load:
    """The workers of one job and what they measured."""

    def __init__(self, job: Job, channel: grpc.aio.Channel) -> None:
        self._job = job
        self._method: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(job.method)
        self._metadata = (("authorization", f"Bearer {job.token}"),)
        self._requests = _requests(job.bodies)
        self._loop = ClosedLoop()

    async def run(self) -> dict[str, float]:
        job = self._job
        return await self._loop.run(
            self._work,
            workers=job.in_flight,
            warm_up_s=job.warm_up_s,
            measured_s=job.measured_s,
            server_pid=job.server_pid,
            items="calls",
            item="call",
        )

    async def _work(self) -> None:
        while not self._loop.is_over:
            begun = perf_counter()
            await self._method(next(self._requests), metadata=self._metadata, timeout=30.0)
            self._loop.count(begun)


def _requests(bodies: list[str]) -> Iterator[bytes]:
    """Put a request_id of its own before each body: field 1, as text."""
    run = os.urandom(6).hex()
    for body, number in zip(cycle([b64decode(each) for each in bodies]), count(), strict=False):
        request_id = f"{run}-{number}".encode()
        yield b"\x0a" + bytes((len(request_id),)) + request_id + body


async def _main() -> None:
    job = Job(**json.load(sys.stdin))
    async with grpc.aio.insecure_channel(job.address) as channel:
        json.dump(await _Load(job, channel).run(), sys.stdout)


if __name__ == "__main__":
    asyncio.run(_main())
