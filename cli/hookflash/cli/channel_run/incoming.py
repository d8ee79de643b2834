"""From what an adapter brings to the engine: one call for each arrival, which is durable when that returns.

There is no inbox on this side. A webhook is acknowledged after the engine has its arrivals, so what is lost on the way
is brought again by the provider, and known again by its key.
"""

import asyncio
import re
from collections import Counter, OrderedDict
from contextlib import aclosing
from random import Random
from typing import Final, assert_never, final

import structlog

from hookflash.sdk.channel import (
    Arrival,
    ChannelAdapter,
    CustomerAddress,
    CustomerLeft,
    Edited,
    Inbound,
    Media,
    Receipt,
    Removed,
    Text,
    Typing,
    Unsupported,
    words_of,
)
from hookflash.sdk.client import Client, HookflashError, TimedOut, Unreachable
from hookflash.sdk.client import messages as m
from hookflash.sdk.errors import NotTaken
from hookflash.sdk.hosting.patience import caught

from .media import MediaBringer
from .turns import Turns

__all__ = ["Incoming"]

_RETRY_S: Final = 1.0
_RELINKED_MAX: Final = 10_000
_CHOICE_ID_LENGTH_MAX: Final = 256
_ADDRESS_LENGTH_MAX: Final = 256
_EXTERNAL_ID_LENGTH_MAX: Final = 512
_ALIASES_MAX: Final = 10
_ERROR_LENGTH_MAX: Final = 300
_OURS: Final = re.compile(r"conversations/[^/]+/deliveries/[0-9]+(?:#[0-9]+)?")
_TOO_LONG: Final = "MESSAGE_TOO_LONG"
_BACKOFF_MAX_S: Final = 60.0

_log = structlog.get_logger("hookflash.channel")


