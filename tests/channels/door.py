"""Where a fake provider's calls enter an engine under test: the webhook of one channel, over real HTTP.

An engine in process has no HTTP server of its own, so this one goes the way behind it: verify, parse, every arrival
kept, ack.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hookflash.engine.engine import Engine
from hookflash.sdk.channel import HttpRequest, HttpResponse
from hookflash.sdk.errors import BadSignature
from hookflash.sdk.types import ChannelId
from tests.channels.loopback import loopback

__all__ = ["Door", "open_door"]


class Door:
    """A channel's webhook at `url`; it can be called directly, too."""

    def __init__(self, engine: Engine, channel: ChannelId) -> None:
        self.url = ""
        self._engine = engine
        self._channel = channel

    def now(self) -> float:
        """The engine's time, for signatures that hold one."""
        return self._engine.clock.now()

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        """Take a provider's call: 401 without signature, 403 with a wrong one, else what the adapter answers."""
        run = self._engine.adapters._runs[self._channel]  # noqa: SLF001  behind the HTTP server
        adapter, taker = run._adapter, run._taker  # noqa: SLF001
        assert adapter is not None
        assert taker is not None
        if request.method == "GET":
            return adapter.handshake(request)
        try:
            adapter.verify(request)
        except BadSignature as refusal:
            return HttpResponse(status=401 if refusal.is_absent else 403)
        await taker.bring(adapter.parse(request), "parse")
        return adapter.ack(request)


@asynccontextmanager
async def open_door(engine: Engine, channel: ChannelId) -> AsyncIterator[Door]:
    """Serve the channel's webhook until the block ends."""
    door = Door(engine, channel)
    async with loopback(door) as served:
        door.url = f"{served.url}/channels/{channel}"
        yield door
