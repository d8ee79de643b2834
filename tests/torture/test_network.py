"""A slice of the trial of the network: the proxy's faults, a few methods under each, and what notices a black hole."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from time import monotonic
from typing import Any

import grpc
import grpc.aio
import pytest

from hookflash.engine.server.app import KEEPALIVE as SERVER_KEEPALIVE
from hookflash.sdk.client import Client
from hookflash.sdk.client.connection import KEEPALIVE as CLIENT_KEEPALIVE
from tests.e2e.server_process import running
from tests.server.serving import METHODS
from tests.torture.network import Lane
from tests.torture.network_calls import REQUESTS, Lab
from tests.torture.network_streams import STREAMS
from tests.torture.proxy import Fault, proxied

SETTINGS = {"ttl_s": "3600", "offer_timeout_s": "3000", "disconnect_grace_s": "600"}
# One of each kind: reads, takes a slot, ends something, is keyed by the outside's id.
PATHS = (
    "AgentService/AcceptOffer",
    "ConversationService/Transfer",
    "ConversationService/ListTimeline",
    "ChannelService/Receive",
)


def test_every_method_has_its_place_in_the_trial() -> None:
    assert set(REQUESTS) == {path for path, method in METHODS.items() if not method.is_stream}
    assert set(STREAMS) == {path for path, method in METHODS.items() if method.is_stream}


@pytest.mark.trial
@pytest.mark.spec("I1", "I2", "R-G8")
@pytest.mark.parametrize("fault", [Fault.LOST_ANSWERS, Fault.RESET, Fault.CUT_REQUEST, Fault.CUT_ANSWER, Fault.REFUSE])
async def test_a_call_whose_network_breaks_has_one_effect_and_one_answer_when_it_is_asked_again(
    tmp_path: Path, fault: Fault
) -> None:
    with running(tmp_path / "data", settings=SETTINGS) as server:
        async with Client(server.address, token=server.admin_token) as client, proxied(server.address) as proxy:
            lane = Lane(fault, Lab(client, server.admin_token), proxy)
            await lane.lab.prepare()
            for path in PATHS:
                await lane.unary(path)
            await lane.lab.close()
            assert lane.failures == []
            assert "OK" not in lane.outcomes, "the fault was in the way"


@pytest.mark.trial
@pytest.mark.spec("R-L6", "I3")
async def test_streams_are_taken_up_again_without_gap_or_repeat(tmp_path: Path) -> None:
    with running(tmp_path / "data", settings=SETTINGS) as server:
        async with Client(server.address, token=server.admin_token) as client, proxied(server.address) as proxy:
            lane = Lane(Fault.CUT_ANSWER, Lab(client, server.admin_token), proxy)
            await lane.lab.prepare()
            for path in STREAMS:
                await lane.stream(path)
            await lane.lab.close()
            assert lane.failures == []


class _Handlers(grpc.GenericRpcHandler):
    """One stream that says something and then nothing more."""

    def __init__(self) -> None:
        self.is_left = asyncio.Event()

    def service(self, _details: Any) -> Any:  # noqa: ANN401  gRPC's own types
        return grpc.unary_stream_rpc_method_handler(self._stream)

    async def _stream(self, _request: bytes, context: Any) -> AsyncIterator[None]:  # noqa: ANN401
        await context.write(b"hello")
        try:
            await asyncio.Event().wait()
        finally:
            self.is_left.set()
        yield


def _twenty_times_faster(options: tuple[tuple[str, int], ...]) -> list[tuple[str, int]]:
    return [(name, value // 20 if name.endswith("_ms") else value) for name, value in options]


@pytest.mark.trial
@pytest.mark.spec("R-L6")
@pytest.mark.parametrize("end", ["server", "client"])
async def test_each_end_notices_within_40_s_that_the_other_is_behind_a_black_hole(end: str) -> None:
    """At a twentieth of the times that the server and the client really have: 2 s instead of 40."""
    is_servers = end == "server"
    server = grpc.aio.server(options=_twenty_times_faster(SERVER_KEEPALIVE if is_servers else ()))
    handlers = _Handlers()
    server.add_generic_rpc_handlers((handlers,))
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    await server.start()
    options = _twenty_times_faster(() if is_servers else CLIENT_KEEPALIVE)
    async with proxied(address) as proxy, grpc.aio.insecure_channel(proxy.address, options=options) as channel:
        method: Any = channel.unary_stream("/a.Service/Stream")
        stream = method(b"")
        assert await stream.read() == b"hello"
        await proxy.break_with(Fault.BLACK_HOLE)
        begun = monotonic()
        if is_servers:
            await asyncio.wait_for(handlers.is_left.wait(), 10.0)
        else:
            with pytest.raises(grpc.aio.AioRpcError) as ended:
                await asyncio.wait_for(stream.read(), 10.0)
            assert ended.value.code() is grpc.StatusCode.UNAVAILABLE
        assert monotonic() - begun < 5.0
        stream.cancel()
    await server.stop(None)
