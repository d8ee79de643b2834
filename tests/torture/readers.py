"""Trial `readers`: streams whose readers do not read, beside those who do (guarantees I16).

The stream of who does not read ends with SLOW_CONSUMER and the position to go on from, and going on from there is
without gap or repeat. Nobody else waits for him, no entity does, and the server's memory stays within its buffers.
"""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from time import perf_counter
from typing import Any, Final

import grpc
import grpc.aio

from hookflash.sdk.client import Client
from hookflash.sdk.client import messages as m
from hookflash.sdk.client.connection import bearer
from tests.e2e.server_process import ServerProcess
from tests.server.serving import Refused, answer_class, request_class
from tests.torture.aftermath import examined, said_wrong, started
from tests.torture.crowd import site_request
from tests.torture.frame import Plan, Size, Trial, Verdict
from tests.torture.network_calls import Lab
from tests.torture.vitals import MIB, VitalsLog, vitals_of

__all__ = ["TRIAL"]

_BUFFER_EVENTS: Final = 200
_TEXT: Final = "x" * 4_000
_IN_FLIGHT: Final = 8
_GRACE_S: Final = 2.0
_SETTINGS: Final = {
    "stream_buffer_events_max": str(_BUFFER_EVENTS),
    "disconnect_grace_s": f"{_GRACE_S:g}",
    "log_level": "warning",
}
# A connection that takes in no more than it was asked to read, or little more.
_UNREAD: Final = (
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.http2.bdp_probe", 0),
    ("grpc.http2.lookahead_bytes", 16 * 1024),
    ("grpc.max_receive_message_length", 16 * 1024 * 1024),
)
_PATIENCE_S: Final = 60.0
_RESUMED: Final = 3
_EVENT_BYTES: Final = 3 * len(_TEXT)
_SLACK_MIB: Final = 32.0
_TIMES_MAX: Final = 3.0
_MORE_MS: Final = 100.0
_POSITION: Final = "position"


