"""The client that all loads use: it speaks gRPC with a real server, and what goes wrong is told to whoever asked."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
import grpc.aio
import pytest

from hookflash.cli.bench.hpack import RequestHeaders, literals
from hookflash.cli.bench.wire import CallError, Wire

Context = grpc.aio.ServicerContext[bytes, bytes]


async def _echo(request: bytes, context: Context) -> bytes:
    seen = dict(context.invocation_metadata() or ())
    return request + str(seen["authorization"]).encode()


async def _large(request: bytes, _context: Context) -> bytes:
    return request * int(request)


async def _refuse(_request: bytes, context: Context) -> bytes:
    await context.abort(grpc.StatusCode.FAILED_PRECONDITION, "Nö, 100 % not.")
    raise AssertionError


async def _count(request: bytes, _context: Context) -> AsyncIterator[bytes]:
    for number in range(int(request)):
        yield str(number).encode()
    await asyncio.Event().wait()


@asynccontextmanager
async def served() -> AsyncIterator[Wire]:
    server = grpc.aio.server(options=(("grpc.so_reuseport", 0),))
    unary = {"Echo": _echo, "Large": _large, "Refuse": _refuse}
    handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
        name: grpc.unary_unary_rpc_method_handler(behaviour) for name, behaviour in unary.items()
    }
    handlers["Count"] = grpc.unary_stream_rpc_method_handler(_count)
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("t.T", handlers),))
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    wire = await Wire.open(f"127.0.0.1:{port}", "secret")
    try:
        yield wire
    finally:
        wire.close()
        await server.stop(None)


async def test_many_calls_at_once_are_each_answered_with_their_own() -> None:
    async with served() as wire:
        answers = await asyncio.gather(*(wire.ask("/t.T/Echo", str(number).encode()) for number in range(300)))
        assert answers == [f"{number}Bearer secret".encode() for number in range(300)]


async def test_bodies_beyond_the_first_window_go_through() -> None:
    async with served() as wire:
        body = b"x" * 40_000
        answers = await asyncio.gather(*(wire.ask("/t.T/Echo", body) for _ in range(20)))
        assert answers == [body + b"Bearer secret"] * 20
        with pytest.raises(ValueError, match="more than this client sends"):
            wire.ask("/t.T/Echo", b"x" * 70_000)


async def test_an_answer_of_many_frames_is_put_together() -> None:
    async with served() as wire:
        assert await wire.ask("/t.T/Large", b"500000") == b"500000" * 500_000


async def test_a_refusal_is_raised_with_its_status_and_words() -> None:
    async with served() as wire:
        with pytest.raises(CallError, match="status 9: Nö, 100 % not"):
            await wire.ask("/t.T/Refuse", b"")
        with pytest.raises(CallError, match="status 12"):
            await wire.ask("/t.T/Nothing", b"")


async def test_a_failure_that_nobody_asked_to_hear_of_breaks_the_wire() -> None:
    async with served() as wire:
        wire.call("/t.T/Refuse", b"", lambda _answer: None)
        with pytest.raises(CallError, match="status 9"):
            await wire.broken


async def test_items_of_a_stream_come_in_order_until_it_is_cancelled() -> None:
    async with served() as wire:
        heard: list[bytes] = []
        done = asyncio.Event()

        def hear(item: bytes) -> None:
            heard.append(item)
            if len(heard) == 1_000:
                done.set()

        number = wire.read("/t.T/Count", b"1000", hear)
        await done.wait()
        wire.cancel(number)
        assert heard == [str(number).encode() for number in range(1_000)]
        # The connection lives on.
        assert await wire.ask("/t.T/Echo", b"") == b"Bearer secret"


async def test_a_server_that_goes_away_ends_every_call() -> None:
    async def cut(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(cut, "127.0.0.1", 0)
    wire = await Wire.open(f"127.0.0.1:{server.sockets[0].getsockname()[1]}", "")
    with pytest.raises(CallError, match="The connection was lost"):
        await wire.ask("/t.T/Echo", b"")
    with pytest.raises(CallError, match="The connection was lost"):
        await wire.broken
    server.close()
    await server.wait_closed()


def test_a_header_is_spelled_out_once_and_numbered_from_then_on() -> None:
    headers = RequestHeaders("localhost:1", "secret" * 40)
    first, second = headers.block("/t.T/Echo"), headers.block("/t.T/Echo")
    assert dict(literals(first)) == {
        b":path": b"/t.T/Echo",
        b":authority": b"localhost:1",
        b"te": b"trailers",
        b"content-type": b"application/grpc",
        b"authorization": b"Bearer " + b"secret" * 40,
    }
    assert second == b"\x83\x86" + bytes(0x80 | 61 + number for number in (5, 4, 3, 2, 1))
    assert dict(literals(headers.block("/t.T/Other", "30S"))) == {b":path": b"/t.T/Other", b"grpc-timeout": b"30S"}
    assert headers.block("/t.T/Echo") == b"\x83\x86" + bytes(0x80 | 61 + number for number in (7, 6, 5, 4, 3))
