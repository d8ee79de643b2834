"""The engine's end of a front's socket: each call becomes a task, and what these tasks send leaves once a turn."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeAlias

import grpc
import structlog

from hookflash.engine.front.frames import (
    Answered,
    Batches,
    Cancelled,
    Ended,
    FromEngine,
    FromFront,
    Invoked,
    Kind,
    Listening,
    NotListening,
    Taken,
    packed,
)
from hookflash.engine.server.fronted import FrontedCall
from hookflash.engine.starting import StartError

__all__ = ["Handlers", "Link", "kind_of"]

Handlers: TypeAlias = Mapping[str, Any]
"""A `grpc.RpcMethodHandler` for each method, by its path on the wire, such as `/hookflash.v1.AgentService/Attach`."""

_Serve: TypeAlias = Callable[[Invoked, FrontedCall], Awaitable[FromEngine]]
_UNKNOWN: Final[int] = grpc.StatusCode.UNKNOWN.value[0]
_log = structlog.get_logger("hookflash.server")


class Link(asyncio.Protocol):
    """One front's calls."""

    def __init__(self, handlers: Sequence[Any]) -> None:
        """Take the handlers, in the order of `Listen.methods`."""
        self._loop = asyncio.get_running_loop()
        self._served = tuple((_serving(each), each.response_serializer) for each in handlers)
        self._batches: Batches[FromFront] = Batches(FromFront)
        self._calls: dict[int, FrontedCall] = {}
        self._out: list[FromEngine] = []
        self._transport: asyncio.WriteTransport | None = None
        self._lost = asyncio.Event()
        self.port: asyncio.Future[int] = self._loop.create_future()
        """The port that the front took, or 0; StartError where it ended before it could say."""

    def send(self, frame: FromEngine) -> None:
        """Send a frame, with all others of this turn."""
        if not self._out:
            self._loop.call_soon(self._flush)
        self._out.append(frame)

    async def lost(self) -> None:
        """Wait until the front is gone, and every call with it."""
        await self._lost.wait()
        if tasks := [call.task for call in self._calls.values() if call.task is not None]:
            await asyncio.wait(tasks)

    def _flush(self) -> None:
        if self._transport is not None:
            self._transport.write(packed(self._out))
        self._out.clear()

    # --- what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.WriteTransport)  # noqa: S101  a socket's, says asyncio
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  asyncio names it
        """The front is gone, and with it everybody who called through it."""
        self._transport = None
        for call in self._calls.values():
            call.cancel()
        if not self.port.done():
            self.port.set_exception(StartError("The process that speaks gRPC ended as it was started; see the log."))
        self._lost.set()

    def data_received(self, data: bytes) -> None:
        """Take frames apart."""
        for frame in self._batches.of(data):
            if type(frame) is Invoked:
                self._invoked(frame)
            elif type(frame) is Taken:
                if (call := self._calls.get(frame.number)) is not None:
                    call.taken(frame.size)
            elif type(frame) is Cancelled:
                if (call := self._calls.get(frame.number)) is not None:
                    call.cancel()
            elif type(frame) is Listening:
                self.port.set_result(frame.port)
            elif type(frame) is NotListening:
                self.port.set_result(0)

    # --- calls

    def _invoked(self, invoked: Invoked) -> None:
        serve, serialized = self._served[invoked.method]
        call = FrontedCall(invoked, self.send, serialized)
        self._calls[invoked.number] = call
        call.task = self._loop.create_task(self._serve(serve, invoked, call))

    async def _serve(self, serve: _Serve, invoked: Invoked, call: FrontedCall) -> None:
        try:
            self.send(await serve(invoked, call))
        except grpc.aio.AbortError:
            pass  # Its status was sent as it was raised.
        except Exception as error:  # noqa: BLE001  the guard catches what is ours; this is of gRPC's own services
            _log.error("call.broke", error=type(error).__name__)
            self.send(Ended(invoked.number, _UNKNOWN, "Something went wrong here, and the log has it."))
        finally:
            del self._calls[invoked.number]


def kind_of(handler: Any) -> Kind:  # noqa: ANN401  gRPC types no handler's parts
    """How the handler's method is called."""
    if handler.request_streaming:
        return Kind.EXCHANGE
    return Kind.STREAM if handler.response_streaming else Kind.UNARY


def _serving(handler: Any) -> _Serve:  # noqa: ANN401
    match kind_of(handler):
        case Kind.UNARY:
            return partial(_answered, handler)
        case Kind.STREAM:
            return partial(_streamed, handler)
        case Kind.EXCHANGE:
            return partial(_exchanged, handler)


async def _answered(handler: Any, invoked: Invoked, call: FrontedCall) -> FromEngine:  # noqa: ANN401
    return Answered(invoked.number, handler.response_serializer(await handler.unary_unary(invoked.body, call)))


async def _streamed(handler: Any, invoked: Invoked, call: FrontedCall) -> FromEngine:  # noqa: ANN401
    await handler.unary_stream(invoked.body, call)
    return Ended(invoked.number)


async def _exchanged(handler: Any, invoked: Invoked, call: FrontedCall) -> FromEngine:  # noqa: ANN401
    """Answer one request of a stream of them: each comes as a call of its own, and has one answer."""

    async def requests() -> AsyncIterator[bytes]:
        yield invoked.body

    answers = [handler.response_serializer(each) async for each in handler.stream_stream(requests(), call)]
    return Answered(invoked.number, answers[0])
