"""A load client: whole transfer cycles, several conversations at once. Run as `python -m tests.bench.transfers`.

A cycle is Transfer, the offer seen on the receiving agent's Attach stream, AcceptOffer, and the notice that tells the
customer who joined, delivered on the Deliveries stream and settled. The job comes as JSON on stdin, the figures leave
as JSON on stdout.
"""

import asyncio
import json
import sys
from dataclasses import dataclass
from time import perf_counter

from tests.bench.centre import Centre
from tests.bench.closed_loop import ClosedLoop

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
        self._loop = ClosedLoop()

    async def run(self) -> dict[str, float]:
        job = self._job
        return await self._loop.run(
            self._work,
            workers=job.conversations_count,
            warm_up_s=job.warm_up_s,
            measured_s=job.measured_s,
            server_pid=job.server_pid,
            items="cycles",
            item="cycle",
        )

    async def _work(self) -> None:
        while not self._loop.is_over:
            conversation, agent = await self._centre.open_conversation()
            for _ in range(_TRANSFERS_MAX):
                if self._loop.is_over:
                    break
                begun = perf_counter()
                agent = await self._centre.transfer(conversation, agent)
                self._loop.count(begun)
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
