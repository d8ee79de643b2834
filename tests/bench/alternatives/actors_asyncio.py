"""asyncio without a library: a task with a queue for each actor."""

import asyncio
from time import perf_counter

from tests.bench.alternatives.actor_timing import WANDERERS, ActorFigures, asked_us, main, rate, rss_kib, successor

_Inbox = asyncio.Queue["int | asyncio.Future[None] | None"]


async def _wander(number: int, inboxes: list[_Inbox], done: asyncio.Semaphore) -> None:
    inbox, following, count = inboxes[number], inboxes[successor(number, len(inboxes))], 0
    while True:
        message = await inbox.get()
        if message is None:
            count += 1
        elif isinstance(message, asyncio.Future):
            message.set_result(None)
        elif message:
            following.put_nowait(message - 1)
        else:
            done.release()


async def measure(actors: int, messages: int) -> ActorFigures:
    """Measure tasks that pass messages."""
    done, loop = asyncio.Semaphore(0), asyncio.get_running_loop()
    before, begun = rss_kib(), perf_counter()
    inboxes: list[_Inbox] = [asyncio.Queue() for _ in range(actors)]
    tasks = [asyncio.create_task(_wander(number, inboxes, done)) for number in range(actors)]
    await asyncio.sleep(0)
    started = rate(actors, begun)
    memory = (rss_kib() - before) / actors
    begun = perf_counter()
    for _ in range(messages):
        inboxes[0].put_nowait(None)
    await _asked(inboxes[0], loop)
    one_sender = rate(messages, begun)
    begun = perf_counter()
    for number in range(WANDERERS):
        inboxes[number % actors].put_nowait(messages // WANDERERS)
    for _ in range(WANDERERS):
        await done.acquire()
    many_to_many = rate(messages, begun)
    spent = [await _asked(inboxes[number % actors], loop) for number in range(min(messages, 1_000))]
    for task in tasks:
        task.cancel()
    return ActorFigures(
        started=started, memory=memory, one_sender=one_sender, many_to_many=many_to_many, **asked_us(spent)
    )


async def _asked(inbox: _Inbox, loop: asyncio.AbstractEventLoop) -> float:
    begun, answer = perf_counter(), loop.create_future()
    inbox.put_nowait(answer)
    await answer
    return perf_counter() - begun


if __name__ == "__main__":
    main(measure)
