"""One channel's webhook: from a provider's request to its acknowledgement, with a durable write in between.

Nothing of a request is believed before it is verified, nothing is acknowledged before it is kept, and nothing that a
conversation does is waited for. What an adapter does wrong here is answered 503: the provider brings it again.
"""

import sqlite3
from collections import Counter
from typing import Final, final

import structlog

from hookflash.engine.actors.clock import Clock
from hookflash.engine.domain.refusals import RateLimited
from hookflash.engine.plugins import PluginFailedError, PureCalls
from hookflash.sdk.channel import ChannelAdapter, HttpRequest, HttpResponse
from hookflash.sdk.hosting.webhook import WebhookCalls
from hookflash.sdk.types import ChannelId

from .arrivals import ArrivalTaker, InboxFullError
from .inbox_file import InboxFile, RawBody
from .rates import Rates

__all__ = ["REQUESTS_MAX", "WebhookDoor"]

REQUESTS_MAX: Final = 64
"""Requests of one channel at work at once; a provider that has more of them is asked to come again."""

_RETRY_S: Final = 5.0

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
    ) -> None:
        """`rates` are those of all channels."""
        self.counts: Counter[str] = Counter()
        self._channel = channel
        self._adapter = WebhookCalls(adapter, calls, unreadable="kept it raw")
        self._taker = taker
        self._file = file
        self._clock = clock
        self._rates = rates
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
            return await (self._adapter.handshake(request) if request.method == "GET" else self._take(request))
        except PluginFailedError:
            return self._come_again("failed", _RETRY_S)
        finally:
            self._at_work -= 1

    async def _take(self, request: HttpRequest) -> HttpResponse:
        bad = await self._adapter.bad_signature(request)
        if bad is not None:
            self.counts["unsigned" if bad.is_absent else "forged"] += 1
            _log.info("webhook_refused", channel=self._channel, is_absent=bad.is_absent)
            return HttpResponse(status=401 if bad.is_absent else 403)
        try:
            arrivals = await self._adapter.arrivals(request)
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
        return await self._adapter.ack(request)

    def _come_again(self, why: str, retry_s: float, status: int = 503) -> HttpResponse:
        self.counts[why] += 1
        return HttpResponse(status=status, headers={"retry-after": str(max(1, round(retry_s)))})
