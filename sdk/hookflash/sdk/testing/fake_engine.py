"""The engine around one adapter, small and in virtual time: for an author's tests of what the contract cannot know.

It keeps the engine's rules where an adapter can see them: each arrival once, a signature before a parse, 200 only when
taken, deliveries one after another and again under the same key for as long as an error says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Self, final

from hookflash.sdk.channel import (
    Arrival,
    ChannelAdapter,
    HttpRequest,
    HttpResponse,
    Receipt,
    ReceiptState,
    Typing,
)
from hookflash.sdk.config import fill
from hookflash.sdk.errors import AuthExpired, BadSignature, ParseError, SendError, Throttled, Transient
from hookflash.sdk.messages import CustomerNotice, Message
from hookflash.sdk.testing.adapters import delivery_of
from hookflash.sdk.testing.contexts import RecordedLog, RecordedStore, channel_context
from hookflash.sdk.testing.wire import Wire
from hookflash.sdk.types import DeliveryId, ExternalId

__all__ = ["FakeEngine", "Sent"]

_ATTEMPTS_MAX = 10
_BACKOFF_S = 1.0


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What became of a delivery: its id at the provider, or the error that ended it, after so many attempts."""

    delivery: DeliveryId
    attempts: int
    external_id: ExternalId | None = None
    error: SendError | None = None


@final
class FakeEngine:
    """Use it as `async with FakeEngine(MyAdapter, settings) as engine`; the adapter is started then, and stopped.

    `arrivals` are those taken, each once; `wire` is the provider at the other end of `ctx.http`.
    """

    def __init__(
        self,
        adapter: type[ChannelAdapter],
        settings: Mapping[str, str] | None = None,
        *,
        environ: Mapping[str, str] | None = None,
        wire: Wire | None = None,
        public_url: str = "https://hookflash.example/channels/test",
    ) -> None:
        """Configure the adapter; ConfigError says what does not fit."""
        self.wire = wire or Wire()
        self.log = RecordedLog()
        self.store = RecordedStore()
        self.arrivals: list[Arrival] = []
        self._seen: set[str] = set()
        self._states: dict[str, ReceiptState] = {}
        self._sent = 0
        context = channel_context(log=self.log, http=self.wire.client(), store=self.store, public_url=public_url)
        self.adapter = adapter(
            replace(context, take=self._take), fill(adapter.Config, settings or {}, environ=environ or {})
        )

    async def __aenter__(self) -> Self:
        """Start the adapter."""
        await self.adapter.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop it."""
        await self.adapter.stop()
        await self.adapter.context.http.aclose()

    async def request(self, request: HttpRequest) -> HttpResponse:
        """Answer the provider's call as the engine's HTTP edge does."""
        if request.method == "GET":
            return self.adapter.handshake(request)
        try:
            self.adapter.verify(request)
        except BadSignature as refusal:
            return HttpResponse(status=401 if refusal.is_absent else 403)
        try:
            brought = list(self.adapter.parse(request))
        except ParseError:
            return HttpResponse()  # Kept raw and reported: brought again it would be no better.
        for arrival in brought:
            await self._take(arrival)
        return self.adapter.ack(request)

    async def poll(self, count: int) -> None:
        """Take so many arrivals of a pull channel; fewer where it has no more."""
        polled = self.adapter.poll()
        async for arrival in polled:
            await self._take(arrival)
            count -= 1
            if count == 0:
                return

    async def say(self, content: str | Message | CustomerNotice, to: str = "customer-1") -> Sent:
        """Send something, and again under the same key for as long as the errors say so; ten times at most."""
        self._sent += 1
        delivery = delivery_of(content, sequence=self._sent, to=to)
        error: SendError = Transient("not tried")
        for attempt in range(1, _ATTEMPTS_MAX + 1):
            try:
                external_id = await self.adapter.send(replace(delivery, attempt=attempt))
            except SendError as raised:
                error = raised
            except Exception as raised:  # noqa: BLE001 - what `classify` is for
                error = self.adapter.classify(raised)
            else:
                return Sent(delivery=delivery.id, attempts=attempt, external_id=external_id)
            if not isinstance(error, Throttled | Transient | AuthExpired):
                return Sent(delivery=delivery.id, attempts=attempt, error=error)
            await self.adapter.context.sleep(error.retry_after_s if isinstance(error, Throttled) else _BACKOFF_S)
        return Sent(delivery=delivery.id, attempts=_ATTEMPTS_MAX, error=error)

    def state_of(self, sent: Sent) -> ReceiptState | None:
        """How far the provider says that a delivery has come."""
        return self._states.get(sent.delivery) or self._states.get(sent.external_id or "")

    async def _take(self, arrival: Arrival) -> None:
        if not isinstance(arrival, Typing):
            if arrival.dedupe_key in self._seen:
                return
            self._seen.add(arrival.dedupe_key)
        if isinstance(arrival, Receipt):
            for name in filter(None, (arrival.delivery_id, arrival.external_id)):
                self._states[name] = arrival.state
        self.arrivals.append(arrival)
