"""The story of `story.py` through the web chat, over the engine's own HTTP edge and real web sockets."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import websockets.asyncio.client as websockets
from websockets.exceptions import ConnectionClosed

from hookflash.engine.domain import events as e
from hookflash.engine.edge.http.edge import HttpEdge
from hookflash.engine.settings import HttpSettings
from hookflash.plugins.webchat import sign_token
from tests.channels.chat_world import PAGE, SECRET, Frame
from tests.channels.door import Door
from tests.channels.story import CHANNEL, SEEN, StoryWorld, play


class Surfer:
    """Somebody on the page; `is_shaky`: his connection breaks after every frame, and he comes back."""

    kind = "webchat"
    address = "carl-1"

    def __init__(self, folder: Path, *, is_shaky: bool = False) -> None:
        secret = folder / "secret"
        secret.write_text(SECRET)
        secret.chmod(0o600)
        self.settings: Mapping[str, str] = {"secret": f"file:{secret}", "origins": PAGE}
        self._is_shaky = is_shaky
        self._door: Door | None = None
        self._raw: list[bytes] = []
        self._events: list[Frame] = []
        self._answers: list[Frame] = []
        self._socket: websockets.ClientConnection | None = None
        self._came = asyncio.Event()
        self._edge: HttpEdge | None = None
        self._surfing: asyncio.Task[None] | None = None
        self.visits = 0

    def meet(self, door: Door) -> None:
        self._door = door

    async def says(self, text: str) -> None:
        if self._surfing is None:
            self._surfing = asyncio.ensure_future(self._surf(await self._open()))
        said = {"frame": "cmd", "id": f"m{len(text)}", "name": "say", "args": {"text": text}}
        # Said again under the same id until it is answered, as a widget does.
        while not [one for one in self._answers if one["id"] == said["id"]]:
            async with asyncio.timeout(10):
                await self._came.wait()
            try:
                assert self._socket is not None
                await self._socket.send(json.dumps(said))
            except ConnectionClosed:
                pass
            await asyncio.sleep(0.01)

    def saw(self) -> list[str]:
        return [one["text"] for one in self._events if one["type"] == "notice" or one.get("from") == "agent"]

    def received(self) -> bytes:
        return b"\n".join(self._raw)

    async def has_seen_all(self, world: StoryWorld) -> None:
        await world.until(lambda: len(self.saw()) >= len(SEEN), "everything seen")
        await world.until(lambda: self._receipts(world) >= len(SEEN), "every receipt")

    async def goes(self) -> None:
        if self._surfing is not None:
            self._surfing.cancel()
            await asyncio.gather(self._surfing, return_exceptions=True)
        if self._edge is not None:
            await self._edge.stop()

    def _receipts(self, world: StoryWorld) -> int:
        return sum(type(event) is e.DeliveryReceived for event in world.events())

    async def _open(self) -> str:
        assert self._door is not None
        engine = self._door._engine  # noqa: SLF001  the story has no HTTP edge of its own
        self._edge = HttpEdge(HttpSettings(listen="127.0.0.1:0"), engine.adapters, body_bytes_max=1_000_000)
        await self._edge.start()
        return f"{self._edge.url.replace('http', 'ws')}/channels/{CHANNEL}/app/socket"

    async def _surf(self, url: str) -> None:
        while True:
            try:
                async with websockets.connect(url, origin=PAGE, proxy=None) as socket:  # type: ignore[arg-type]  # a str
                    await self._visit(socket)
            except ConnectionClosed:
                self._came.clear()

    async def _visit(self, socket: websockets.ClientConnection) -> None:
        assert self._door is not None
        self.visits += 1
        expires = datetime.fromtimestamp(self._door.now() + 3_600, UTC)
        token = sign_token(SECRET, self.address, expires, "Carl")
        after = self._events[-1]["seq"] if self._events else None
        await socket.send(json.dumps({"frame": "hello", "token": token, "after": after}))
        self._socket = socket
        self._came.set()
        async for raw in socket:
            assert isinstance(raw, str)
            self._raw.append(raw.encode())
            frame: Frame = json.loads(raw)
            new = len(self._events)
            self._events += frame["events"] if frame["frame"] == "snapshot" else [frame] if "type" in frame else []
            if frame["frame"] == "ok" and frame["id"] != "hello":
                self._answers.append(frame)
            if self._is_shaky and len(self._events) > new:
                self._came.clear()
                socket.transport.abort()


@asynccontextmanager
async def surfer(folder: Path, *, is_shaky: bool = False) -> AsyncIterator[Surfer]:
    made = Surfer(folder, is_shaky=is_shaky)
    try:
        yield made
    finally:
        await made.goes()


@pytest.mark.spec("I7", "R-W3")
async def test_the_web_chat_carries_a_conversation_a_conference_and_a_transfer_and_no_whisper(tmp_path: Path) -> None:
    async with surfer(tmp_path) as carl:
        await play(carl, settled=carl.has_seen_all)


@pytest.mark.spec("I3")
async def test_the_story_is_the_same_over_a_connection_that_breaks_after_every_frame(tmp_path: Path) -> None:
    async with surfer(tmp_path, is_shaky=True) as carl:
        await play(carl, settled=carl.has_seen_all, step_s=0.01)
        assert carl.visits > 3
