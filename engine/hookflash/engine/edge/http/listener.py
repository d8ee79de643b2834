"""The port of the HTTP edge: taken, served on the engine's own loop, and given back in order.

uvicorn serves; signals stay with whoever runs the engine, and a second engine does not share the port in silence.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Final, final

import uvicorn
from starlette.types import ASGIApp

from hookflash.engine.settings import HttpSettings, TlsSettings
from hookflash.engine.starting import StartError

__all__ = ["HttpListener"]

_GRACE_S: Final = 5
_CONNECTIONS_MAX: Final = 10_000
_WEB_SOCKET_MESSAGE_BYTES_MAX: Final = 1024 * 1024
_BACKLOG: Final = 2_048


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Say when it serves."""
        await super().startup(sockets)
        self.is_up.set()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leave the signals alone: they drain the engine, which stops this server in its turn."""
        yield


@final
class HttpListener:
    """One port and what is served on it."""

    def __init__(self, settings: HttpSettings, site: ASGIApp) -> None:
        """Take nothing yet."""
        self._settings = settings
        self._site = site
        self._server: _Server | None = None
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> str:
        """Take the port and serve; the answer is the URL. Raises StartError."""
        settings = self._settings
        config = uvicorn.Config(
            self._site,
            lifespan="off",
            log_config=None,
            log_level=logging.CRITICAL,  # What it would say of a request may hold what a customer wrote.
            access_log=False,
            proxy_headers=False,
            server_header=False,
            ws="websockets-sansio",
            ws_max_size=_WEB_SOCKET_MESSAGE_BYTES_MAX,
            limit_concurrency=_CONNECTIONS_MAX,
            timeout_graceful_shutdown=_GRACE_S,
        )
        config.load()
        if settings.tls is not None:
            config.ssl = _context(settings.tls)
        taken = _taken_port(settings.listen or "")
        self._server = _Server(config)
        self._serving = asyncio.get_running_loop().create_task(self._server.serve(sockets=[taken]))
        await self._server.is_up.wait()
        host, port = taken.getsockname()[:2]
        scheme = "http" if settings.tls is None else "https"
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"

    async def stop(self) -> None:
        """Take no new connection, let requests at work finish for a few seconds, then end."""
        server, serving = self._server, self._serving
        self._server = self._serving = None
        if server is None or serving is None:
            return
        server.should_exit = True
        await asyncio.wait((serving,), timeout=2.0 * _GRACE_S)
        serving.cancel()
        with suppress(asyncio.CancelledError):
            await serving


def _taken_port(listen: str) -> socket.socket:
    host, _, port = listen.rpartition(":")
    try:
        family, kind, _, _, address = socket.getaddrinfo(host.strip("[]"), int(port), type=socket.SOCK_STREAM)[0]
        taken = socket.socket(family, kind)
    except OSError as error:
        raise StartError(_refusal(listen, error)) from error
    try:
        # After a restart the old connections may linger; that is no other listener. SO_REUSEPORT would be one.
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(address)
        taken.listen(_BACKLOG)
        taken.setblocking(False)  # noqa: FBT003  the library's own name for it
    except OSError as error:
        taken.close()
        raise StartError(_refusal(listen, error)) from error
    return taken


def _refusal(listen: str, error: OSError) -> str:
    return (
        f"[http] listen = {listen} cannot be listened on ({error.strerror}): another program has it, or it is no"
        " address of this machine; stop that program, or choose another (HOST:0 takes a free port)."
    )


def _context(tls: TlsSettings) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        # A key behind a passphrase is refused, too: without the callback the process would stop and ask for it.
        context.load_cert_chain(tls.cert, tls.key, password=lambda: b"")
    except (OSError, ValueError) as error:
        raise StartError(
            f"[http] cert = {tls.cert} and key = {tls.key} cannot be used: they must be a certificate and its own key"
            " without a passphrase, both as PEM files."
        ) from error
    return context
