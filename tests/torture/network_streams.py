"""What becomes of each stream when the network breaks under it: taken up again by the client, without gap or repeat.

Each check opens a stream through the proxy, lets things happen before, during and after the fault, and compares what
the reader has in the end with what the server has.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from itertools import cycle
from typing import Final

from hookflash.sdk.client import Backoff, Client
from hookflash.sdk.client import messages as m
from tests.torture.crowd import CHANNEL
from tests.torture.network_calls import Lab
from tests.torture.proxy import Fault, Proxy

__all__ = ["STREAMS"]

_BACKOFF: Final = Backoff(first_s=0.05, max_s=0.3)
_EACH: Final = 4
"""Things that happen in each phase: before, during and after the fault."""
_CAUGHT_UP_S: Final = 30.0
_FAULT_S: Final = 0.3
_TYPED_EVERY_S: Final = 0.05

_Step = Callable[[], Awaitable[None]]


class _Torn:
    """One reader whose network breaks in the middle of what it reads."""

    def __init__(self, proxy: Proxy, fault: Fault, token: str) -> None:
        self._proxy, self._fault = proxy, fault
        self.client = Client(proxy.address, token=token, backoff=_BACKOFF)
        self._moved = asyncio.Event()

    def moved(self) -> None:
        """Something was read."""
        self._moved.set()

    async def run(self, read: Callable[[], Awaitable[None]], step: _Step, is_whole: Callable[[], bool]) -> str:
        """Read while steps are taken and the network breaks; what went wrong, nothing where all came."""
        reader = asyncio.ensure_future(read())
        try:
            async with asyncio.timeout(_CAUGHT_UP_S):
                await self._moved.wait()
                for _ in range(_EACH):
                    await step()
                await self._proxy.break_with(self._fault)
                for _ in range(_EACH):
                    await step()
                await asyncio.sleep(_FAULT_S)
                await self._proxy.heal()
                for _ in range(_EACH):
                    await step()
                while not is_whole() and not reader.done():
                    self._moved.clear()
                    with suppress(TimeoutError):
                        await asyncio.wait_for(self._moved.wait(), 1.0)
        except TimeoutError:
            return f"did not have everything within {_CAUGHT_UP_S:g} s"
        finally:
            await self._proxy.heal()
            reader.cancel()
            ended = (await asyncio.gather(reader, return_exceptions=True))[0]
            await self.client.close()
        if isinstance(ended, Exception):
            return f"ended with {type(ended).__name__}: {ended}"
        return "" if is_whole() else "ended before it had everything"


async def _watch(lab: Lab, proxy: Proxy, fault: Fault) -> list[str]:
    """Every event once, in order."""
    name = await lab.attended()
    start = await lab.position()
    torn, seen, reached = _Torn(proxy, fault, lab.token), list[tuple[int, int]](), start
    last = start

    async def read() -> None:
        nonlocal reached
        async for answer in torn.client.watch(after_position=start):
            seen.extend((event.position, event.index) for event in answer.events)
            reached = answer.position
            torn.moved()

    async def step() -> None:
        nonlocal last
        await _said(lab, name)
        last = await lab.position()

    wrong = await torn.run(read, step, lambda: reached >= last)
    if wrong:
        return [wrong]
    page = await lab.client.list_events(m.ListEventsRequest(page_size=1_000, page_token=f"{start}.1000000"))
    expected = [(event.position, event.index) for event in page.events if event.position <= reached]
    return [] if seen == expected else [f"read {_difference(seen, expected)}"]


async def _attach(lab: Lab, proxy: Proxy, fault: Fault) -> list[str]:
    """Every message of the agent's conversation once, in order."""
    torn, heard, said = _Torn(proxy, fault, lab.token), list[str](), list[str]()
    name = ""

    async def read() -> None:
        async for update in torn.client.attach("agents/eve"):
            entry = update.timeline_update.entry
            if update.timeline_update.conversation == name and entry.HasField("message"):
                heard.append(entry.message.text)
            torn.moved()

    async def step() -> None:
        nonlocal name
        if not name:
            ready = m.SetAgentStateRequest(agent="agents/eve", state=m.Readiness.READINESS_READY)
            await lab.client.set_agent_state(ready)
            name = await lab.attended("eve")
        said.append(await _said(lab, name, "agents/eve"))

    wrong = await torn.run(read, step, lambda: len(heard) >= len(said) > 0 and heard[-1] == said[-1])
    if wrong:
        return [f"{wrong}: heard {heard} of {said}"]
    return [] if heard == said else [f"heard {_difference(heard, said)}"]


