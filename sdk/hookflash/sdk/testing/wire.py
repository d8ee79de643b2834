"""A provider at the other end of `ctx.http`: what was asked is recorded, what is answered is scripted.

`Wire` is an httpx transport, so everything up to the connection is real.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TypeAlias, final

import httpx

__all__ = ["HANGS", "Answer", "Wire"]


@final
class _Hangs:
    """The provider takes the request and never answers."""


HANGS = _Hangs()

Answer: TypeAlias = httpx.Response | Exception | _Hangs


@final
class Wire(httpx.AsyncBaseTransport):
    """Answers by `answer` (default: 200 and an empty object), or by what stands in `next` first.

    An exception in `next` is raised as the connection's; with HANGS the request is taken and never answered.
    """

    def __init__(self, answer: Callable[[httpx.Request], httpx.Response] | None = None) -> None:
        """Begin with nothing asked."""
        self.requests: list[httpx.Request] = []
        self.next: deque[Answer] = deque()
        self.asked = asyncio.Event()
        self._answer = answer or (lambda _request: httpx.Response(200, json={}))

    def client(self) -> httpx.AsyncClient:
        """Make a client whose requests come here."""
        return httpx.AsyncClient(transport=self)

    @property
    def sent(self) -> str:
        """Everything that was asked, as text: method, URL, headers and body of each request."""
        return "\n".join(
            "\n".join(
                [
                    f"{request.method} {request.url}",
                    *(f"{name}: {value}" for name, value in request.headers.items()),
                    request.content.decode(errors="replace"),
                ]
            )
            for request in self.requests
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Record and answer."""
        await request.aread()
        self.requests.append(request)
        self.asked.set()
        scripted = self.next.popleft() if self.next else None
        match scripted:
            case None:
                return self._answer(request)
            case httpx.Response():
                return scripted
            case Exception():
                raise scripted
            case _:
                await asyncio.Event().wait()
                raise AssertionError("woken from an endless wait")
