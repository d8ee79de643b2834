"""Takes what one channel's adapter brings by itself (`poll`), one arrival after the other.

The next is not asked for before the last is durable, so an adapter that keeps a cursor loses nothing. An arrival that
is refused for good is told to the log and skipped; one that is refused for now is tried again.
"""

from contextlib import aclosing
from random import Random
from typing import Final, assert_never, final

import structlog

from hookflash.engine.actors.clock import Clock
from hookflash.engine.domain.refusals import Refusal
from hookflash.engine.domain.values import Customer
from hookflash.sdk.channel import (
    Arrival,
    ChannelAdapter,
    CustomerLeft,
    Edited,
    Inbound,
    Media,
    Receipt,
    Removed,
    Text,
    Typing,
    Unsupported,
)
from hookflash.sdk.types import ChannelId

from .contents import clean_external_id, clean_reason
from .inbox import Inbox
from .patience import adapter_principal, caught, sleep
from .ports import FaultListener
from .receipts import ReceiptJoiner

__all__ = ["ArrivalTaker"]

_POLL_BACKOFF_MAX_S: Final = 60.0
_RETRY_MIN_S: Final = 0.05

_log = structlog.get_logger(__name__)


@final
class ArrivalTaker:
    """One channel's arrivals; `faults` counts polls that failed in a row."""

    def __init__(
        self,
        channel: ChannelId,
        adapter: ChannelAdapter,
        *,
        inbox: Inbox,
        receipts: ReceiptJoiner,
        clock: Clock,
        random: Random,
        on_fault: FaultListener,
    ) -> None:
        """`on_fault` is told hook, error and fallback."""
        self._channel = channel
        self._adapter = adapter
        self._inbox = inbox
        self._receipts = receipts
        self._clock = clock
        self._random = random
        self._on_fault = on_fault
        self._failures = 0
        self._is_stopped = False

    def stop(self) -> None:
        """Take nothing any more, also of an adapter that does not let itself be cancelled."""
        self._is_stopped = True

    async def run(self) -> None:
        """Poll until the adapter has nothing more to bring; a poll that fails is begun again after a while."""
        while not self._is_stopped:
            try:
                await caught(self._poll)
            except Exception as error:  # noqa: BLE001  whatever an adapter raises has an answer
                self._failures += 1
                top_s = min(2.0 ** min(self._failures - 1, 20), _POLL_BACKOFF_MAX_S)
                self._on_fault("poll", type(error).__name__, f"polled again within {top_s:g} s")
                await sleep(self._clock, top_s * (0.5 + self._random.random() / 2))
            else:
                return

    async def _poll(self) -> None:
        async with aclosing(self._adapter.poll()) as arrivals:  # type: ignore[type-var]  # may be any iterator
            async for arrival in arrivals:
                if self._is_stopped:
                    return
                await self.take(arrival)
                if self._is_stopped:
                    return  # Asked for the next, the adapter would take this one, perhaps not taken, for done.
                self._failures = 0

    async def take(self, arrival: Arrival) -> None:
        """Take one arrival; what is not one is a fault and skipped."""
        try:
            await self._take(arrival)
        except Refusal as refusal:
            _log.warning("arrival_refused", channel=self._channel, reason=str(refusal.reason))
        except Exception as error:  # noqa: BLE001  untyped plugins put anything into an arrival
            self._on_fault("poll", f"brought an arrival that cannot be read: {type(error).__name__}", "skipped it")

    async def _take(self, arrival: Arrival) -> None:
        match arrival:
            case Inbound():
                await self._receive(arrival, _said(arrival.content), arrival.name or "")
            case Edited():
                await self._receive(arrival, f"(edited) {arrival.text}", "")
            case Removed():
                await self._receive(arrival, "(took back a message)", "")
            case Typing():
                pass
            case CustomerLeft():
                await self._receive(arrival, None, "")
            case Unsupported():
                await self._receive(arrival, f"({clean_reason(arrival.what)})", "")
            case Receipt():
                await self._receipts.take(self._channel, arrival)
            case _:
                assert_never(arrival)

    async def _receive(
        self, arrival: Inbound | Edited | Removed | CustomerLeft | Unsupported, text: str | None, name: str
    ) -> None:
        key = clean_external_id(arrival.dedupe_key)
        if not key or type(arrival.address.id) is not str or type(name) is not str:
            raise TypeError("an arrival has a dedupe key and an address, both texts")
        if text is not None and type(text) is not str:
            raise TypeError("a customer's text is a text")
        while not self._is_stopped:
            try:
                await self._inbox.receive(
                    adapter_principal(self._channel),
                    self._channel,
                    arrival.address.id,
                    key,
                    text=text,
                    customer=Customer(display_name=clean_reason(name)),
                )
            except Refusal as refusal:
                if refusal.retry_after_s is None:
                    raise
                await sleep(self._clock, max(_RETRY_MIN_S, refusal.retry_after_s))
            else:
                return


def _said(content: Text | Media) -> str:
    """A customer's words, or what stands for a medium."""
    match content:
        case Text():
            return content.text
        case Media():
            return f"({content.kind.lower()}) {content.caption}".rstrip()
        case _:
            assert_never(content)
