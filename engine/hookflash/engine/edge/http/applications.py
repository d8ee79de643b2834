"""Adapters' own applications (pages, web sockets), each under its channel's path.

An application runs in a task of its adapter, which ends with the adapter, and whatever it raises ends that call only.
"""

from typing import Final, final

from starlette.types import Message, Receive, Scope, Send

from hookflash.engine.edge.adapter_host import AdapterHost
from hookflash.sdk.types import ChannelId

__all__ = ["Applications"]

_CLOSED: Final = 1011


@final
class Applications:
    """The ASGI application that finds the channel's own."""

    def __init__(self, host: AdapterHost, *, body_bytes_max: int) -> None:
        """Serve what these channels have; no request's body is larger than that."""
        self._host = host
        self._body_bytes_max = body_bytes_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or web socket."""
        run = self._host.run_of(ChannelId(scope["path_params"]["channel"]))
        if run is None or run.app is None:
            await _refuse(scope, send, 404)
            return
        call = _Call(receive, send, self._body_bytes_max)
        if not await run.serve_app(dict(scope), call.receive, call.send) and not call.is_over:
            await (_refuse(scope, send, 500) if not call.has_begun else _break(scope, send))


class _Call:
    """Sees how far an answer has come, and gives an application no more of a body than it may have."""

    def __init__(self, receive: Receive, send: Send, body_bytes_max: int) -> None:
        self.has_begun = self.is_over = False
        self._receive, self._send = receive, send
        self._left = body_bytes_max

    async def receive(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        return {"type": "http.disconnect"} if self._left < 0 else message

    async def send(self, message: Message) -> None:
        self.has_begun = True
        is_last = message["type"] == "http.response.body" and not message.get("more_body", False)
        self.is_over = self.is_over or is_last or message["type"] == "websocket.close"
        await self._send(message)


async def _refuse(scope: Scope, send: Send, status: int) -> None:
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": _CLOSED})
        return
    await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


async def _break(scope: Scope, send: Send) -> None:
    """End what was begun and cannot be finished."""
    if scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": _CLOSED})