class _Trial:
    """One server, its slow readers, and what was found."""

    def __init__(self, plan: Plan, server: ServerProcess, client: Client) -> None:
        self.plan, self.server, self.client = plan, server, client
        self.lab = Lab(client, server.admin_token)
        self.metadata = bearer(server.admin_token)
        self.figures: dict[str, float | str] = {}
        self.failures: list[str] = []
        self.too_slow: list[str] = []
        self.heard: list[str] = []
        self.said: list[str] = []
        self.talk = ""

    async def run(self) -> None:
        """Talk alone, then beside readers who do not read; then let those read, and see what they got."""
        async with AsyncExitStack() as stack:
            await self.client.apply(site_request())
            ann = asyncio.ensure_future(self._hear())
            stack.push_async_callback(_ended, ann)
            desk = await self._unread(stack, "AgentService/Attach", agent="agents/eve")
            self.talk = await self._conference()
            joined, messages = await self.lab.position(), self.plan.count("messages")
            alone = await self._say(max(messages // 10, 100))
            start = await self.lab.position()
            watches = [
                await self._unread(stack, "EventService/Watch", after_position=start)
                for _ in range(self.plan.count("readers"))
            ]
            await self._unread(stack, "QueueService/WatchQueues")
            before = vitals_of(self.server.pid)
            with VitalsLog(self.server.pid) as log:
                beside = await self._say(messages)
            self._judge_times(alone, beside)
            self._judge_memory(before.memory_bytes, log)
            await self._judge_presence(joined)
            await self._judge_heard()
            self.plan.progress("the readers read again")
            for number, watch in enumerate(watches):
                await self._judge_watch(watch, start, is_resumed=number < _RESUMED)
            await self._judge_desk(desk)

    async def _unread(self, stack: AsyncExitStack, path: str, **fields: Any) -> Any:  # noqa: ANN401
        """Open a stream on a connection of its own, read its first item, and stop reading."""
        channel = await stack.enter_async_context(grpc.aio.insecure_channel(self.server.address, options=_UNREAD))
        method = channel.unary_stream(
            f"/hookflash.v1.{path}",
            request_serializer=request_class(path).SerializeToString,
            response_deserializer=answer_class(path).FromString,
        )
        stream = method(request_class(path)(**fields), metadata=self.metadata)
        await asyncio.wait_for(stream.read(), _PATIENCE_S)
        return stream

    async def _hear(self) -> None:
        async for update in self.client.attach("agents/ann"):
            entry = update.timeline_update.entry
            if entry.HasField("message"):
                self.heard.append(entry.message.text.partition(" ")[0])

    async def _conference(self) -> str:
        """A conversation of ann, who reads, and eve, who does not."""
        for agent in ("ann", "eve"):
            state = m.SetAgentStateRequest(agent=f"agents/{agent}", state=m.Readiness.READINESS_READY)
            async with asyncio.timeout(_PATIENCE_S):
                while True:
                    with suppress(Exception):  # Until her desk stands.
                        await self.client.set_agent_state(state)
                        break
        name = await self.lab.attended("ann")
        target = m.Target(agent="agents/eve")
        await self.client.conference(m.ConferenceRequest(name=name, agent="agents/ann", target=target))
        await self.client.accept_offer(m.AcceptOfferRequest(name=f"offers/{name.removeprefix('conversations/')}~2"))
        return name

    async def _say(self, count: int) -> list[float]:
        """Say so much, a few at once; how long each call took, in ms."""
        took: list[float] = []
        numbers = iter(range(count))

        async def work() -> None:
            for _ in numbers:
                key = self.lab.new("t")
                begun = perf_counter()
                await self.client.send_message(
                    m.SendMessageRequest(name=self.talk, agent="agents/ann", text=f"{key} {_TEXT}")
                )
                took.append((perf_counter() - begun) * 1e3)
                self.said.append(key)
                if len(took) % 200 == 0:
                    self.plan.progress(f"{len(took)} of {count} messages")

        async with asyncio.TaskGroup() as group:
            for _ in range(_IN_FLIGHT):
                group.create_task(work())
        return took

    def _judge_times(self, alone: Sequence[float], beside: Sequence[float]) -> None:
        before, during = _percentile(alone, 0.99), _percentile(beside, 0.99)
        self.figures |= {"p99 alone, ms": before, "p99 beside slow readers, ms": during, "slowest, ms": max(beside)}
        if during > _TIMES_MAX * before + _MORE_MS:
            self.too_slow.append(f"I16: p99 was {before:.1f} ms, and {during:.1f} ms beside slow readers")

    def _judge_memory(self, before: float, log: VitalsLog) -> None:
        grown = log.peak_mib - before / MIB
        # Each slow reader may hold one buffer; the journal's tail is one more.
        allowed = (self.plan.count("readers") + 3) * _BUFFER_EVENTS * _EVENT_BYTES / MIB + _SLACK_MIB
        self.figures |= {"memory grew by at most, MiB": grown, "allowed, MiB": allowed}
        if grown > allowed:
            self.failures.append(f"I16: memory grew by {grown:.0f} MiB where {allowed:.0f} are allowed")

    async def _judge_presence(self, start: int) -> None:
        """The agent whose desk fell behind is gone for the engine, though his connection stands and nothing is read."""
        try:
            async with asyncio.timeout(_GRACE_S + 10.0):
                async for answer in self.client.watch(after_position=start, filter="subject = agents/eve"):
                    if any(event.type == "AgentLoggedOut" for event in answer.events):
                        return
        except TimeoutError:
            self.failures.append("I16: an agent whose desk fell behind counts as present for ever")

    async def _judge_heard(self) -> None:
        """Who reads has heard everything once."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_S):
                while len(self.heard) < len(self.said):
                    await self.lab.position()
        if sorted(self.heard) != sorted(self.said):
            missing = len(set(self.said) - set(self.heard))
            self.failures.append(f"I16: who reads heard {len(self.heard)} of {len(self.said)}, {missing} missing")

    async def _judge_watch(self, watch: Any, start: int, *, is_resumed: bool) -> None:  # noqa: ANN401
        """It ends with the position that it reached; from there on comes the rest."""
        reached, seen = start, list[tuple[int, int]]()
        try:
            while (answer := await asyncio.wait_for(watch.read(), _PATIENCE_S)) is not grpc.aio.EOF:
                seen += [(event.position, event.index) for event in answer.events]
                reached = answer.position
            self.failures.append("I16: a stream that was not read ended as if nothing had been left out")
        except TimeoutError:
            self.failures.append("I16: a stream that was not read does not end")
            return
        except grpc.aio.AioRpcError as error:
            self._judge_end(Refused(error), reached)
        if not is_resumed:
            return
        end = await self.lab.position()
        async for answer in self.client.watch(after_position=reached):
            seen += [(event.position, event.index) for event in answer.events]
            if answer.position >= end:
                break
        if seen != sorted(set(seen)) or not {position for position, _ in seen} >= set(range(start + 1, end + 1)):
            self.failures.append("I16: a stream that was taken up again has a gap or repeats something")

    async def _judge_desk(self, desk: Any) -> None:  # noqa: ANN401
        try:
            while await asyncio.wait_for(desk.read(), _PATIENCE_S) is not grpc.aio.EOF:
                pass
            self.failures.append("I16: a desk that was not read ended as if nothing had been left out")
        except TimeoutError:
            self.failures.append("I16: a desk that was not read does not end")
        except grpc.aio.AioRpcError as error:
            self._judge_end(Refused(error), None)

    def _judge_end(self, refused: Refused, reached: int | None) -> None:
        position = refused.info.metadata.get(_POSITION, "")
        if (refused.code, refused.reason) != ("RESOURCE_EXHAUSTED", "SLOW_CONSUMER"):
            self.failures.append(f"I16: a slow reader is told {refused.code} {refused.reason}: {refused.sentence}")
        elif reached is not None and position != str(reached):
            self.failures.append(f"I16: a slow reader who reached {reached} is told to go on from {position}")
        elif not position:
            self.failures.append("I16: a slow reader is not told where to go on")


async def _ended(task: "asyncio.Future[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _percentile(values: Sequence[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def run(plan: Plan) -> Verdict:
    """One server with slow readers."""
    return asyncio.run(_run(plan))


async def _run(plan: Plan) -> Verdict:
    data = plan.folder / "data"
    async with started(data, _SETTINGS) as server:
        async with Client(server.address, token=server.admin_token, timeout_s=_PATIENCE_S) as client:
            trial = _Trial(plan, server, client)
            await trial.run()
        await asyncio.to_thread(server.terminate)
        trial.failures += said_wrong(server)
    trial.failures += await asyncio.to_thread(examined, data)
    figures = {"messages": plan.count("messages"), "slow readers": plan.count("readers") + 2, **trial.figures}
    return Verdict(figures=figures, failures=trial.failures, too_slow=trial.too_slow)


TRIAL: Final = Trial(
    name="readers",
    summary="streams whose readers do not read, beside those who do",
    sizes=(
        Size(name="messages", full=20_000, help="messages of 4,000 characters said meanwhile"),
        Size(name="readers", full=20, help="watchers who do not read"),
    ),
    run=run,
)
