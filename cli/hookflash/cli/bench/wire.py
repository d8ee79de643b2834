"""A gRPC client for measuring: HTTP/2 frames in, HTTP/2 frames out, callbacks between; some 20 us of CPU a call.

gRPC's own Python client costs as much as a server does. On a machine that both share it would be half of what is
measured; so every load here, the bare echo's too, is made by this one. Bodies are encoded messages; many requests that
become ready together leave in one write, as they do with any client that is busy.
"""

import asyncio
from collections.abc import Callable
from struct import Struct
from typing import Final
from urllib.parse import unquote

from hookflash.cli.bench.hpack import RequestHeaders, literals

__all__ = ["CallError", "Wire"]

Answered = Callable[[bytes], None]
Failed = Callable[["CallError"], None]

_PREFACE: Final = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
_FRAME: Final = Struct(">BHBBI")
_MESSAGE: Final = Struct(">BI")
_DATA, _HEADERS, _RESET, _SETTINGS, _PING, _GOAWAY, _WINDOW, _CONTINUATION = 0, 1, 3, 4, 6, 7, 8, 9
_END_STREAM, _END_HEADERS, _ACK = 1, 4, 1
_PADDED_OR_PRIORITY: Final = 0x28
_WINDOW_MAX: Final = 2**31 - 1
_WINDOW_FIRST: Final = 65_535
_GRANTED: Final = 1 << 24
_FRAME_BYTES_MAX: Final = 16_384
_DEADLINE: Final = "30S"
_CANCEL: Final = 8


class CallError(Exception):
    """A call that was not answered with OK: the status code's number and the server's words."""


class _Stream:
    """One call under way; `answered` is told of each message as it comes, or of the only one at the end."""

    __slots__ = ("answered", "failed", "is_unary", "message", "rest")

    def __init__(self, answered: Answered, failed: Failed | None, *, is_unary: bool) -> None:
        self.answered, self.failed, self.is_unary = answered, failed, is_unary
        self.rest = self.message = b""


