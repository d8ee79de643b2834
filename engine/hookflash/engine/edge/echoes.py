"""Echoes: what somebody of ours wrote to a customer past the engine, in the provider's own inbox.

Providers bring our own deliveries back the same way. These are known by their ids and are no messages; what they tell
is that they have arrived.
"""

from typing import final

from hookflash.sdk.types import ChannelId, Principal

from .inbox import Inbox
from .receipts import ReceiptJoiner

__all__ = ["Echoes"]


@final
class Echoes:
    """Takes echoes from ChannelService and from the engine's own adapters alike."""

    def __init__(self, inbox: Inbox, receipts: ReceiptJoiner) -> None:
        """What is not ours goes into that inbox."""
        self._inbox = inbox
        self._receipts = receipts

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
    ) -> None:
        """Take one; `external_id` is the provider's own, `delivery` our name where the provider kept it.

        Raises Refusal.
        """
        if delivery:
            self._receipts.relink(channel, delivery, external_id)
        if not self._receipts.is_ours(channel, external_id, delivery):
            await self._inbox.echo(principal, channel, address, key, text)
