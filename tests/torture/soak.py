"""Trial `soak`: a centre at work for long, while desks, readers and adapters come and go without a word.

As many conversations are open at the end as at the beginning, so memory and descriptors must stay where they are. A
straight line through the second half says whether they do; what is remembered of each command for ten minutes is
allowed for in a run that is too short to see it forgotten.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from random import Random
from time import monotonic
from typing import Any, Final

import grpc
import grpc.aio

from hookflash.sdk.client import HookflashError
from hookflash.sdk.client import messages as m
from hookflash.sdk.client.connection import bearer
from tests.e2e.server_process import ServerProcess
from tests.server.serving import request_class
from tests.torture.aftermath import examined, said_wrong, started
from tests.torture.crowd import AGENTS, CHANNEL, Crowd
from tests.torture.frame import Plan, Size, Trial, Verdict
from tests.torture.vitals import MIB, VitalsLog

__all__ = ["TRIAL"]

_SETTINGS: Final = {"log_level": "warning", "disconnect_grace_s": "5", "offer_timeout_s": "5"}
_RECORD_BYTES: Final = 2_048
_LONG_S: Final = 1_800.0
_SLOPE_MAX_MIB_PER_H: Final = 4.0
_READINGS_MIN: Final = 40
_SLACK_MIB: Final = 12.0
_SOCKETS_MORE_MAX: Final = 2
_OPEN: Final = 8
_THINK_S: Final = 0.2
_DESK_S: Final = 2.0
_ADAPTER_S: Final = 3.0
_CONNECTION_S: Final = 0.5
_STREAM_S: Final = 0.02
_TIMEOUT_S: Final = 20.0
_STREAMS: Final[tuple[tuple[str, dict[str, Any]], ...]] = (
    ("EventService/Watch", {"from_start": False}),
    ("EventService/Watch", {"filter": "type = MessageSent"}),
    ("QueueService/WatchQueues", {}),
    ("ChannelService/Deliveries", {"channel": "channels/second"}),
)


class _Soak:
    """The people of one centre, and what they did."""

    def __init__(self, plan: Plan, server: ServerProcess, crowd: Crowd) -> None:
        self._server, self._crowd = server, crowd
        self._chance = Random(plan.seed)  # noqa: S311  repeatable, not secret
        self._until = monotonic() + 60.0 * plan.amount("minutes")
        self._number = 0
        self.cycles = self.troubled = self.streams = self.connections = self.position = 0
        self.failures: list[str] = []

    @property
    def is_over(self) -> bool:
        return monotonic() >= self._until

    async def run(self, progress: Callable[[str], None]) -> None:
        """Everybody works until the time is over."""
        request = m.ApplyRequest(channels=[m.Channel(name="channels/second", kind="web", is_external=True)])
        await self._crowd.client.apply(request)
        async with asyncio.TaskGroup() as group:
            for _ in range(_OPEN):
                group.create_task(self._again(self._converse, _THINK_S))
            group.create_task(self._again(self._look, _STREAM_S))
            group.create_task(self._again(self._connect, _CONNECTION_S))
            group.create_task(self._again(self._leave_desk, _DESK_S))
            group.create_task(self._again(self._leave_adapter, _ADAPTER_S))
            while not self.is_over:
                await asyncio.sleep(1.0)
                self.position = int((await self._crowd.client.get_server(m.GetServerRequest())).position)
                progress(f"{self.cycles:,} conversations, {self.streams:,} streams, position {self.position:,}")

    async def _again(self, work: Callable[[], Coroutine[Any, Any, None]], pause_s: float) -> None:
        while not self.is_over:
            await work()
            await asyncio.sleep(pause_s)

    async def _converse(self) -> None:
        """Open, talk, transfer, talk, close; whatever the coming and going of desks makes of it, it is closed."""
        self._number += 1
        name = f"s{self._number}"
        try:
            async with asyncio.timeout(_TIMEOUT_S):
                holder = await self._crowd.opened(name)
                await self._say(name, holder)
                await self._crowd.client.receive(
                    m.ReceiveRequest(channel=CHANNEL, address=f"+{name}", external_id=f"{name}-1", text="and?")
                )
                holder = await self._crowd.transferred(name, holder)
                await self._say(name, holder)
        except (HookflashError, TimeoutError):
            # The agent went home in the middle of it, as agents here do.
            self.troubled += 1
        with suppress(HookflashError):
            await self._crowd.closed(name)
        self.cycles += 1

    async def _say(self, name: str, holder: str) -> None:
        request = m.SendMessageRequest(name=f"conversations/{name}", agent=holder, text=f"hello from {holder}")
        await self._crowd.client.send_message(request)

    async def _look(self) -> None:
        """Open a stream and go away in the middle: before anything came, or while more is on its way."""
        path, fields = self._chance.choice(_STREAMS)
        method: Any = self._crowd.client._channel.unary_stream(f"/hookflash.v1.{path}")  # noqa: SLF001  as any caller's
        body = request_class(path)(**fields).SerializeToString()
        stream = method(body, metadata=bearer(self._server.admin_token), timeout=_TIMEOUT_S)
        try:
            async with asyncio.timeout(self._chance.choice((0.0, 0.002, 0.05))):
                while await stream.read() is not grpc.aio.EOF:
                    pass
        except TimeoutError:
            pass
        except grpc.aio.AioRpcError as error:
            # The second reader of a channel takes over from the first.
            if error.code() is not grpc.StatusCode.ABORTED:
                self.failures.append(f"a stream of {path} ended with {error.code().name}: {error.details()}")
        finally:
            stream.cancel()
        self.streams += 1

    async def _connect(self) -> None:
        """A caller of one call, who leaves his connection to the server to notice."""
        options = [("grpc.use_local_subchannel_pool", 1)]
        async with grpc.aio.insecure_channel(self._server.address, options=options) as channel:
            method: Any = channel.unary_unary("/hookflash.v1.QueueService/ListQueues")
            await method(b"", metadata=bearer(self._server.admin_token), timeout=_TIMEOUT_S)
        self.connections += 1

    async def _leave_desk(self) -> None:
        self._crowd.leave_desk(self._chance.choice(AGENTS))
        await self._mended()

    async def _leave_adapter(self) -> None:
        self._crowd.leave_adapter()
        await self._mended()

    async def _mended(self) -> None:
        with suppress(HookflashError):
            await self._crowd.mend()


async def _run(plan: Plan) -> Verdict:
    data = plan.folder / "data"
    async with started(data, _SETTINGS) as server:
        async with Crowd(server.address, server.admin_token) as crowd:
            soak = _Soak(plan, server, crowd)
            with VitalsLog(
                server.pid, every_s=min(1.0, 60 * plan.amount("minutes") / _READINGS_MIN), work=lambda: soak.position
            ) as log:
                await soak.run(plan.progress)
        failures = [*soak.failures, *_judged(plan, log)]
        await asyncio.to_thread(server.terminate)
        failures += said_wrong(server)
    failures += await asyncio.to_thread(examined, data)
    if soak.troubled > soak.cycles / 2:
        failures.append(f"{soak.troubled} of {soak.cycles} conversations did not get through")
    figures: dict[str, float | str] = {
        "conversations": soak.cycles,
        "of them left by their agent": soak.troubled,
        "streams cancelled": soak.streams,
        "connections": soak.connections,
        "records": soak.position,
        "memory at most, MiB": log.peak_mib,
        "memory growth in the second half, MiB an hour": log.memory_slope_mib_per_h(),
        "memory growth in the second half, bytes a record": log.memory_slope_bytes_per_work(),
        "descriptor growth in the second half, an hour": log.descriptor_slope_per_h(),
        "memory over time, MiB": _line([each.memory_bytes / MIB for each in log.readings]),
    }
    return Verdict(figures=figures, failures=failures)


def _judged(plan: Plan, log: VitalsLog) -> list[str]:
    half = log.second_half
    if len(half) < 2:
        return ["the soak was too short to see anything"]
    wrong = []
    slope, hours = log.memory_slope_mib_per_h(), (half[-1].at_s - half[0].at_s) / 3600
    if 60 * plan.amount("minutes") >= _LONG_S:
        allowed = _SLOPE_MAX_MIB_PER_H
    else:
        allowed = ((half[-1].work - half[0].work) * _RECORD_BYTES / MIB + _SLACK_MIB) / hours
    if slope > allowed:
        wrong.append(f"memory grows by {slope:.1f} MiB an hour where {allowed:.1f} are allowed")
    quarter = max(1, len(half) // 2)
    before, after = (min(each.sockets for each in part) for part in (half[:quarter], half[quarter:]))
    if after > before + _SOCKETS_MORE_MAX:
        wrong.append(f"at least {after} sockets were open in the end, where it had been {before}")
    return wrong


def _line(values: list[float]) -> str:
    """Some ten of the values, evenly over the time."""
    step = max(1, len(values) // 10)
    return " ".join(f"{value:.0f}" for value in values[::step])


def run(plan: Plan) -> Verdict:
    """One server, for as long as the plan says."""
    return asyncio.run(_run(plan))


TRIAL: Final = Trial(
    name="soak",
    summary="a centre at work for long, while everybody comes and goes",
    sizes=(Size(name="minutes", full=60.0, help="how long"),),
    run=run,
)
