"""From what an adapter brings to the engine: one call for each arrival, which is durable when that returns.

There is no inbox on this side. A webhook is acknowledged after the engine has its arrivals, so what is lost on the way
is brought again by the provider, and known again by its key.
"""

import asyncio
from collections import Counter
from contextlib import aclosing
from random import Random
from typing import Final, assert_never, final

import structlog

from hookflash.sdk.channel import (
    Arrival,
    ChannelAdapter,
    CustomerLeft,
    Edited,
    Inbound,
    Receipt,
    Removed,
    Typing,
    Unsupported,
    words_of,
)
from hookflash.sdk.client import Client, HookflashError, TimedOut, Unreachable
from hookflash.sdk.client import messages as m
from hookflash.sdk.errors import NotTaken

__all__ = ["Incoming"]

_RETRY_S: Final = 1.0
_BACKOFF_MAX_S: Final = 60.0

_log = structlog.get_logger("hookflash.channel")


@final
class Incoming:
    """One channel's arrivals; `counts` says how many ended how."""

    def __init__(self, channel: str, client: Client, random: Random) -> None:
        """Bring them to `channels/ID` of that server."""
        self.counts: Counter[str] = Counter()
        self._channel = channel
        self._client = client
        self._random = random

    async def take(self, arrival: Arrival) -> None:
        """Bring one arrival. Raises NotTaken."""
        request = self._request(arrival)
        if request is None:
            self.counts["left out"] += 1
            return
        try:
            await self._client.receive(request)
        except (Unreachable, TimedOut) as error:
            raise NotTaken(error.reason, _RETRY_S) from error
        except HookflashError as error:
            delay = error.retry_delay
            raise NotTaken(error.reason, None if delay is None else delay.total_seconds()) from error
        self.counts["taken"] += 1

    async def poll(self, adapter: ChannelAdapter) -> None:
        """Bring what the adapter fetches, until it has nothing more; the next is asked for when the last is taken."""
        failures = 0
        while True:
            try:
                async with aclosing(adapter.poll()) as arrivals:  # type: ignore[type-var]  # may be any iterator
                    async for arrival in arrivals:
                        await self.take_patiently(arrival)
                        failures = 0
            except Exception as error:  # noqa: BLE001 - whatever an adapter raises, it is polled again
                failures += 1
                top_s = min(2.0 ** min(failures - 1, 20), _BACKOFF_MAX_S)
                _log.warning("poll_failed", channel=self._channel, error=type(error).__name__)
                await asyncio.sleep(top_s * (0.5 + self._random.random() / 2))
            else:
                return

    async def take_patiently(self, arrival: Arrival) -> None:
        """Bring one arrival for as long as it is refused for now only; one that is refused for good is left out."""
        while True:
            try:
                await self.take(arrival)
            except NotTaken as refused:
                if refused.retry_after_s is None:
                    self.counts["refused"] += 1
                    _log.warning("arrival_refused", channel=self._channel, reason=refused.reason)
                    return
                await asyncio.sleep(max(refused.retry_after_s, 0.05))
            else:
                return

    def _request(self, arrival: Arrival) -> m.ReceiveRequest | None:
        """What is asked of the engine; None for what it has no place for."""
        match arrival:
            case Typing() | Receipt() | Inbound(is_echo=True):
                return None
            case Inbound() | Edited() | Removed() | Unsupported():
                request = self._addressed(arrival)
                request.text = words_of(arrival)
                if isinstance(arrival, Inbound) and arrival.name:
                    request.customer.display_name = arrival.name
                return request
            case CustomerLeft():
                request = self._addressed(arrival)
                request.customer_left = True
                return request
            case _:
                assert_never(arrival)

    def _addressed(self, arrival: Inbound | Edited | Removed | Unsupported | CustomerLeft) -> m.ReceiveRequest:
        account = arrival.address.account
        key = f"{account}/{arrival.dedupe_key}" if account else arrival.dedupe_key
        return m.ReceiveRequest(channel=f"channels/{self._channel}", address=arrival.address.id, external_id=key)
