"""The process that speaks gRPC, and what is left of calls when it or their callers end."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
from structlog.testing import capture_logs

from hookflash.engine.domain.limits import Limits
from hookflash.engine.front.frames import Answered, Batches, FromEngine, Invoked, Item, packed
from hookflash.engine.front.front import TAKEN_BYTES
from hookflash.engine.server.fronted import ON_THE_WAY_BYTES, FrontedCall
from hookflash.engine.server.fronts import FrontProcess
from hookflash.engine.server.listener import FrontListener
from hookflash.engine.settings import Settings

SAY, POUR = "/test.Service/Say", "/test.Service/Pour"
TOKEN = "Bearer hf_1234"  # noqa: S105  what must not come out


@asynccontextmanager
async def fronted(listener: FrontListener, **handlers: Any) -> AsyncIterator[Any]:  # noqa: ANN401
    """A client of a listener whose methods are these: `Say` answers, any other pours."""
    made: dict[str, Any] = {}
    for name, handler in handlers.items():
        make = grpc.unary_unary_rpc_method_handler if name == "Say" else grpc.unary_stream_rpc_method_handler
        made[f"/test.Service/{name}"] = make(handler, None, bytes)
    address = await listener.start(Settings(listen="127.0.0.1:0"), made)
    try:
        async with grpc.aio.insecure_channel(address) as channel:
            yield channel
    finally:
        await listener.stop(0.0)


async def _answer_of(method: Any) -> bytes:  # noqa: ANN401
    """Ask until there is an answer, as the client library does: a call may still go out by the connection that dies."""
    async with asyncio.timeout(20.0):
        while True:
            try:
                return bytes(await method(b"again", wait_for_ready=True))
            except grpc.aio.AioRpcError as error:
                assert error.code() is grpc.StatusCode.UNAVAILABLE  # noqa: PT017  whatever else would be a defect


async def echo(body: bytes, _context: FrontedCall) -> bytes:
    return body


async def test_a_front_that_is_killed_is_replaced_on_the_same_port_and_the_next_call_is_answered() -> None:
    listener = FrontListener((), FrontProcess)
    asked: list[asyncio.Task[Any]] = []
    hears = asyncio.Event()

    async def wait(_body: bytes, _context: FrontedCall) -> None:
        task = asyncio.current_task()
        assert task is not None
        asked.append(task)
        hears.set()
        await asyncio.Event().wait()

    with capture_logs() as logs:
        async with fronted(listener, Say=echo, Pour=wait) as channel:
            stream = channel.unary_stream(POUR)(b"")
            await hears.wait()
            assert isinstance(listener.front, FrontProcess)
            os.kill(listener.front.pid, signal.SIGKILL)
            with pytest.raises(grpc.aio.AioRpcError) as lost:
                await stream.read()
            assert lost.value.code() is grpc.StatusCode.UNAVAILABLE
            assert await _answer_of(channel.unary_unary(SAY)) == b"again"
            assert asked[0].cancelled(), "nobody is left to hear it"
    assert [log["how"] for log in logs if log["event"] == "front.ended"] == ["with code -9"]


@pytest.mark.spec("I16")
async def test_of_a_flood_of_commands_few_are_taken_above_the_limit_and_others_still_get_in() -> None:
    settings = Settings(listen="127.0.0.1:0", limits=Limits(unary_calls_max=4))
    begun, some, go_on = 0, asyncio.Event(), asyncio.Event()

    async def wait(body: bytes, _context: FrontedCall) -> bytes:
        nonlocal begun
        begun += 1
        if begun == 4:
            some.set()
        await go_on.wait()
        return body

    listener, read = FrontListener(()), "/test.Service/Read"
    make = grpc.unary_unary_rpc_method_handler
    made: dict[str, Any] = {SAY: make(wait, None, bytes), read: make(echo, None, bytes)}
    address = await listener.start(settings, made, commands={SAY})
    async with grpc.aio.insecure_channel(address) as channel:
        say: Any = channel.unary_unary(SAY)
        ask: Any = channel.unary_unary(read)
        flood = [say(b"") for _ in range(300)]
        await some.wait()
        assert begun < 100, "the others wait where they cost nothing"
        answer = await ask(b"how are you", timeout=60.0)
        assert (answer, any(call.done() for call in flood)) == (b"how are you", False)
        go_on.set()
        assert await asyncio.gather(*flood) == 300 * [b""]
    await listener.stop(0.0)


async def test_a_client_that_leaves_ends_what_was_done_for_it() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def wait(_body: bytes, _context: FrontedCall) -> bytes:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return b""

    async with fronted(FrontListener(()), Say=wait) as channel:
        call = channel.unary_unary(SAY)(b"")
        await begun.wait()
        call.cancel()
        await asyncio.wait_for(ended.wait(), 10.0)


async def test_a_reader_who_reads_nothing_stops_who_writes_and_gets_everything_when_he_reads() -> None:
    item, count = bytes(100_000), 300
    written = 0

    async def pour(_body: bytes, context: FrontedCall) -> None:
        nonlocal written
        for _ in range(count):
            await context.write(item)
            written += 1

    async with fronted(FrontListener(()), Pour=pour, Say=echo) as channel:
        stream = channel.unary_stream(POUR)(b"")
        assert await stream.read() == item
        # The windows of gRPC take some megabytes, what the two of us have on the way some kilobytes; this is thirty.
        for _ in range(20):
            await channel.unary_unary(SAY)(b"")
        assert written < count
        assert [await stream.read() for _ in range(count - 1)] == [item] * (count - 1)
        assert await stream.read() is grpc.aio.EOF


async def test_a_writer_goes_on_when_his_reader_has_taken_what_was_on_the_way() -> None:
    sent: list[FromEngine] = []
    call = FrontedCall(Invoked(1, 0, b"", (), "", None), sent.append, bytes)
    await call.write(bytes(ON_THE_WAY_BYTES))
    writing = asyncio.ensure_future(call.write(b"next"))
    await asyncio.sleep(0)
    assert len(sent) == 1
    call.taken(TAKEN_BYTES)
    await writing
    assert len(sent) == 2


async def test_an_answer_of_many_pieces_and_a_status_with_details_arrive_whole() -> None:
    async def refuse(body: bytes, context: FrontedCall) -> bytes:
        if body == b"refuse":
            await context.abort(grpc.StatusCode.NOT_FOUND, "Nobody is called Ünal.", (("more-bin", b"\0\1"),))
        return 3_000_000 * b"x"

    listener = FrontListener(())
    address = await listener.start(
        Settings(listen="127.0.0.1:0"), {SAY: grpc.unary_unary_rpc_method_handler(refuse, None, bytes)}
    )
    channel: Any
    async with grpc.aio.insecure_channel(address) as channel:
        assert await channel.unary_unary(SAY)(b"") == 3_000_000 * b"x"
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await channel.unary_unary(SAY)(b"refuse")
        assert (refused.value.code(), refused.value.details()) == (grpc.StatusCode.NOT_FOUND, "Nobody is called Ünal.")
        assert ("more-bin", b"\0\1") in tuple(refused.value.trailing_metadata() or ())
        with pytest.raises(grpc.aio.AioRpcError) as unknown:
            await channel.unary_unary("/test.Service/Nothing")(b"")
        assert unknown.value.code() is grpc.StatusCode.UNIMPLEMENTED
    await listener.stop(0.0)


def test_batches_that_come_in_pieces_are_whole_again_and_none_shows_what_it_holds() -> None:
    batches: Batches[FromEngine] = Batches(FromEngine)
    sent: list[FromEngine] = [Answered(1, b"one"), Item(2, b"two"), Answered(3, b"three")]
    data = packed(sent[:2]) + packed(sent[2:])
    assert [frame for at in range(len(data)) for frame in batches.of(data[at : at + 1])] == sent
    assert TOKEN not in repr(Invoked(1, 0, b"", (("authorization", TOKEN),), "", None))
