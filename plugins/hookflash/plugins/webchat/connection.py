"""One web socket: a reader that does what the customer says, and a writer that never holds anybody up.

Frames for the customer stand in a bounded line. Whoever does not fetch them is cut off and comes back with the number
of the last frame he has; so a slow socket costs its own line and nothing else.
"""

import asyncio
import json
from collections.abc import Coroutine
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, final

from hookflash.plugins.webchat.customers import Customers
from hookflash.plugins.webchat.frames import (
    FRAME_SIZE_MAX,
    BadFrameError,
    Cmd,
    Hello,
    Json,
    Ping,
    err,
    read_frame,
)
from hookflash.plugins.webchat.history import Entry
from hookflash.plugins.webchat.rates import Rates
from hookflash.plugins.webchat.settings import WebchatConfig
from hookflash.plugins.webchat.tokens import BadTokenError, Visitor, read_token
from hookflash.sdk import ChannelContext, NotTaken, ReceiptState

if TYPE_CHECKING:
    from starlette.websockets import WebSocket

__all__ = ["BAD_FRAME", "BAD_TOKEN", "FLOOD", "FULL", "SLOW", "TOO_BIG", "Connection"]

TOO_BIG: Final = 1009
FULL: Final = 1013
BAD_FRAME: Final = 4400
BAD_TOKEN: Final = 4401
SLOW: Final = 4408
FLOOD: Final = 4429

# In real time, for it is the network that is slow.
_HELLO_S: Final = 10.0
_SILENT_S: Final = 45.0
_WRITE_S: Final = 10.0
_CLOSE_S: Final = 1.0

_LINE_LENGTH_MAX: Final = 256
_BAD_FRAMES_MAX: Final = 10
_FRAMES_PER_S: Final = 20.0
_FRAMES_BURST: Final = 100


class _End(Exception):  # noqa: N818  it ends a socket, for whichever reason
    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@final
class Connection:
    """A socket from its hello to its end; what a customer is shown goes into `put`."""

    def __init__(
        self, socket: "WebSocket", customers: Customers, context: ChannelContext, settings: WebchatConfig
    ) -> None:
        """The socket has been accepted."""
        self._socket = socket
        self._customers = customers
        self._context = context
        self._settings = settings
        self._line: asyncio.Queue[tuple[Json, Entry | None]] = asyncio.Queue(_LINE_LENGTH_MAX)
        self._ended: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._rates = Rates(_FRAMES_PER_S, _FRAMES_BURST)
        self._bad_frames = 0

    def put(self, frame: Json, entry: Entry | None = None) -> None:
        """Put a frame into the line; where that is full, the socket is cut."""
        try:
            self._line.put_nowait((frame, entry))
        except asyncio.QueueFull:
            self.cut(SLOW)

    def cut(self, code: int) -> None:
        """End it, soon."""
        if not self._ended.done():
            self._ended.set_result(code)

    async def serve(self) -> None:
        """Serve until either side ends it."""
        visitor = await self._greeted()
        if visitor is None:
            return
        tasks: list[asyncio.Future[None]] = [
            asyncio.ensure_future(self._within(self._read(visitor))),
            asyncio.ensure_future(self._within(self._write(visitor))),
        ]
        try:
            halves: list[asyncio.Future[Any]] = [*tasks, self._ended]
            await asyncio.wait(halves, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._customers.leave(visitor.customer, self)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if self._ended.done():
            await self._close(self._ended.result())

    async def _greeted(self) -> Visitor | None:
        try:
            async with asyncio.timeout(_HELLO_S):
                hello = _hello(await self._next())
            visitor = read_token(self._settings.signers, hello.token, self._context.clock())
            await self._customers.enter(visitor.customer, hello.after, self)
        except BadFrameError as error:
            await self._refuse("BAD_FRAME", str(error), BAD_FRAME)
        except BadTokenError as error:
            await self._refuse("BAD_TOKEN", str(error), BAD_TOKEN)
        except (TimeoutError, _End) as error:
            await self._close(error.code if isinstance(error, _End) else SLOW)
        else:
            return visitor
        return None

    async def _within(self, half: Coroutine[Any, Any, None]) -> None:
        try:
            await half
        except _End as end:
            self.cut(end.code)
        except TimeoutError:
            self.cut(SLOW)

    async def _read(self, visitor: Visitor) -> None:
        while True:
            async with asyncio.timeout(_SILENT_S):
                text = await self._next()
            now: datetime = self._context.clock()
            if visitor.expires <= now:
                raise _End(BAD_TOKEN)
            if self._rates.wait_s("", now.timestamp()):
                raise _End(FLOOD)
            try:
                frame = read_frame(text)
            except BadFrameError as error:
                self._bad_frames += 1
                if self._bad_frames > _BAD_FRAMES_MAX:
                    raise _End(BAD_FRAME) from error
                self.put(err(error.id, "BAD_FRAME", str(error)))
                continue
            match frame:
                case Ping():
                    self.put({"frame": "pong"})
                case Cmd():
                    self.put(await self._customers.run(visitor, frame))
                case _:
                    self.put(err("hello", "BAD_FRAME", "hello is said once"))

    async def _write(self, visitor: Visitor) -> None:
        reached = 0
        while True:
            frame, entry = await self._line.get()
            async with asyncio.timeout(_WRITE_S):
                await self._socket.send_text(json.dumps(frame, ensure_ascii=False, separators=(",", ":")))
            reached = max(reached, entry.seq if entry is not None and entry.delivery else 0)
            if reached and self._line.empty():
                # Not taken now, they are reported with the next ones.
                with suppress(NotTaken):
                    await self._customers.reached(visitor.customer, ReceiptState.DELIVERED, reached)
                    reached = 0

    async def _next(self) -> str:
        message = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            raise _End(0)
        text = message.get("text")
        if text is None:
            raise _End(BAD_FRAME)
        if len(text) > FRAME_SIZE_MAX:
            raise _End(TOO_BIG)
        return str(text)

    async def _refuse(self, code: str, text: str, close_code: int) -> None:
        with suppress(Exception):
            async with asyncio.timeout(_CLOSE_S):
                await self._socket.send_text(json.dumps(err("hello", code, text)))
        await self._close(close_code)

    async def _close(self, code: int) -> None:
        if not code:
            return  # The client has gone already.
        # A socket that takes nothing takes no farewell either.
        with suppress(Exception):
            async with asyncio.timeout(_CLOSE_S):
                await self._socket.close(code)


def _hello(text: str) -> Hello:
    frame = read_frame(text)
    if not isinstance(frame, Hello):
        raise BadFrameError("the first frame is hello")
    return frame
