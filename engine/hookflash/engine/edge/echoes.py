"""Echoes: what somebody of ours wrote to a customer past the engine, in the provider's own inbox.

Providers bring our own deliveries back the same way. These are known by their ids and are no messages; what they tell
is that they have arrived. An echo may overtake the answer that brings its id, so one whose id nobody knows waits, for a
moment, while something is on its way to that customer; nothing of it is answered before it is known whose it is.
"""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, final

from hookflash.engine.actors.clock import Clock
from hookflash.engine.domain.refusals import Draining, RateLimited
from hookflash.sdk.types import ChannelId, ConversationId, Principal

from .inbox import Inbox
from .outbox import Outbox, Settled
from .receipts import ReceiptJoiner

__all__ = ["HELD_MAX", "HELD_S", "Echoes"]

HELD_S: Final = 5.0
"""How long an echo waits: less than callers of Receive do."""

HELD_MAX: Final = 64
"""Echoes of one channel that wait at once; more are to be brought again."""

_PARTS_MAX: Final = 10_000
_RETRY_S: Final = 1.0


@dataclass(slots=True, eq=False)
class _Held:
    """An echo that waits; `awaited` are the deliveries that it may be of."""

    external_id: str
    awaited: set[tuple[ConversationId, int]]
    decided: "asyncio.Future[None]"

    def decide(self) -> None:
        if not self.decided.done():
            self.decided.set_result(None)


@final
class Echoes:
    """Takes echoes from ChannelService and from the engine's own adapters alike."""

    def __init__(self, inbox: Inbox, receipts: ReceiptJoiner, outbox: Outbox, clock: Clock) -> None:
        """What is not ours goes into that inbox; the outbox has what is on its way, and tells `settled`."""
        self._inbox = inbox
        self._receipts = receipts
        self._outbox = outbox
        self._clock = clock
        self._held: dict[ChannelId, set[_Held]] = {}
        self._parts: dict[ChannelId, OrderedDict[str, None]] = {}

    async def take(
        self,
        principal: Principal,
        channel: ChannelId,
        address: str,
        key: str,
        *,
        text: str,
        external_id: str = "",
        delivery: str = "",
        brought_as: str = "",
    ) -> None:
        """Take one; `external_id` is the provider's own, `delivery` our name where the provider kept it.

        Waits up to HELD_S while it may be of a delivery whose id is not told yet. Raises Refusal.
        """
        if delivery:
            self._receipts.relink(channel, delivery, external_id)
        if self._is_ours(channel, external_id, delivery):
            return
        if external_id and self._inbox.is_open(channel, address):
            await self._until_decided(channel, address, external_id)
            if self._is_ours(channel, external_id, delivery):
                return
        await self._inbox.echo(principal, channel, address, key, text, brought_as=brought_as)

    def held(self, channel: ChannelId) -> int:
        """How many echoes of a channel wait."""
        return len(self._held.get(channel, ()))

    def settled(self, settled: Settled) -> None:
        """A delivery is done, and its id is known: the outbox tells, after the receipts."""
        key = (settled.conversation, settled.number)
        for held in self._held.get(settled.channel, ()):
            held.awaited.discard(key)
            if not held.awaited or held.external_id == settled.external_id:
                held.decide()

    def sent(self, channel: ChannelId, external_id: str) -> None:
        """Something of ours that no settlement will name has that id: a part of a delivery in several."""
        if not external_id:
            return
        parts = self._parts.setdefault(channel, OrderedDict())
        parts[external_id] = None
        if len(parts) > _PARTS_MAX:
            parts.popitem(last=False)
        for held in self._held.get(channel, ()):
            if held.external_id == external_id:
                held.decide()

    def forget(self, channel: ChannelId) -> None:
        """The channel was deleted."""
        self._parts.pop(channel, None)

    def stop(self) -> None:
        """The engine stops: what waits is to be brought again."""
        for waiting in self._held.values():
            for held in waiting:
                if not held.decided.done():
                    held.decided.set_exception(Draining())

    def _is_ours(self, channel: ChannelId, external_id: str, delivery: str) -> bool:
        is_part = external_id in self._parts.get(channel, ())
        return is_part or self._receipts.is_ours(channel, external_id, delivery)

    async def _until_decided(self, channel: ChannelId, address: str, external_id: str) -> None:
        """Wait until what is on its way to that customer now is settled, or that id is; HELD_S at most."""
        awaited = set(self._outbox.unsettled_at(channel, address))
        if not awaited:
            return
        waiting = self._held.setdefault(channel, set())
        if len(waiting) >= HELD_MAX:
            raise RateLimited(_RETRY_S)
        held = _Held(external_id, awaited, asyncio.get_running_loop().create_future())
        waiting.add(held)
        cancel = self._clock.wake_at(self._clock.now() + HELD_S, held.decide)
        try:
            await held.decided
        finally:
            cancel()
            waiting.discard(held)
            if not waiting and self._held.get(channel) is waiting:
                del self._held[channel]
