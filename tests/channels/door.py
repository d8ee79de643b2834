"""Where a fake provider's calls enter an engine under test: the HTTP edge of that engine, on a free port of loopback.

A fake that speaks HTTP itself is told the `url`; one that does not, calls the door.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from hookflash.engine.edge.http.edge import HttpEdge
from hookflash.engine.engine import Engine
from hookflash.engine.settings import HttpSettings
from hookflash.sdk.channel import HttpRequest, HttpResponse
from hookflash.sdk.testing.fakes.loopback import loopback_client
from hookflash.sdk.types import ChannelId

__all__ = ["Door", "open_door"]


class Door:
    """A channel's webhook at `url`."""

    def __init__(self, engine: Engine, url: str, http: httpx.AsyncClient) -> None:
        self.url = url
        self._engine = engine
        self._http = http

    def now(self) -> float:
        """The engine's time, for signatures that hold one."""
        return self._engine.clock.now()

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        """Bring a provider's call to the webhook, whatever path it was made for."""
        url = f"{self.url}?{request.raw_query}" if request.raw_query else self.url
        answer = await self._http.request(request.method, url, headers=request.headers, content=request.body)
        return HttpResponse(
            status=answer.status_code,
            content_type=answer.headers.get("content-type", ""),
            body=answer.content,
            headers=answer.headers,
        )


@asynccontextmanager
async def open_door(engine: Engine, channel: ChannelId) -> AsyncIterator[Door]:
    """Serve the engine's channels until the block ends."""
    listening = HttpSettings(listen="127.0.0.1:0")
    edge = HttpEdge(listening, engine.adapters, body_bytes_max=engine.limits.webhook_body_bytes_max)
    await edge.start()
    try:
        async with loopback_client() as http:
            yield Door(engine, f"{edge.url}/channels/{channel}", http)
    finally:
        await edge.stop()
