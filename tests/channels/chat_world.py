"""A web chat served by a real uvicorn on a free port, and browsers that speak to it over real web sockets."""

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import uvicorn
import websockets.asyncio.client as websockets
from websockets.exceptions import ConnectionClosed

from hookflash.plugins.webchat import Webchat, WebchatConfig, sign_token
from hookflash.sdk import Arrival, CustomerNotice, Message, NotTaken, fill
from hookflash.sdk.testing import RecordedLog, RecordedStore, channel_context, delivery_of

SECRET = "a secret of sixteen characters"  # noqa: S105 - a test's
PAGE = "https://shop.example"
START = datetime(2026, 1, 1, tzinfo=UTC)
FIRST = int(START.timestamp() * 1000)
"""The number of the first frame of a customer who comes at the start of the test's time."""

Frame = dict[str, Any]


def token(customer: str = "carla", name: str = "Carla", lasts_s: float = 3600) -> str:
    return sign_token(SECRET, customer, START + timedelta(seconds=lasts_s), name)


@dataclass
class ChatWorld:
    """The channel's engine side: what was taken, what is refused, and what outlives a restart."""

    taken: list[Arrival] = field(default_factory=list)
    refusals: list[NotTaken] = field(default_factory=list)
    store: RecordedStore = field(default_factory=RecordedStore)
    log: RecordedLog = field(default_factory=RecordedLog)
    now: datetime = START

    async def take(self, arrival: Arrival) -> None:
        if self.refusals:
            raise self.refusals.pop(0)
        self.taken.append(arrival)

    @asynccontextmanager
    async def served(self, **settings: object) -> AsyncIterator["Chat"]:
        given = {"secret": "env:SECRET", "origins": PAGE, **settings}
        config = fill(WebchatConfig, given, environ={"SECRET": SECRET, "BEFORE": "another secret, an older one"})
        context = channel_context("chat", log=self.log, store=self.store)
        adapter = Webchat(replace(context, take=self.take, clock=lambda: self.now), config)
        await adapter.start()
        server = _Server(
            uvicorn.Config(
                adapter.app(),  # type: ignore[arg-type]  # two spellings of ASGI
                lifespan="off",
                log_config=None,
                log_level=logging.CRITICAL,
                ws="websockets-sansio",
                timeout_graceful_shutdown=1,
            )
        )
        taken = socket.socket()
        taken.bind(("127.0.0.1", 0))
        serving = asyncio.ensure_future(server.serve(sockets=[taken]))
        await server.is_up.wait()
        try:
            yield Chat(self, adapter, f"127.0.0.1:{taken.getsockname()[1]}")
        finally:
            await adapter.stop()
            server.should_exit = True
            await serving
            await adapter.context.http.aclose()


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.is_up = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.is_up.set()

    def install_signal_handlers(self) -> None:
        """Leave the signals to pytest."""


@dataclass
class Chat:
    """A served chat."""

    world: ChatWorld
    adapter: Webchat
    at: str

    async def say(self, number: int, text: str, to: str = "carla") -> str:
        """An agent says something."""
        return await self.adapter.send(delivery_of(Message(sender_name="Ann", text=text), sequence=number, to=to))

    async def notice(self, number: int, text: str, to: str = "carla") -> str:
        return await self.adapter.send(delivery_of(CustomerNotice(key="customer.x", text=text), sequence=number, to=to))

    @asynccontextmanager
    async def tab(self, origin: str | None = PAGE, **options: Any) -> AsyncIterator["Tab"]:  # noqa: ANN401  of websockets
        """A browser's tab that has not said hello."""
        url = f"ws://{self.at}/socket"
        async with websockets.connect(url, origin=origin, proxy=None, **options) as ws:  # type: ignore[arg-type]
            yield Tab(ws)

    @asynccontextmanager
    async def visit(self, after: int | None = None, customer: str = "carla") -> AsyncIterator["Tab"]:
        """A tab that has said hello and was let in."""
        async with self.tab() as tab:
            await tab.send(frame="hello", token=token(customer), after=after)
            assert (await tab.next())["id"] == "hello"
            yield tab


@dataclass
class Tab:
    """One connection of a client."""

    ws: websockets.ClientConnection

    async def send(self, **frame: object) -> None:
        await self.ws.send(json.dumps(frame))

    async def cmd(self, command_id: str, name: str, **args: object) -> None:
        await self.send(frame="cmd", id=command_id, name=name, args=args)

    async def next(self) -> Frame:
        async with asyncio.timeout(10):
            frame: Frame = json.loads(await self.ws.recv())
            return frame

    async def take(self, count: int) -> list[Frame]:
        return [await self.next() for _ in range(count)]

    async def answer(self, command_id: str) -> Frame:
        """The answer to a command, past whatever comes before it."""
        while True:
            frame = await self.next()
            if frame["frame"] in ("ok", "err") and frame["id"] == command_id:
                return frame

    async def closed(self) -> int:
        """The code with which the server closed it."""
        async with asyncio.timeout(10):
            try:
                while True:
                    await self.ws.recv()
            except ConnectionClosed:
                return self.ws.close_code or 0


async def until(is_so: Callable[[], object]) -> None:
    """Let the loop run until something is so."""
    async with asyncio.timeout(10):
        while not is_so():  # noqa: ASYNC110  what is awaited differs from test to test
            await asyncio.sleep(0.001)
