"""Where a fake provider's calls enter an engine under test: the webhook of one channel.

An engine in process has no HTTP server, so the call goes the way behind it: verify, parse, every arrival taken, ack.
"""

from hookflash.engine.engine import Engine
from hookflash.sdk.channel import HttpRequest, HttpResponse
from hookflash.sdk.errors import BadSignature
from hookflash.sdk.types import ChannelId

__all__ = ["Door"]


class Door:
    """A channel's webhook; `calls` counts the requests that came."""

    def __init__(self, engine: Engine, channel: ChannelId) -> None:
        self._engine = engine
        self._channel = channel
        self.calls = 0

    def now(self) -> float:
        """The engine's time, for signatures that hold one."""
        return self._engine.clock.now()

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        """Take a provider's call: 401 without signature, 403 with a wrong one, else what the adapter answers."""
        self.calls += 1
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
        for arrival in adapter.parse(request):
            await taker.take(arrival)
        return adapter.ack(request)
