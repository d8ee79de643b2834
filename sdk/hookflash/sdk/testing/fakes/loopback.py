"""A small HTTP server on loopback that a fake provider answers through; every byte that reached it is kept.

One request a connection. A fake may answer late, with rubbish, or (None) by resetting the connection.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any
from urllib.parse import parse_qsl, unquote

import httpx

from hookflash.sdk.channel import HttpRequest, HttpResponse

__all__ = ["Loopback", "call", "loopback", "loopback_client"]

Answering = Callable[[HttpRequest], Awaitable[HttpResponse | None]]


class Loopback:
    """The running server; `url` is where it is, `received` all that came."""

    def __init__(self, answer: Answering) -> None:
        self._answer = answer
        self._connections: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self.received = b""
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the one request of a connection."""
        task = asyncio.current_task()
        if task is None:  # pragma: no cover - asyncio's server calls this in a task
            raise RuntimeError("not in a task")
        self._connections.add(task)
        self._writers.add(writer)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._exchange(reader, writer)
        finally:
            self._connections.discard(task)
            self._writers.discard(writer)
            writer.close()

    async def close(self) -> None:
        """Cut what is open."""
        for writer in list(self._writers):
            writer.transport.abort()
        tasks = list(self._connections)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")[:-2]
        method, target, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        self.received += head + body
        path, _, query = target.partition("?")
        request = HttpRequest(
            method=method,
            path=unquote(path),
            query=dict(parse_qsl(query, keep_blank_values=True)),
            raw_query=query,
            headers=headers,
            body=body,
        )
        answer = await self._answer(request)
        if answer is None:
            writer.transport.abort()
            return
        about = {"content-type": answer.content_type, "content-length": str(len(answer.body)), "connection": "close"}
        shown = "".join(f"{name}: {value}\r\n" for name, value in {**about, **answer.headers}.items())
        writer.write(f"HTTP/1.1 {answer.status} x\r\n{shown}\r\n".encode() + answer.body)
        await writer.drain()


@asynccontextmanager
async def loopback(answer: Answering) -> AsyncIterator[Loopback]:
    """Serve on a free port for as long as this is entered."""
    served = Loopback(answer)
    server = await asyncio.start_server(served.serve, "127.0.0.1", 0)
    served.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield served
    finally:
        server.close()
        await served.close()


def loopback_client(**options: Any) -> httpx.AsyncClient:  # noqa: ANN401  httpx's own
    """Make a client for servers on loopback; it trusts nobody, for to load the authorities takes longer than a call."""
    return httpx.AsyncClient(**{"trust_env": False, **options}, verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))


async def call(url: str, request: HttpRequest) -> HttpResponse:
    """Make a request of a provider's at that URL, and give what was answered."""
    query = f"?{request.raw_query}" if request.raw_query else ""
    async with loopback_client() as http:
        answer = await http.request(
            request.method, url + query, content=request.body, headers=dict(request.headers), timeout=20
        )
    kind = answer.headers.get("content-type", "")
    return HttpResponse(status=answer.status_code, content_type=kind, body=answer.content)
