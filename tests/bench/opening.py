"""A client that opens conversations and leaves them open. Run as `python -m tests.bench.opening`.

Each is routed to a queue and accepted by an agent; with `is_conference` a second agent joins. The job comes as JSON on
stdin; on stdout leave the conversations, each with the agent who has it.
"""

import asyncio
import json
import sys
from dataclasses import dataclass

from tests.bench.centre import Centre

__all__ = ["Job"]

_AT_ONCE = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """How many conversations among how many agents, and what the centre's ids begin with."""

    address: str
    token: str
    name: str
    agents_count: int
    conversations_count: int
    is_conference: bool


async def _open(job: Job) -> list[tuple[str, str]]:
    slots = job.conversations_count * (2 if job.is_conference else 1)
    # Twice the slots needed: where every agent but one is full, the last conversations would wait for each other.
    capacity = 2 * -(-slots // job.agents_count)
    opened: list[tuple[str, str]] = []
    async with Centre(
        job.address, job.token, name=job.name, agents_count=job.agents_count, capacity=capacity
    ) as centre:
        numbers = iter(range(job.conversations_count))

        async def work() -> None:
            for _ in numbers:
                conversation, agent = await centre.open_conversation()
                if job.is_conference:
                    await centre.add_agent(conversation, agent)
                opened.append((conversation, agent))

        async with asyncio.TaskGroup() as workers:
            for _ in range(min(_AT_ONCE, job.agents_count)):
                workers.create_task(work())
    return opened


if __name__ == "__main__":
    json.dump(asyncio.run(_open(Job(**json.load(sys.stdin)))), sys.stdout)