async def _deliveries(lab: Lab, proxy: Proxy, fault: Fault) -> list[str]:
    """Every delivery of a conversation; without known keys in order and without gap; none after it was settled."""
    name = await lab.attended()
    torn, sequences, settled, wrong = _Torn(proxy, fault, lab.token), list[int](), set[str](), list[str]()
    said, heard = list[str](), list[str]()

    async def read() -> None:
        request = m.DeliveriesRequest(channel=CHANNEL, max_in_flight=100)
        async for delivery in torn.client.deliveries(request):
            if delivery.name in settled:
                wrong.append(f"{delivery.name} came again after it was settled")
            if delivery.conversation == name and delivery.sequence not in sequences:
                sequences.append(delivery.sequence)
                heard.append(delivery.message.text)
            await lab.client.settle_delivery(m.SettleDeliveryRequest(name=delivery.name))
            settled.add(delivery.name)
            torn.moved()

    async def step() -> None:
        said.append(await _said(lab, name))

    failed = await torn.run(read, step, lambda: bool(said) and said[-1] in heard)
    if failed:
        return [failed, *wrong]
    if sequences != list(range(1, len(sequences) + 1)):
        wrong.append(f"sequences came as {sequences}")
    return wrong


async def _watch_queues(lab: Lab, proxy: Proxy, fault: Fault) -> list[str]:
    """In the end every queue as it is."""
    torn, shown, placed = _Torn(proxy, fault, lab.token), dict[str, m.Queue](), 0
    before = (await lab.client.get_queue(m.GetQueueRequest(name="queues/empty"))).stats.waiting

    async def read() -> None:
        async for answer in torn.client.watch_queues():
            shown.update({queue.name: queue for queue in answer.queues})
            torn.moved()

    async def step() -> None:
        nonlocal placed
        await lab.opened(m.Target(queue="queues/empty"))
        placed += 1

    wrong = await torn.run(read, step, lambda: shown["queues/empty"].stats.waiting == before + placed)
    return [wrong] if wrong else []


async def _signs(lab: Lab, proxy: Proxy, fault: Fault) -> list[str]:
    """What is given while nobody reads is gone; what is given afterwards comes."""
    name = await lab.attended()
    torn, given, heard_at_last = _Torn(proxy, fault, lab.token), 0, False

    async def read() -> None:
        nonlocal heard_at_last
        async for _ in torn.client.signs(m.SignsRequest(channel=CHANNEL)):
            heard_at_last = given == 3 * _EACH
            torn.moved()

    async def step() -> None:
        nonlocal given
        given += 1

    async def type_on_and_off() -> None:
        for is_typing in cycle((True, False)):
            request = m.SendTypingRequest(name=name, agent="agents/ann", is_typing=is_typing)
            await lab.client.send_typing(request)
            await asyncio.sleep(_TYPED_EVERY_S)

    typing = asyncio.ensure_future(type_on_and_off())
    try:
        wrong = await torn.run(read, step, lambda: heard_at_last)
    finally:
        typing.cancel()
    return [wrong] if wrong else []


async def _said(lab: Lab, name: str, agent: str = "agents/ann") -> str:
    text = lab.new("text")
    await lab.client.send_message(m.SendMessageRequest(name=name, agent=agent, text=text))
    return text


def _difference(
    found: list[object] | list[str] | list[tuple[int, int]], expected: list[str] | list[tuple[int, int]]
) -> str:
    missing = [each for each in expected if each not in found]
    twice = sorted({str(each) for each in found if found.count(each) > 1})  # type: ignore[arg-type]  # of one type
    return f"{len(found)} of {len(expected)}; missing {missing[:5]}, twice {twice[:5]}"


STREAMS: Final[Mapping[str, Callable[[Lab, Proxy, Fault], Awaitable[list[str]]]]] = {
    "EventService/Watch": _watch,
    "AgentService/Attach": _attach,
    "ChannelService/Deliveries": _deliveries,
    "ChannelService/Signs": _signs,
    "QueueService/WatchQueues": _watch_queues,
}
"""The check of every stream, by the method's path; each answers with what is wrong."""