@final
class Incoming:
    """One channel's arrivals; `counts` says how many ended how.

    `relinked` has the provider's ids of our deliveries that came back under our own, by that name; `media` brings what
    customers send besides words, once the adapter is made that fetches it.
    """

    def __init__(self, channel: str, client: Client, random: Random) -> None:
        """Bring them to `channels/ID` of that server."""
        self.counts: Counter[str] = Counter()
        self.relinked: OrderedDict[str, str] = OrderedDict()
        self.media: MediaBringer | None = None
        self._channel = channel
        self._name = f"channels/{channel}"
        self._client = client
        self._random = random
        self._polled = 0
        self._turns = Turns()

    async def take(self, arrival: Arrival) -> None:
        """Bring one arrival, after all of that customer that were brought before. Raises NotTaken.

        A customer's text that is too long is cut, for he cannot be told.
        """
        try:
            request = self._request(arrival)
        except Exception as error:
            self.counts["unreadable"] += 1
            _log.warning("arrival_unreadable", channel=self._channel, error=type(error).__name__)
            raise NotTaken("BAD_FIELD") from error
        if request.WhichOneof("content") in ("typing", "receipt"):
            await self._receive(request)
        else:
            async with self._turns.of(request.address):
                if isinstance(arrival, Inbound) and isinstance(arrival.content, Media) and not arrival.is_echo:
                    request.media = await self._media_of(request.external_id, arrival.content)
                await self._receive(request)
        self.counts["taken"] += 1

    async def _media_of(self, external_id: str, media: Media) -> str:
        if self.media is None:
            return ""
        try:
            return await self.media.bring(external_id, media.ref)
        except HookflashError as error:
            raise _not_taken(error) from error
        except Exception as error:  # noqa: BLE001 - what is untyped may bring anything for a medium
            _log.warning("medium_unreadable", channel=self._channel, error=type(error).__name__)
            return ""

    async def _receive(self, request: m.ReceiveRequest) -> None:
        while True:
            try:
                await self._client.receive(request)
            except HookflashError as error:
                if not _is_mended(request, error):
                    raise _not_taken(error) from error
            else:
                return

    async def poll(self, adapter: ChannelAdapter) -> None:
        """Bring what the adapter fetches, until it has nothing more; the next is asked for when the last is taken."""
        failures = 0
        while True:
            try:
                await caught(lambda: self._poll(adapter))
            except Exception as error:  # noqa: BLE001 - whatever an adapter raises, it is polled again
                failures = 1 if self._polled else failures + 1
                self._polled = 0
                top_s = min(2.0 ** min(failures - 1, 20), _BACKOFF_MAX_S)
                _log.warning("poll_failed", channel=self._channel, error=type(error).__name__)
                await asyncio.sleep(top_s * (0.5 + self._random.random() / 2))
            else:
                return

    async def _poll(self, adapter: ChannelAdapter) -> None:
        async with aclosing(adapter.poll()) as arrivals:  # type: ignore[type-var]  # may be any iterator
            async for arrival in arrivals:
                await self.take_patiently(arrival)
                self._polled += 1

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

    def _request(self, arrival: Arrival) -> m.ReceiveRequest:
        """What is asked of the engine. Raises TypeError, ValueError or AssertionError for what is no arrival."""
        match arrival:
            case Typing():
                return m.ReceiveRequest(
                    channel=self._name,
                    address=arrival.address.id,
                    aliases=_aliases(arrival.address),
                    typing=bool(arrival.is_on),
                )
            case Receipt():
                return self._reported(arrival)
            case Inbound(is_echo=True):
                request = self._addressed(arrival)
                name = self._relink(arrival.delivery_id, arrival.external_id)
                request.echo.CopyFrom(
                    m.EchoedMessage(text=words_of(arrival), external_id=arrival.external_id, delivery=name)
                )
                return request
            case Inbound() | Edited() | Removed() | Unsupported():
                request = self._addressed(arrival)
                request.text = words_of(arrival)
                if isinstance(arrival, Inbound):
                    request.message_id = _external_id(arrival.external_id)
                    request.is_standby = arrival.is_standby
                    if isinstance(arrival.content, Text):
                        request.choice_id = _choice_id(arrival.content)
                    if arrival.name:
                        request.customer.display_name = arrival.name
                return request
            case CustomerLeft():
                request = self._addressed(arrival)
                request.customer_left = True
                return request
            case _:
                assert_never(arrival)

    def _reported(self, receipt: Receipt) -> m.ReceiveRequest:
        told = m.DeliveryReceipt(
            state=m.DeliveryReceiptState.Value(f"DELIVERY_RECEIPT_STATE_{receipt.state}"),
            external_id=receipt.external_id or "",
            delivery=self._relink(receipt.delivery_id, receipt.external_id if receipt.state != "FAILED" else None),
            error=(receipt.error or "")[:_ERROR_LENGTH_MAX],
        )
        if receipt.up_to is not None:
            told.up_to.FromDatetime(receipt.up_to)
        request = m.ReceiveRequest(channel=self._name, external_id=receipt.dedupe_key, receipt=told)
        if receipt.address is not None:
            request.address = receipt.address.id
            request.aliases.extend(_aliases(receipt.address))
        return request

    def _relink(self, delivery: str | None, external_id: str | None) -> str:
        """Remember that the provider has it; the delivery's name without the part that this is, empty if not ours."""
        if not delivery or _OURS.fullmatch(delivery) is None:
            return ""
        if external_id is not None:
            self.relinked[delivery] = external_id
            while len(self.relinked) > _RELINKED_MAX:
                self.relinked.popitem(last=False)
        return delivery.partition("#")[0]

    def _addressed(self, arrival: Inbound | Edited | Removed | Unsupported | CustomerLeft) -> m.ReceiveRequest:
        account = arrival.address.account
        key = f"{account}/{arrival.dedupe_key}" if account else arrival.dedupe_key
        return m.ReceiveRequest(
            channel=self._name, address=arrival.address.id, external_id=key, aliases=_aliases(arrival.address)
        )


def _is_mended(request: m.ReceiveRequest, error: HookflashError) -> bool:
    """Make of a request that is refused one that may be taken: shorter, or without a medium that is gone by now."""
    limit = error.metadata.get("limit", "")
    if error.reason == _TOO_LONG and limit.isdecimal() and len(request.text) > int(limit):
        request.text = f"{request.text[: int(limit) - 1]}\N{HORIZONTAL ELLIPSIS}"
        return True
    if error.reason == "BAD_FIELD" and request.media:
        request.media = ""
        return True
    return False


def _aliases(address: CustomerAddress) -> list[str]:
    """His other ids, those that the engine takes."""
    fit = [each for each in address.aliases if len(each) <= _ADDRESS_LENGTH_MAX and each.isprintable() and each.strip()]
    return fit[:_ALIASES_MAX]


def _external_id(given: str) -> str:
    """The provider's id of a message, if the engine takes it; without it the message is marked read by its key."""
    return given if len(given) <= _EXTERNAL_ID_LENGTH_MAX and given.isprintable() else ""


def _choice_id(content: Text) -> str:
    """The id of the choice that he picked, if the engine takes it; what he said counts in any case."""
    given = content.choice_id
    return given if len(given) <= _CHOICE_ID_LENGTH_MAX and given.isprintable() else ""


def _not_taken(error: HookflashError) -> NotTaken:
    if isinstance(error, Unreachable | TimedOut):
        return NotTaken(error.reason, _RETRY_S)
    delay = error.retry_delay
    return NotTaken(error.reason, None if delay is None else delay.total_seconds())
