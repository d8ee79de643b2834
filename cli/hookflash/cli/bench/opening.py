"""A client that opens conversations through the API and leaves them open."""

import asyncio

from hookflash.cli.bench.centre import Centre
from hookflash.cli.bench.processes import Server, apart
from hookflash.cli.bench.wire import Wire

__all__ = ["load_opening", "opened"]

_AT_ONCE = 32


async def opened(
    server: Server, *, name: str, agents: int, count: int, is_conference: bool = False
) -> list[tuple[str, str]]:
    """Open conversations, each with the agent who has it; the desks that accepted them are closed again."""
    made = await apart(
        load_opening,
        address=server.address,
        token=server.token,
        name=name,
        agents_count=agents,
        count=count,
        is_conference=is_conference,
    )
    return [(conversation, agent) for conversation, agent in made]


async def load_opening(
    *, address: str, token: str, name: str, agents_count: int, count: int, is_conference: bool
) -> list[tuple[str, str]]:
    """Let each be routed to a queue and accepted by an agent; with `is_conference` a second agent joins."""
    slots = count * (2 if is_conference else 1)
    # Twice the slots needed: where every agent but one is full, the last conversations would wait for each other.
    capacity = 2 * -(-slots // agents_count)
    found: list[tuple[str, str]] = []
    wire = await Wire.open(address, token)
    async with Centre(wire, name=name, agents_count=agents_count, capacity=capacity) as centre:
        numbers = iter(range(count))

        async def work() -> None:
            for _ in numbers:
                conversation, agent = await centre.open_conversation()
                if is_conference:
                    await centre.add_agent(conversation, agent)
                found.append((conversation, agent))

        async with asyncio.TaskGroup() as workers:
            for _ in range(min(_AT_ONCE, agents_count)):
                workers.create_task(work())
    wire.close()
    return found
