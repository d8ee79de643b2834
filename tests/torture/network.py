"""Trial `network`: every method through a proxy that goes bad in eight ways, and a desk that vanishes (guarantees S12).

Each fault has a server, a proxy and a site of its own. A call never outlasts its deadline and never ends INTERNAL;
asked again with its request_id it has one effect and one answer; a stream is taken up again without gap or repeat.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from time import monotonic
from typing import Any, Final

import grpc
import grpc.aio
from google.protobuf.message import Message

from hookflash.sdk.client import Client
from tests.e2e.server_process import ServerProcess
from tests.server.serving import METHODS, request_class
from tests.torture.aftermath import examined, said_wrong, started
from tests.torture.frame import Plan, Size, Trial, Verdict
from tests.torture.network_calls import REQUESTS, Lab, raw_call
from tests.torture.network_desk import vanished_desk
from tests.torture.network_streams import STREAMS
from tests.torture.proxy import Fault, Proxy, proxied

__all__ = ["TRIAL", "Lane"]

Code = grpc.StatusCode
_DEADLINE_S: Final = 1.0
_LATE_S: Final = 1.0
"""How much later than its deadline a call may end on a machine that does other things too."""
_RETRY_S: Final = 20.0
_DRAIN: Final = "AdminService/Drain"
_EXPECTED: Final = frozenset({Code.OK, Code.UNAVAILABLE, Code.DEADLINE_EXCEEDED, Code.CANCELLED})
_SETTINGS: Final = {"log_level": "warning", "ttl_s": "3600", "offer_timeout_s": "3000", "disconnect_grace_s": "600"}
_OPTIONS: Final = (
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.enable_retries", 0),
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.min_reconnect_backoff_ms", 50),
    ("grpc.max_reconnect_backoff_ms", 100),
)


@dataclass
class Lane:
    """One fault and what it did."""

    fault: Fault
    lab: Lab
    proxy: Proxy
    cells: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    async def unary(self, path: str) -> None:
        """Call a method while the fault is on, again when it is over, and again over a good network."""
        self.cells += 1
        request = request_class(path)(**await REQUESTS[path](self.lab))
        has_id = "request_id" in request.DESCRIPTOR.fields_by_name
        key = self.lab.new(f"key-{self.fault}")
        if has_id:
            request.request_id = key  # type: ignore[attr-defined]
        before = await self.lab.position()
        async with grpc.aio.insecure_channel(self.proxy.address, options=_OPTIONS) as channel:
            await self._call(channel, "AdminService/GetServer", request_class("AdminService/GetServer")())
            await self.proxy.break_with(self.fault)
            first = await self._tried(channel, path, request)
            await self.proxy.heal()
            replies = [*first, await self._call(channel, path, request)]
        async with grpc.aio.insecure_channel(self.lab_address, options=_OPTIONS) as channel:
            replies.append(await self._call(channel, path, request))
        arrived = f"web/{request.external_id}" if path == "ChannelService/Receive" else ""  # type: ignore[attr-defined]
        cause = arrived or (key if has_id else "")
        if cause:
            await self._check_once(path, cause, before, replies)

    async def stream(self, path: str) -> None:
        """Let the network break under a stream."""
        self.cells += 1
        self.failures += [
            f"{self.fault}, {path}: {wrong}" for wrong in await STREAMS[path](self.lab, self.proxy, self.fault)
        ]

    async def drain(self, server: ServerProcess) -> None:
        """The last call: whether its answer arrives or not, the server ends well once it heard it."""
        self.cells += 1
        request = request_class(_DRAIN)(request_id="drain")
        async with grpc.aio.insecure_channel(self.proxy.address, options=_OPTIONS) as channel:
            await self._call(channel, "AdminService/GetServer", request_class("AdminService/GetServer")())
            await self.proxy.break_with(self.fault)
            await self._tried(channel, _DRAIN, request)
            await self.proxy.heal()
        await self.lab.close()
        async with grpc.aio.insecure_channel(self.lab_address, options=_OPTIONS) as channel:
            try:
                await raw_call(channel, self.lab.token, _DRAIN, request, _RETRY_S)
            except grpc.aio.AioRpcError as error:
                if error.code() is not Code.UNAVAILABLE:
                    self.failures.append(f"{self.fault}, {_DRAIN}: asked again it is {error.code().name}")
        code = await asyncio.to_thread(server.until_ended)
        if code != 0:
            self.failures.append(f"{self.fault}, {_DRAIN}: the server ended with {code}")

    @property
    def lab_address(self) -> str:
        """The server's own address."""
        return self.proxy.upstream

    async def _tried(self, channel: grpc.aio.Channel, path: str, request: Message) -> list[Any]:
        """The answer that came in spite of the fault, where one did."""
        begun, code, answer = monotonic(), Code.OK, list[Any]()
        try:
            answer.append(await raw_call(channel, self.lab.token, path, request, _DEADLINE_S))
        except grpc.aio.AioRpcError as error:
            code = error.code()
            if code not in _EXPECTED:
                self.failures.append(f"{self.fault}, {path}: {code.name} {error.details()}")
        self.outcomes[code.name] = self.outcomes.get(code.name, 0) + 1
        took = monotonic() - begun
        if took > _DEADLINE_S + _LATE_S:
            self.failures.append(f"{self.fault}, {path}: took {took:.2f} s with a deadline of {_DEADLINE_S:g} s")
        return answer

    async def _call(self, channel: grpc.aio.Channel, path: str, request: Message) -> Any:  # noqa: ANN401  any answer
        """A call over a good network, as a client makes it that tries again where no server answered."""
        deadline = monotonic() + _RETRY_S
        while True:
            try:
                return await raw_call(channel, self.lab.token, path, request, _RETRY_S)
            except grpc.aio.AioRpcError as error:
                if error.code() is not Code.UNAVAILABLE or monotonic() > deadline:
                    self.failures.append(
                        f"{self.fault}, {path}: asked again it is {error.code().name} {error.details()}"
                    )
                    return None
                await channel.channel_ready()

    async def _check_once(self, path: str, cause: str, before: int, replies: list[Any]) -> None:
        records = await self.lab.positions_caused_by(cause, before)
        if len(records) != 1:
            self.failures.append(f"I2 {self.fault}, {path}: {len(records)} records for one request")
        different = {_comparable(reply) for reply in replies if reply is not None}
        if len(different) != 1:
            self.failures.append(f"I2 {self.fault}, {path}: {len(different)} different answers for one request")


