"""pykka's ThreadingActor: an operating system's thread for each actor."""

import queue
from time import perf_counter
from typing import Any

import pykka
from pykka import ActorRef

from tests.bench.alternatives.actor_timing import WANDERERS, ActorFigures, asked_us, main, rate, rss_kib, successor

_REFS: list[ActorRef[Any]] = []
_DONE: queue.SimpleQueue[None] = queue.SimpleQueue()


class _Wanderer(pykka.ThreadingActor):
    """Counts what it is told, hands wanderers on, and answers."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.next = number
        self.count = 0

    def on_receive(self, message: Any) -> Any:  # noqa: ANN401  pykka's own signature
        if message is None:
            self.count += 1
        elif message == "ask":
            return self.count
        elif message == "tell":
            _DONE.put(None)
        elif message:
            _REFS[self.next].tell(message - 1)
        else:
            _DONE.put(None)
        return None


async def measure(actors: int, messages: int) -> ActorFigures:
    """Measure threads that pass messages."""
    before, begun = rss_kib(), perf_counter()
    _REFS.extend(_Wanderer.start(successor(number, actors)) for number in range(actors))
    started = rate(actors, begun)
    memory = (rss_kib() - before) / actors
    begun = perf_counter()
    for _ in range(messages):
        _REFS[0].tell(None)
    _REFS[0].tell("tell")
    _DONE.get()
    one_sender = rate(messages, begun)
    begun = perf_counter()
    for number in range(WANDERERS):
        _REFS[number % actors].tell(messages // WANDERERS)
    for _ in range(WANDERERS):
        _DONE.get()
    many_to_many = rate(messages, begun)
    spent: list[float] = []
    for number in range(min(messages, 1_000)):
        begun = perf_counter()
        _REFS[number % actors].ask("ask")
        spent.append(perf_counter() - begun)
    # Not `stop_all`: it takes a second for every thousand actors.
    for ref in _REFS:
        ref.stop(block=False)
    return ActorFigures(
        started=started, memory=memory, one_sender=one_sender, many_to_many=many_to_many, **asked_us(spent)
    )


if __name__ == "__main__":
    main(measure)
