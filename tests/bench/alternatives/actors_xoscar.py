"""xoscar: actors in one pool of this process. It has no telling: each message is a call that is awaited."""

import asyncio
from importlib import import_module
from time import perf_counter
from typing import Any

from tests.bench.alternatives.actor_timing import WANDERERS, ActorFigures, asked_us, main, rate, rss_kib, successor


async def measure(actors: int, messages: int) -> ActorFigures:
    """Measure calls between actors of one pool. Raises ModuleNotFoundError where there is no xoscar."""
    xo: Any = import_module("xoscar")

    class Wanderer(xo.Actor):  # type: ignore[misc]  # xoscar has no types
        def __init__(self) -> None:
            super().__init__()
            self.count = 0

        async def tell(self) -> int:
            self.count += 1
            return self.count

    pool = await xo.create_actor_pool("127.0.0.1:0", n_process=0)
    async with pool:
        address = pool.external_address
        before, begun = rss_kib(), perf_counter()
        refs = [await xo.create_actor(Wanderer, address=address, uid=f"w-{number}") for number in range(actors)]
        started = rate(actors, begun)
        memory = (rss_kib() - before) / actors
        begun = perf_counter()
        for _ in range(messages):
            await refs[0].tell()
        one_sender = rate(messages, begun)

        async def wander(number: int) -> None:
            at = number % actors
            for _ in range(messages // WANDERERS):
                await refs[at].tell()
                at = successor(at, actors)

        begun = perf_counter()
        await asyncio.gather(*(wander(number) for number in range(WANDERERS)))
        many_to_many = rate(messages, begun)
        spent: list[float] = []
        for number in range(min(messages, 1_000)):
            begun = perf_counter()
            await refs[number % actors].tell()
            spent.append(perf_counter() - begun)
    return ActorFigures(
        started=started, memory=memory, one_sender=one_sender, many_to_many=many_to_many, **asked_us(spent)
    )


if __name__ == "__main__":
    main(measure, "xoscar")
