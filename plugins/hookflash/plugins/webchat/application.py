"""What a web chat serves under its channel's path: the socket, and plain HTTP for who cannot open one.

The token is in the first frame or in a header, never in a URL, where logs would keep it.
"""

from typing import Final, final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from hookflash.plugins.webchat.connection import FULL, Connection
from hookflash.plugins.webchat.customers import Customers
from hookflash.plugins.webchat.frames import FRAME_SIZE_MAX, BadFrameError, Cmd, err, read_frame, read_seq
from hookflash.plugins.webchat.settings import WebchatConfig
from hookflash.plugins.webchat.tokens import BadTokenError, Visitor, read_token
from hookflash.sdk import ChannelContext, NotTaken

__all__ = ["make_application"]

_DIGITS_MAX: Final = 16
_STATUS: Final = {"RATE_LIMITED": 429, "UNAVAILABLE": 503}


def make_application(customers: Customers, context: ChannelContext, settings: WebchatConfig) -> Starlette:
    """Serve these customers."""
    chat = _Chat(customers, context, settings)
    allowed = Middleware(
        CORSMiddleware,
        allow_origins=list(settings.pages),
        allow_methods=["GET", "POST"],
        allow_headers=["authorization", "content-type"],
        max_age=3600,
    )
    routes = [
        WebSocketRoute("/socket", chat.socket),
        Route("/events", chat.events, methods=["GET"]),
        Route("/commands", chat.commands, methods=["POST"]),
    ]
    return Starlette(routes=routes, middleware=[allowed])


@final
class _Chat:
    """What stands behind the three paths."""

    def __init__(self, customers: Customers, context: ChannelContext, settings: WebchatConfig) -> None:
        self._customers = customers
        self._context = context
        self._settings = settings

    async def socket(self, websocket: WebSocket) -> None:
        if not self._settings.admits(websocket.headers.get("origin")):
            await websocket.close()  # Before it is accepted: answered 403.
            return
        await websocket.accept()
        if self._customers.outlet_count >= self._settings.sockets_max:
            await websocket.close(FULL)
            return
        await Connection(websocket, self._customers, self._context, self._settings).serve()

    async def events(self, request: Request) -> Response:
        try:
            visitor = self._visitor(request)
            after = _after(request.query_params.get("after", ""))
            return _json({"frames": await self._customers.frames_since(visitor.customer, after)})
        except (BadTokenError, BadFrameError) as error:
            return _refusal(error)
        except NotTaken as refusal:
            return _json(err("", refusal.reason, "Try again in a moment.", refusal.retry_after_s), 503)

    async def commands(self, request: Request) -> Response:
        try:
            visitor = self._visitor(request)
            command = await _command(request)
        except (BadTokenError, BadFrameError) as error:
            return _refusal(error)
        answer = await self._customers.run(visitor, command)
        return _json(answer, 200 if answer["frame"] == "ok" else _STATUS.get(answer["code"], 400))

    def _visitor(self, request: Request) -> Visitor:
        if not self._settings.admits(request.headers.get("origin")):
            raise BadTokenError("this page may not open a chat: its origin is not in the channel's settings")
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        given = token if scheme.lower() == "bearer" else ""
        return read_token(self._settings.signers, given, self._context.clock())


def _after(given: str) -> int | None:
    is_number = given.isascii() and given.isdecimal() and len(given) <= _DIGITS_MAX
    return read_seq(int(given) if is_number else given or None)


async def _command(request: Request) -> Cmd:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > FRAME_SIZE_MAX:
            raise BadFrameError(f"a frame has at most {FRAME_SIZE_MAX} bytes")
    command = read_frame(body)
    if not isinstance(command, Cmd):
        raise BadFrameError("what is posted here is a cmd")
    return command


def _refusal(error: BadTokenError | BadFrameError) -> Response:
    if isinstance(error, BadTokenError):
        return _json(err("", "BAD_TOKEN", str(error)), 401)
    return _json(err(error.id, "BAD_FRAME", str(error)), 400)


def _json(content: dict[str, object], status: int = 200) -> Response:
    headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
    return JSONResponse(content, status_code=status, headers=headers)
