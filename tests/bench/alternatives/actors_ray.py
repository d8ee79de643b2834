"""Ray: each actor is a process, so few of them are started, whatever number is asked for."""

from importlib import import_module
from time import perf_counter
from typing import Any

from tests.bench.alternatives.actor_timing import ActorFigures, asked_us, main, rate, rss_kib

_ACTORS_MAX = 20


async def measure(actors: int, messages: int) -> ActorFigures:
    """Measure calls between processes. Raises ModuleNotFoundError where there is no ray."""
    ray: Any = import_module("ray")

    class Counter:
        def __init__(self) -> None:
            self.count = 0

        def tell(self) -> int:
            self.count += 1
            return self.count

        def rss_kib(self) -> float:
            return rss_kib()

    actors = min(actors, _ACTORS_MAX)
    ray.init(include_dashboard=False, log_to_driver=False)
    begun = perf_counter()
    remote: Any = ray.remote(num_cpus=0)(Counter)
    refs = [remote.remote() for _ in range(actors)]
    memory = sum(ray.get([ref.rss_kib.remote() for ref in refs])) / actors
    started = rate(actors, begun)
    begun = perf_counter()
    ray.get([refs[0].tell.remote() for _ in range(messages)])
    one_sender = rate(messages, begun)
    begun = perf_counter()
    ray.get([refs[number % actors].tell.remote() for number in range(messages)])
    many_to_many = rate(messages, begun)
    spent: list[float] = []
    for number in range(min(messages, 1_000)):
        begun = perf_counter()
        ray.get(refs[number % actors].tell.remote())
        spent.append(perf_counter() - begun)
    ray.shutdown()
    return ActorFigures(
        started=started, memory=memory, one_sender=one_sender, many_to_many=many_to_many, **asked_us(spent)
    )


if __name__ == "__main__":
    main(measure, "ray")
