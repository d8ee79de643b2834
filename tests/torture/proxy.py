"""A TCP proxy that can be told to go bad: what stands between clients and server in the trials of the network.

A fault begins at once for the connections that are open and for those that come. After `heal` no connection that was
touched by a fault lives on: bytes are missing in it, as behind a router that was restarted.
"""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from enum import StrEnum
from typing import Final

__all__ = ["Fault", "Proxy", "proxied"]

_CHUNK: Final = 65_536
_LATENCY_S: Final = 0.05
_SLOW_BYTES_PER_S: Final = 4_000
_SLOW_CHUNK: Final = 100
_RESET_NOT_CLOSE: Final = struct.pack("ii", 1, 0)


class Fault(StrEnum):
    """What the network does."""

    LATENCY = "latency"
    """Everything arrives, 50 ms late each way."""
    SLOW = "slow"
    """4,000 bytes a second each way."""
    BLACK_HOLE = "black_hole"
    """Nothing arrives, and nobody is told."""
    LOST_ANSWERS = "lost_answers"
    """What the client sends arrives; nothing comes back, and nobody is told."""
    RESET = "reset"
    """The connection is reset as soon as the client sends something."""
    CUT_REQUEST = "cut_request"
    """Half of what the client sends next arrives, then the connection ends."""
    CUT_ANSWER = "cut_answer"
    """Half of what the server sends next arrives, then the connection ends."""
    REFUSE = "refuse"
    """Connections end, and nobody listens."""


class Proxy:
    """One address that leads to another."""

    def __init__(self, upstream: str) -> None:
        """Lead to `upstream`; nobody listens yet."""
        self.upstream: Final = upstream
        host, _, port = upstream.rpartition(":")
        self._upstream = host, int(port)
        self._fault: Fault | None = None
        self._pairs: set[_Pair] = set()
        self._server: asyncio.Server | None = None
        self._port = 0

    @property
    def address(self) -> str:
        """Where clients connect."""
        return f"127.0.0.1:{self._port}"

    async def open(self) -> None:
        """Listen, on a free port the first time and on the same one later."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def break_with(self, fault: Fault) -> None:
        """Let that happen from now on."""
        self._fault = fault
        if fault is Fault.REFUSE:
            await self._close()

    async def heal(self) -> None:
        """Let new connections be as good as ever."""
        fault, self._fault = self._fault, None
        if fault not in (None, Fault.LATENCY, Fault.SLOW):
            self._abort_all()
        if self._server is None:
            await self.open()

    async def close(self) -> None:
        """End everything."""
        await self._close()

    async def _close(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            server.close()
        self._abort_all()

    def _abort_all(self) -> None:
        for pair in tuple(self._pairs):
            pair.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            upstream = await asyncio.open_connection(*self._upstream)
        except OSError:
            writer.transport.abort()
            return
        pair = _Pair(writer, upstream[1])
        self._pairs.add(pair)
        up = asyncio.create_task(self._pump(pair, reader, upstream[1], is_up=True))
        down = asyncio.create_task(self._pump(pair, upstream[0], writer, is_up=False))
        try:
            await asyncio.wait((up, down), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (up, down):
                task.cancel()
            pair.abort()
            self._pairs.discard(pair)

    async def _pump(
        self, pair: "_Pair", reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, is_up: bool
    ) -> None:
        """Pass bytes on, one way, as well as the fault lets them through."""
        with suppress(OSError):
            while received := await reader.read(_CHUNK):
                match self._fault:
                    case None | Fault.REFUSE:
                        pass
                    case Fault.LATENCY:
                        await asyncio.sleep(_LATENCY_S)
                    case Fault.SLOW:
                        await _dripped(received, writer)
                        continue
                    case Fault.BLACK_HOLE:
                        continue
                    case Fault.LOST_ANSWERS:
                        if not is_up:
                            continue
                    case Fault.RESET:
                        if is_up:
                            pair.reset()
                            return
                    case Fault.CUT_REQUEST | Fault.CUT_ANSWER as fault:
                        if is_up == (fault is Fault.CUT_REQUEST) and len(received) > 1:
                            writer.write(received[: len(received) // 2])
                            await writer.drain()
                            pair.close()
                            return
                writer.write(received)
                await writer.drain()


class _Pair:
    """A client's connection and the one that it leads to."""

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self._writers = client, server

    def abort(self) -> None:
        """End both, whatever was still to be sent."""
        for writer in self._writers:
            writer.transport.abort()

    def close(self) -> None:
        """End both in order."""
        for writer in self._writers:
            writer.close()

    def reset(self) -> None:
        """End both with a reset."""
        for writer in self._writers:
            found = writer.get_extra_info("socket")
            with suppress(OSError):
                found.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_NOT_CLOSE)
        self.abort()


async def _dripped(received: bytes, writer: asyncio.StreamWriter) -> None:
    for at in range(0, len(received), _SLOW_CHUNK):
        writer.write(received[at : at + _SLOW_CHUNK])
        await writer.drain()
        await asyncio.sleep(_SLOW_CHUNK / _SLOW_BYTES_PER_S)


@asynccontextmanager
async def proxied(upstream: str) -> AsyncIterator[Proxy]:
    """A proxy that is good, until the end of the block."""
    proxy = Proxy(upstream)
    await proxy.open()
    try:
        yield proxy
    finally:
        await proxy.close()
