"""Many open conversations: the collector's pauses while they come about, the memory they take, how soon all is back.

They are opened in this process's own engine, without gRPC; then a real server is started on what is on the disk,
killed, and started again. The clock runs from the start of the process to the answer of its first durable command.
"""

import asyncio
import gc
from itertools import count as counting
from pathlib import Path
from time import perf_counter, thread_time

from hookflash.cli.bench.figures import Sample
from hookflash.cli.bench.own_engine import OwnEngine
from hookflash.cli.bench.processes import apart, start_engine
from hookflash.cli.bench.round import TEXT, Round
from hookflash.cli.bench.site import method
from hookflash.cli.bench.wire import Wire
from hookflash.sdk.types import AgentId
from hookflash.v1.conversation_service_pb2 import SendMessageRequest

__all__ = ["fill", "group", "measure"]

_EACH = 10
_AT_ONCE = 256
_MIB, _KIB = 1024.0 * 1024.0, 1024.0


def group(conversations: int) -> str:
    """Return under which heading the figures stand."""
    return f"{conversations:,} open conversations"


async def measure(round_: Round) -> list[Sample]:
    """Fill a data directory, then start on it again and again."""
    samples: list[Sample] = []
    for count in round_.plan.open_conversations:
        data = round_.place("recovery")
        empty = round_.place("empty")
        async with await start_engine(empty) as engine:
            empty_bytes = engine.rss_bytes()
        filling_s, pause_ms, pause_cpu_ms, conversation, agent = await apart(fill, directory=str(data), count=count)
        at = group(count)
        round_.say(f"{at}: opened in {filling_s:.1f} s")
        samples += [
            Sample(group=at, name="opened and accepted, in process", unit="1/s", value=count / filling_s),
            Sample(group=at, name="longest garbage collection meanwhile", unit="ms", value=pause_ms),
            Sample(group=at, name="most CPU of a garbage collection", unit="ms", value=pause_cpu_ms),
        ]
        for number in range(round_.plan.restarts):
            async with await start_engine(data) as engine:
                await _first_command(engine.address, engine.token, conversation, agent)
                answered_s, held = perf_counter() - engine.started, engine.rss_bytes()
            round_.say(f"{at}: restart {number + 1}, first command answered after {answered_s:.2f} s")
            samples += [
                Sample(group=at, name="kill -9 to listening again", unit="s", value=engine.ready_s),
                Sample(group=at, name="kill -9 to the first durable command", unit="s", value=answered_s),
                Sample(group=at, name="server's memory, all of it", unit="MiB", value=held / _MIB),
                Sample(group=at, name="memory each", unit="KiB", value=(held - empty_bytes) / count / _KIB),
            ]
    return samples


async def fill(*, directory: str, count: int) -> tuple[float, float, float, str, str]:
    """Open so many conversations, each accepted by an agent.

    Return the seconds that it took, the longest pause of the collector and its most CPU in ms, and a
    conversation with its agent. The collector is set as the server sets it.
    """
    async with OwnEngine.on_disk(Path(directory)) as own:
        # An agent more than needed, and room for a fifth more conversations with each.
        agents = [AgentId(f"a{number}") for number in range(count // _EACH + 1)]
        await own.add_agents(agents, capacity=_EACH + 2)
        pauses, numbers, begun = _Pauses(), counting(1), perf_counter()
        last = ("", "")

        async def work() -> None:
            nonlocal last
            while next(numbers) <= count:
                conversation, agent = await own.opened()
                last = (f"conversations/{conversation.id}", f"agents/{agent}")

        await asyncio.gather(*(work() for _ in range(min(_AT_ONCE, count))))
        spent = perf_counter() - begun
        pauses.end()
    return spent, pauses.longest_ms, pauses.most_cpu_ms, *last


class _Pauses:
    """The garbage collector's longest pause from now on."""

    def __init__(self) -> None:
        self.longest_ms = self.most_cpu_ms = 0.0
        self._begun = self._cpu = 0.0
        gc.callbacks.append(self._hear)

    def end(self) -> None:
        """Listen no more."""
        gc.callbacks.remove(self._hear)

    def _hear(self, phase: str, _facts: dict[str, int]) -> None:
        if phase == "start":
            self._begun, self._cpu = perf_counter(), thread_time()
        else:
            self.longest_ms = max(self.longest_ms, (perf_counter() - self._begun) * 1e3)
            self.most_cpu_ms = max(self.most_cpu_ms, (thread_time() - self._cpu) * 1e3)


async def _first_command(address: str, token: str, conversation: str, agent: str) -> None:
    wire = await Wire.open(address, token)
    request = SendMessageRequest(request_id="first", name=conversation, agent=agent, text=TEXT)
    await wire.ask(method("ConversationService", "SendMessage"), request.SerializeToString())
    wire.close()
