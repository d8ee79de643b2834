"""thespian, all actors in this process (its "simple" system): a message is handled before the next is sent."""

from importlib import import_module
from time import perf_counter
from typing import Any

from tests.bench.alternatives.actor_timing import WANDERERS, ActorFigures, asked_us, main, rate, rss_kib, successor


async def measure(actors: int, messages: int) -> ActorFigures:
    """Measure messages between actors. Raises ModuleNotFoundError where there is no thespian."""
    thespian: Any = import_module("thespian.actors")

    class Wanderer(thespian.Actor):  # type: ignore[misc]  # thespian has no types
        def __init__(self) -> None:
            self.count = 0
            self.following: Any = None

        def receiveMessage(self, message: Any, sender: Any) -> None:  # noqa: ANN401, N802  thespian's own signature
            match message:
                case None:
                    self.count += 1
                case "ask":
                    self.send(sender, self.count)
                case int():
                    if message:
                        self.send(self.following, message - 1)
                case (following,):
                    self.following = following

    system = thespian.ActorSystem("simpleSystemBase")
    before, begun = rss_kib(), perf_counter()
    refs = [system.createActor(Wanderer) for _ in range(actors)]
    started = rate(actors, begun)
    memory = (rss_kib() - before) / actors
    for number, ref in enumerate(refs):
        system.tell(ref, (refs[successor(number, actors)],))
    begun = perf_counter()
    for _ in range(messages):
        system.tell(refs[0], None)
    one_sender = rate(messages, begun)
    begun = perf_counter()
    for number in range(WANDERERS):
        system.tell(refs[number % actors], messages // WANDERERS)
    many_to_many = rate(messages, begun)
    spent: list[float] = []
    for number in range(min(messages, 1_000)):
        begun = perf_counter()
        system.ask(refs[number % actors], "ask", 10)
        spent.append(perf_counter() - begun)
    system.shutdown()
    return ActorFigures(
        started=started, memory=memory, one_sender=one_sender, many_to_many=many_to_many, **asked_us(spent)
    )


if __name__ == "__main__":
    main(measure, "thespian")