class Wire(asyncio.Protocol):
    """One connection to a server, as many calls at once as one likes."""

    def __init__(self, address: str, token: str) -> None:
        """Stand ready; `open` connects."""
        self._headers = RequestHeaders(address, token)
        self._transport: asyncio.Transport | None = None
        self._streams: dict[int, _Stream] = {}
        self._next = 1
        self._rest = b""
        self._out: list[bytes] = []
        self._is_flush_due = False
        self._loop = asyncio.get_running_loop()
        self._window = _WINDOW_FIRST
        self._held: list[tuple[int, bytes]] = []
        self._received = 0
        self._fine: set[bytes] = set()
        self._is_closed = False
        self.broken: asyncio.Future[None] = self._loop.create_future()
        """Ends with the first failure that nobody else was told of."""

    @classmethod
    async def open(cls, address: str, token: str) -> "Wire":
        """Connect. Raises OSError."""
        host, _, port = address.rpartition(":")
        loop = asyncio.get_running_loop()
        _, wire = await loop.create_connection(lambda: cls(address, token), host.strip("[]"), int(port))
        return wire

    def close(self) -> None:
        """End the connection and every call on it."""
        self._is_closed = True
        self._streams.clear()
        if self._transport is not None:
            self._transport.abort()
        self.broken.cancel()

    # --- calls

    def call(self, path: str, body: bytes, answered: Answered, failed: Failed | None = None) -> None:
        """Make a unary call; the answer comes to `answered`. Where `failed` is None a failure breaks the wire."""
        self._begin(path, body, _Stream(answered, failed, is_unary=True), _DEADLINE)

    def read(self, path: str, body: bytes, heard: Answered, failed: Failed | None = None) -> int:
        """Open a stream of answers, each comes to `heard`; return what `cancel` takes."""
        return self._begin(path, body, _Stream(heard, failed, is_unary=False), "")

    def ask(self, path: str, body: bytes) -> "asyncio.Future[bytes]":
        """Make a unary call and await its answer. Raises CallError."""
        answer: asyncio.Future[bytes] = self._loop.create_future()

        def resolve(body: bytes) -> None:
            if not answer.done():
                answer.set_result(body)

        def fail(error: CallError) -> None:
            if not answer.done():
                answer.set_exception(error)

        self.call(path, body, resolve, fail)
        return answer

    def cancel(self, number: int) -> None:
        """End a stream of answers."""
        if self._streams.pop(number, None) is not None:
            self._out.append(_frame(_RESET, 0, number, _CANCEL.to_bytes(4, "big")))
            self._flush_soon()

    def _begin(self, path: str, body: bytes, stream: _Stream, timeout: str) -> int:
        if len(body) + _MESSAGE.size > _WINDOW_FIRST:
            raise ValueError(f"A body of {len(body)} bytes is more than this client sends; send several.")
        number, self._next = self._next, self._next + 2
        self._streams[number] = stream
        self._out.append(_frame(_HEADERS, _END_HEADERS, number, self._headers.block(path, timeout)))
        message = _MESSAGE.pack(0, len(body)) + body
        if self._held or len(message) > self._window:
            self._held.append((number, message))
        else:
            self._send_message(number, message)
        self._flush_soon()
        return number

    def _send_message(self, number: int, message: bytes) -> None:
        self._window -= len(message)
        while len(message) > _FRAME_BYTES_MAX:
            self._out.append(_frame(_DATA, 0, number, message[:_FRAME_BYTES_MAX]))
            message = message[_FRAME_BYTES_MAX:]
        self._out.append(_frame(_DATA, _END_STREAM, number, message))

    def _flush_soon(self) -> None:
        if not self._is_flush_due:
            self._is_flush_due = True
            self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        self._is_flush_due = False
        if self._out and self._transport is not None:
            self._transport.write(b"".join(self._out))
            self._out.clear()

    # --- what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Say who we are: no table of headers for the server, windows as wide as they go."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101  a stream's transport, says asyncio
        self._transport = transport
        settings = Struct(">HIHIHI").pack(1, 0, 2, 0, 4, _WINDOW_MAX)
        widened = (_WINDOW_MAX - _WINDOW_FIRST).to_bytes(4, "big")
        transport.write(_PREFACE + _frame(_SETTINGS, 0, 0, settings) + _frame(_WINDOW, 0, 0, widened))

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell every call."""
        if not self._is_closed:
            self._break(CallError(f"The connection was lost: {exc or 'the server closed it'}."))

    def data_received(self, data: bytes) -> None:
        """Take frames apart."""
        data = self._rest + data if self._rest else data
        at, end = 0, len(data)
        while end - at >= _FRAME.size:
            high, low, kind, flags, number = _FRAME.unpack_from(data, at)
            begin = at + _FRAME.size
            after = begin + (high << 16 | low)
            if after > end:
                break
            at = after
            try:
                self._take(kind, flags, number, data[begin:after])
            except CallError as error:
                self._break(error)
                return
        self._rest = data[at:]
        self._flush()

    # --- frames

    def _take(self, kind: int, flags: int, number: int, body: bytes) -> None:
        if kind == _DATA:
            self._take_message(number, body)
            if flags & _END_STREAM:
                self._end(number, CallError("The answer ended without a status."))
        elif kind == _HEADERS:
            if not flags & _END_HEADERS or flags & _PADDED_OR_PRIORITY:
                raise CallError("The server's headers are in a form that this client does not read.")
            if flags & _END_STREAM:
                self._end(number, self._status(body))
        elif kind == _RESET:
            self._end(number, CallError(f"The server reset the call, code {int.from_bytes(body, 'big')}."))
        elif kind == _SETTINGS and not flags & _ACK:
            self._out.append(_frame(_SETTINGS, _ACK, 0, b""))
        elif kind == _PING and not flags & _ACK:
            self._out.append(_frame(_PING, _ACK, 0, body))
        elif kind == _WINDOW and not number:
            self._window += int.from_bytes(body, "big")
            self._release_held()
        elif kind == _GOAWAY:
            raise CallError(f"The server ends the connection: {body[8:].decode(errors='replace')}.")
        elif kind == _CONTINUATION:
            raise CallError("The server's headers are longer than this client reads.")

    def _take_message(self, number: int, body: bytes) -> None:
        self._received += len(body)
        if self._received >= _GRANTED:
            self._out.append(_frame(_WINDOW, 0, 0, self._received.to_bytes(4, "big")))
            self._received = 0
        stream = self._streams.get(number)
        if stream is None:
            return
        body = stream.rest + body if stream.rest else body
        at = 0
        while len(body) - at >= _MESSAGE.size:
            _, length = _MESSAGE.unpack_from(body, at)
            after = at + _MESSAGE.size + length
            if after > len(body):
                break
            message, at = body[at + _MESSAGE.size : after], after
            if stream.is_unary:
                stream.message = message
            else:
                stream.answered(message)
        stream.rest = body[at:]

    def _status(self, block: bytes) -> CallError | None:
        if block in self._fine:
            return None
        found = dict(literals(block))
        if found.get(b"grpc-status") == b"0":
            self._fine.add(block)
            return None
        words = unquote(found.get(b"grpc-message", b"").decode(errors="replace"))
        return CallError(f"status {found.get(b'grpc-status', b'?').decode()}: {words}")

    def _end(self, number: int, error: CallError | None) -> None:
        stream = self._streams.pop(number, None)
        if stream is None:
            return
        if error is None and stream.is_unary:
            stream.answered(stream.message)
        elif error is not None and stream.failed is not None:
            stream.failed(error)
        else:
            self._break(error or CallError("A stream ended."))

    def _release_held(self) -> None:
        while self._held and len(self._held[0][1]) <= self._window:
            self._send_message(*self._held.pop(0))

    def _break(self, error: CallError) -> None:
        if not self.broken.done():
            self.broken.set_exception(error)
        streams, self._streams = self._streams, {}
        for stream in streams.values():
            if stream.failed is not None:
                stream.failed(error)


def _frame(kind: int, flags: int, number: int, body: bytes) -> bytes:
    length = len(body)
    return _FRAME.pack(length >> 16, length & 0xFFFF, kind, flags, number) + body
