"""One channel's webhook: from a provider's request to its acknowledgement, with a durable write in between.

Nothing of a request is believed before it is verified, nothing is acknowledged before it is kept, and nothing that a
conversation does is waited for. What an adapter does wrong here is answered 503: the provider brings it again.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping
from itertools import islice
from typing import Final, TypeVar, final

import structlog

from hookflash.engine.actors.clock import Clock
from hookflash.engine.domain.refusals import RateLimited
from hookflash.engine.plugins import PluginFailedError, PureCalls
from hookflash.engine.plugins.calls import NonsenseError
from hookflash.sdk.channel import Arrival, ChannelAdapter, HttpRequest, HttpResponse
from hookflash.sdk.errors import BadSignature, ParseError
from hookflash.sdk.types import ChannelId

from .arrivals import ArrivalTaker, InboxFullError
from .inbox_file import InboxFile, RawBody
from .ports import FaultListener
from .rates import Rates

__all__ = ["REQUESTS_MAX", "WebhookDoor", "is_unguarded"]

T = TypeVar("T")

REQUESTS_MAX: Final = 64
"""Requests of one channel at work at once; a provider that has more of them is asked to come again."""

_ARRIVALS_MAX: Final = 5_000
_RETRY_S: Final = 5.0
_KEPT_RAW: Final = "kept it raw"
_COME_AGAIN: Final = "asked to come again"

_log = structlog.get_logger(__name__)


@final
class WebhookDoor:
    """What a channel's provider calls; `counts` says how many requests ended how."""

    def __init__(
        self,
        channel: ChannelId,
        adapter: ChannelAdapter,
        *,
        calls: PureCalls,
        taker: ArrivalTaker,
        file: InboxFile,
        clock: Clock,
        rates: Rates[ChannelId],
        on_fault: FaultListener,
    ) -> None:
        """`rates` are those of all channels; `on_fault` is told hook, error and fallback."""
        self.counts: Counter[str] = Counter()
        self._channel = channel
        self._adapter = adapter
        self._calls = calls
        self._taker = taker
        self._file = file
        self._clock = clock
        self._rates = rates
        self._on_fault = on_fault
        self._at_work = 0

    async def answer(self, request: HttpRequest) -> HttpResponse:
        """Take a request as it came: a GET is the provider's handshake, a POST brings arrivals."""
        if self._at_work >= REQUESTS_MAX:
            return self._come_again("busy", _RETRY_S)
        try:
            self._rates.admit(self._channel)
        except RateLimited as refusal:
            return self._come_again("rate_limited", refusal.retry_after_s or _RETRY_S, status=429)
        self._at_work += 1
        try:
            return await (self._shake(request) if request.method == "GET" else self._take(request))
        except PluginFailedError:
            return self._come_again("failed", _RETRY_S)
        finally:
            self._at_work -= 1

    async def _shake(self, request: HttpRequest) -> HttpResponse:
        return await self._calls.ask("handshake", lambda: _checked(self._adapter.handshake(request)), fallback="503")

    async def _take(self, request: HttpRequest) -> HttpResponse:
        bad = await self._calls.ask("verify", lambda: _bad_signature(self._adapter, request), fallback=_COME_AGAIN)
        if bad is not None:
            self.counts["unsigned" if bad.is_absent else "forged"] += 1
            _log.info("webhook_refused", channel=self._channel, is_absent=bad.is_absent)
            return HttpResponse(status=401 if bad.is_absent else 403)
        try:
            arrivals = await self._parsed(request)
            if arrivals is None:
                await self._file.keep_raw(RawBody(self._channel, self._clock.now(), request.body))
                self.counts["unreadable"] += 1
            else:
                await self._taker.bring(arrivals, "parse")
                self.counts["taken"] += 1
        except InboxFullError:
            return self._come_again("inbox_full", _RETRY_S)
        except sqlite3.Error as error:
            _log.warning("webhook_not_kept", channel=self._channel, error=str(error))
            return self._come_again("not_kept", _RETRY_S)
        return await self._acked(request)

    async def _parsed(self, request: HttpRequest) -> tuple[Arrival, ...] | None:
        """What the request brings; None where it cannot be read, now or ever."""
        try:
            read = await self._calls.ask("parse", lambda: _read(self._adapter, request), fallback=_KEPT_RAW)
        except PluginFailedError as failed:
            if failed.has_raised:
                return None  # It would raise again whenever the provider brought it again.
            raise
        if read is None:
            self._on_fault("parse", "ParseError", _KEPT_RAW)
        return read

    async def _acked(self, request: HttpRequest) -> HttpResponse:
        try:
            return await self._calls.ask("ack", lambda: _checked(self._adapter.ack(request)), fallback="200")
        except PluginFailedError:
            return HttpResponse()  # It is kept: that is what the provider has to know.

    def _come_again(self, why: str, retry_s: float, status: int = 503) -> HttpResponse:
        self.counts[why] += 1
        return HttpResponse(status=status, headers={"retry-after": str(max(1, round(retry_s)))})


def _bad_signature(adapter: ChannelAdapter, request: HttpRequest) -> BadSignature | None:
    try:
        adapter.verify(request)
    except BadSignature as bad:
        return bad
    return None


def _read(adapter: ChannelAdapter, request: HttpRequest) -> tuple[Arrival, ...] | None:
    try:
        read = tuple(islice(adapter.parse(request), _ARRIVALS_MAX + 1))
    except ParseError:
        return None
    if len(read) > _ARRIVALS_MAX:
        raise NonsenseError(f"it brought more than {_ARRIVALS_MAX:,} arrivals in one request")
    return read


def _checked(given: object) -> HttpResponse:
    """An adapter's answer, if it can be sent at all. Raises NonsenseError."""
    if type(given) is not HttpResponse:
        raise NonsenseError(f"it answered {type(given).__name__}, not an HttpResponse")
    fields: tuple[object, ...] = (given.status, given.body, given.content_type, given.headers)
    status, body, content_type, headers = fields
    is_right = isinstance(status, int) and 200 <= status <= 599 and isinstance(body, bytes)  # noqa: PLR2004  of HTTP
    if not is_right or not isinstance(headers, Mapping):
        raise NonsenseError("it answered an HttpResponse with fields of another type")
    if not all(_is_line(word) for word in (content_type, *headers.keys(), *headers.values())):
        raise NonsenseError("it answered an HttpResponse with a header that is none")
    return given


def _is_line(given: object) -> bool:
    return isinstance(given, str) and given.isascii() and given.isprintable()


def is_unguarded(adapter: ChannelAdapter, path: str) -> Callable[[], bool]:
    """A question for the guard: whether the adapter takes a request that nobody can have signed."""
    forged = HttpRequest(method="POST", path=path)
    return lambda: _bad_signature(adapter, forged) is None
