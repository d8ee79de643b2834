"""The webhook of one channel that is served here: the same paths as the engine's own HTTP edge has.

A request is acknowledged when the engine has what it brought. Nothing of it is believed before it is verified.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from typing import Final, final

import structlog
import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from hookflash.cli.failures import CommandError, ExitCode
from hookflash.sdk.channel import Arrival, AsgiApp, HttpRequest, HttpResponse
from hookflash.sdk.errors import NotTaken
from hookflash.sdk.hosting.calls import PluginFailedError
from hookflash.sdk.hosting.requests import BodyTooLargeError, BodyTooSlowError, read_body, request_of, response_of
from hookflash.sdk.hosting.webhook import WebhookCalls

__all__ = ["Web"]

BODY_BYTES_MAX: Final = 4 * 1024 * 1024
_CONNECTIONS_MAX: Final = 1_000
_PORT_MAX: Final = 65_535
_GRACE_S: Final = 5

_log = structlog.get_logger("hookflash.channel")


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave the signals alone: the command ends this server in its turn."""
        yield


@final
class Web:
    """One channel's webhook, and its adapter's own application where it has one."""

    def __init__(
        self, channel: str, adapter: WebhookCalls, app: AsgiApp | None, take: Callable[[Arrival], Awaitable[None]]
    ) -> None:
        """Hand what requests bring to `take`, which raises NotTaken."""
        self._channel = channel
        self._adapter = adapter
        self._app = app
        self._take = take
        self._server: uvicorn.Server | None = None
        self._serving: asyncio.Task[None] | None = None

    async def start(self, listen: str) -> str:
        """Take the port and serve; the answer is the webhook's URL. Raises CommandError."""
        host, _, port = listen.rpartition(":")
        if not (host and port.isdecimal() and int(port) <= _PORT_MAX):
            raise CommandError(f"--listen reads HOST:PORT, as 127.0.0.1:7480, not {listen!r}.", ExitCode.USAGE)
        try:
            taken = socket.create_server(
                (host.strip("[]"), int(port)), family=socket.AF_INET6 if ":" in host else socket.AF_INET
            )
        except OSError as error:
            raise CommandError(f"--listen {listen} cannot be used: {error}.", ExitCode.USAGE) from error
        config = uvicorn.Config(
            self._site(),
            lifespan="off",
            log_config=None,
            log_level="critical",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            limit_concurrency=_CONNECTIONS_MAX,
            timeout_graceful_shutdown=_GRACE_S,
        )
        self._server = _Server(config)
        self._serving = asyncio.get_running_loop().create_task(self._server.serve(sockets=[taken]))
        bound_host, bound_port = taken.getsockname()[:2]
        return f"http://{bound_host}:{bound_port}/channels/{self._channel}"

    async def stop(self) -> None:
        """Let requests at work finish, and end."""
        if self._server is None or self._serving is None:
            return
        self._server.should_exit = True
        await asyncio.wait((self._serving,), timeout=2.0 * _GRACE_S)
        self._serving.cancel()

    def _site(self) -> Starlette:
        path = f"/channels/{self._channel}"
        routes: list[Route | Mount] = [] if self._app is None else [Mount(f"{path}/app", app=self._app)]
        routes += [Route(each, self._webhook, methods=["GET", "POST"]) for each in (path, f"{path}/{{rest:path}}")]
        return Starlette(routes=routes)

    async def _webhook(self, request: Request) -> Response:
        try:
            body = await read_body(request.receive, request.headers, BODY_BYTES_MAX)
        except BodyTooLargeError:
            return Response(status_code=413)
        except (BodyTooSlowError, ClientDisconnect):
            return Response(status_code=408, headers={"connection": "close"})
        try:
            return response_of(await self._answer(request_of(request, body)))
        except NotTaken as refused:
            _log.warning("webhook_not_taken", channel=self._channel, reason=refused.reason)
        except PluginFailedError:
            pass  # That is told: the provider brings it again.
        return Response(status_code=503, headers={"retry-after": "5"})

    async def _answer(self, request: HttpRequest) -> HttpResponse:
        if request.method == "GET":
            return await self._adapter.handshake(request)
        if (bad := await self._adapter.bad_signature(request)) is not None:
            return HttpResponse(status=401 if bad.is_absent else 403)
        for arrival in await self._adapter.arrivals(request) or ():
            await self._bring(arrival)
        return await self._adapter.ack(request)

    async def _bring(self, arrival: Arrival) -> None:
        try:
            await self._take(arrival)
        except NotTaken as refused:
            if refused.retry_after_s is not None:
                raise
            # Refused for good: brought again it would be refused again.
            _log.warning("arrival_refused", channel=self._channel, reason=refused.reason)