def _comparable(reply: Message) -> bytes:
    """An answer without what is meant to differ: a token is shown once, a repeat of an arrival is called one."""
    copy = type(reply)()
    copy.CopyFrom(reply)
    for name in ("token", "duplicate"):
        if name in copy.DESCRIPTOR.fields_by_name:
            copy.ClearField(name)
    return copy.SerializeToString(deterministic=True)


def run(plan: Plan) -> Verdict:
    """All faults, and the desk that vanishes."""
    faults = list(Fault)[: plan.count("faults")]
    lanes: list[Lane] = []
    figures: dict[str, float | str] = {}
    failures: list[str] = []

    async def all_of_it() -> None:
        alone = asyncio.Semaphore(plan.count("at_once"))
        jobs: list[Awaitable[None]] = [_fault(plan, fault, lanes, failures, alone) for fault in faults]
        if plan.count("desk"):
            jobs.append(_desk(plan, figures, failures))
        await asyncio.gather(*jobs)

    asyncio.run(all_of_it())
    outcomes = [f"{lane.fault} {', '.join(f'{code} {n}' for code, n in lane.outcomes.items())}" for lane in lanes]
    cells = sum(lane.cells for lane in lanes)
    return Verdict(
        figures={"faults": len(faults), "cells (fault x method)": cells, "outcomes": "; ".join(outcomes), **figures},
        failures=[*failures, *(failure for lane in lanes for failure in lane.failures)],
    )


async def _fault(plan: Plan, fault: Fault, lanes: list[Lane], failures: list[str], alone: asyncio.Semaphore) -> None:
    async with alone:
        data = plan.folder / fault
        async with started(data, _SETTINGS) as server:
            lane = await _lane(plan, fault, server)
            lanes.append(lane)
            failures += said_wrong(server)
        failures += await asyncio.to_thread(examined, data)


async def _lane(plan: Plan, fault: Fault, server: ServerProcess) -> Lane:
    async with (
        Client(server.address, token=server.admin_token, timeout_s=_RETRY_S) as client,
        proxied(server.address) as proxy,
    ):
        lane = Lane(fault, Lab(client, server.admin_token), proxy)
        await lane.lab.prepare()
        for path in sorted(METHODS, key=lambda path: not METHODS[path].is_stream):
            if path == _DRAIN:
                continue
            cell: Callable[[str], Awaitable[None]] = lane.stream if METHODS[path].is_stream else lane.unary
            try:
                await cell(path)
            except Exception as error:  # noqa: BLE001  the other cells are still worth something
                await proxy.heal()
                lane.failures.append(f"{fault}, {path}: {type(error).__name__}: {error}")
            plan.progress(f"{fault}: {path}")
        await lane.drain(server)
        return lane


async def _desk(plan: Plan, figures: dict[str, float | str], failures: list[str]) -> None:
    found_figures, found = await vanished_desk(plan.folder / "desk")
    figures |= found_figures
    failures += found


TRIAL: Final = Trial(
    name="network",
    summary="every method while the network is slow, cut, reset, black-holed or not there",
    sizes=(
        Size(name="faults", full=len(Fault), help="how many of the faults"),
        Size(name="at_once", full=2, help="faults that are tried at once"),
        Size(name="desk", full=1, help="1: a black-holed desk too, which takes a minute"),
    ),
    run=run,
)
