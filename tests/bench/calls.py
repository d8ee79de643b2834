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
from statistics import median
from time import perf_counter, process_time

import grpc.aio

from tests.bench.figures import percentile
from tests.bench.processes import cpu_s

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
        self._is_over = False
        self._spent: list[float] = []
        self._answered = asyncio.Event()

    async def run(self) -> dict[str, float]:
        async with asyncio.TaskGroup() as workers:
            for _ in range(self._job.in_flight):
                workers.create_task(self._work())
            await asyncio.sleep(self._job.warm_up_s)
            spent = self._spent = list[float]()
            self._answered.clear()
            begun, cpu, server = perf_counter(), process_time(), cpu_s(self._job.server_pid)
            await asyncio.sleep(self._job.measured_s)
            # A machine too busy for this time is measured for longer; each call has a deadline of its own.
            await self._answered.wait()
            self._is_over = True
            elapsed, cpu, server = perf_counter() - begun, process_time() - cpu, cpu_s(self._job.server_pid) - server
            self._spent = []
        return {
            "calls_per_s": len(spent) / elapsed,
            "p50_ms": median(spent) * 1e3,
            "p99_ms": percentile(spent, 0.99) * 1e3,
            "client_cores": cpu / elapsed,
            "server_cores": server / elapsed,
            "server_us_per_call": server / len(spent) * 1e6,
        }

    async def _work(self) -> None:
        while not self._is_over:
            begun = perf_counter()
            await self._method(next(self._requests), metadata=self._metadata, timeout=30.0)
            self._spent.append(perf_counter() - begun)
            self._answered.set()


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
