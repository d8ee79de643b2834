"""A load client: whole transfer cycles, several conversations at once. Run as `python -m tests.bench.transfers`.

A cycle is Transfer, the offer seen on the receiving agent's Attach stream, AcceptOffer, and the notice that tells the
customer who joined, delivered on the Deliveries stream and settled. The job comes as JSON on stdin, the figures leave
as JSON on stdout.
"""

import asyncio
import json
import sys
from dataclasses import dataclass
from statistics import median
from time import perf_counter, process_time

from tests.bench.centre import Centre
from tests.bench.figures import percentile
from tests.bench.processes import cpu_s

__all__ = ["Job"]

# An engine with its default settings allows 32 transfers of one conversation.
_TRANSFERS_MAX = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """How many conversations and agents, and for how long."""

    address: str
    server_pid: int
    token: str
    name: str
    agents_count: int
    conversations_count: int
    warm_up_s: float
    measured_s: float


class _Load:
    """The conversations of one job and what was measured of them."""

    def __init__(self, job: Job, centre: Centre) -> None:
        self._job, self._centre = job, centre
        self._is_over = False
        self._spent: list[float] = []
        self._answered = asyncio.Event()

    async def run(self) -> dict[str, float]:
        async with asyncio.TaskGroup() as workers:
            for _ in range(self._job.conversations_count):
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
            "cycles_per_s": len(spent) / elapsed,
            "p50_ms": median(spent) * 1e3,
            "p99_ms": percentile(spent, 0.99) * 1e3,
            "client_cores": cpu / elapsed,
            "server_cores": server / elapsed,
            "server_us_per_cycle": server / len(spent) * 1e6,
        }

    async def _work(self) -> None:
        while not self._is_over:
            conversation, agent = await self._centre.open_conversation()
            for _ in range(_TRANSFERS_MAX):
                if self._is_over:
                    break
                begun = perf_counter()
                agent = await self._centre.transfer(conversation, agent)
                self._spent.append(perf_counter() - begun)
                self._answered.set()
            await self._centre.close_conversation(conversation)


async def _main() -> None:
    job = Job(**json.load(sys.stdin))
    # One slot more than each needs when all conversations come to one agent.
    capacity = job.conversations_count + 1
    async with Centre(
        job.address, job.token, name=job.name, agents_count=job.agents_count, capacity=capacity
    ) as centre:
        json.dump(await _Load(job, centre).run(), sys.stdout)


if __name__ == "__main__":
    asyncio.run(_main())
