"""What providers report of deliveries, joined to the deliveries that it is about.

A receipt may overtake the answer that brings the id it names, so one for an unknown id is parked until that id arrives.
What was sent before this engine started is read off the journal (`receipt_history`), as far back as it is worth.
"""

import asyncio
from collections import Counter, OrderedDict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, final

import structlog

from hookflash.engine.actors.calls import Call
from hookflash.engine.actors.clock import Clock
from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.commands import RecordReceipt
from hookflash.engine.domain.refusals import Refusal
from hookflash.engine.domain.struct import Struct
from hookflash.engine.journal.record import CauseKind
from hookflash.sdk.channel import Delivery, Receipt, ReceiptState
from hookflash.sdk.types import ChannelId, ConversationId

from .contents import clean_reason, read_delivery_name, read_part_number
from .outbox import Settled
from .patience import adapter_principal, submit_patiently
from .ports import EdgeShard

__all__ = ["KNOWN_MAX", "PARKED_MAX", "PARKED_S", "ReceiptJoiner", "Relinked"]

PARKED_S: Final = 3600.0
PARKED_MAX: Final = 10_000
"""Receipts parked for one channel; the oldest goes first, and is counted."""

KNOWN_MAX: Final = 100_000
"""Deliveries of one channel whose receipts are awaited; the oldest goes first."""

# DELIVERED and READ stand above FAILED: so a state that only rises is also one that a late DELIVERED corrects.
_RANK: Final = {ReceiptState.SENT: 1, ReceiptState.FAILED: 2, ReceiptState.DELIVERED: 3, ReceiptState.READ: 4}

_log = structlog.get_logger(__name__)

_Key = tuple[ConversationId, int]


class Relinked(Struct, frozen=True):
    """A delivery has arrived at the provider up to this part (from 1), which has that id there."""

    part: int
    external_id: str


@dataclass(slots=True)
class _Sent:
    """A delivery that went out: `rank` is how far it is known to have come, `said_at` when it was said."""

    conversation: ConversationId
    number: int
    address: str = ""
    external_id: str = ""
    said_at: float = 0.0
    rank: int = 0


@final
class _Channel:
    """What was sent through one channel, and what was reported too early."""

    __slots__ = ("by_address", "by_external_id", "parked", "relinked", "sent")

    def __init__(self) -> None:
        self.sent: OrderedDict[_Key, _Sent] = OrderedDict()
        self.by_external_id: dict[str, _Sent] = {}
        self.by_address: dict[str, dict[_Key, _Sent]] = {}
        self.relinked: OrderedDict[_Key, Relinked] = OrderedDict()
        self.parked: OrderedDict[str, tuple[Receipt, float]] = OrderedDict()

    def add(self, sent: _Sent) -> None:
        key = (sent.conversation, sent.number)
        self.sent[key] = sent
        self.by_address.setdefault(sent.address, {})[key] = sent
        if sent.external_id:
            self.by_external_id[sent.external_id] = sent
        while len(self.sent) > KNOWN_MAX:
            self._forget(self.sent.popitem(last=False)[1])

    def take_out(self, key: _Key) -> _Sent | None:
        sent = self.sent.pop(key, None)
        if sent is not None:
            self._forget(sent)
        return sent

    def _forget(self, sent: _Sent) -> None:
        if self.by_external_id.get(sent.external_id) is sent:
            del self.by_external_id[sent.external_id]
        of_address = self.by_address[sent.address]
        del of_address[sent.conversation, sent.number]
        if not of_address:
            del self.by_address[sent.address]


@final
class ReceiptJoiner:
    """Brings receipts to their conversations; `take` is for what a provider reports, `settled` is the outbox's."""

    def __init__(self, shard: EdgeShard, clock: Clock) -> None:
        """Record receipts in that shard."""
        self._shard = shard
        self._clock = clock
        self._channels: dict[ChannelId, _Channel] = {}
        self._joining: set[asyncio.Task[None]] = set()
        self.dropped: Counter[ChannelId] = Counter()
        """Receipts that were parked and never joined, by channel."""

    def parked(self, channel: ChannelId) -> int:
        """How many receipts of a channel wait for the id they name."""
        found = self._channels.get(channel)
        return 0 if found is None else len(found.parked)

    def is_ours(self, channel: ChannelId, external_id: str, delivery_id: str) -> bool:
        """Whether an echo is of a delivery of ours, by the provider's id or our own."""
        return external_id in self._channel(channel).by_external_id or read_delivery_name(delivery_id) is not None

    def relinked(self, channel: ChannelId, delivery: Delivery) -> Relinked | None:
        """How much of a delivery that is not settled here came back under our id; None: nothing."""
        return self._channel(channel).relinked.get((delivery.conversation, delivery.sequence))

    def relink(self, channel: ChannelId, delivery_id: str, external_id: str) -> None:
        """Something of the provider's names a delivery by our id: it has arrived there."""
        key = read_delivery_name(delivery_id)
        if key is None:
            return
        relinked = self._channel(channel).relinked
        before, part = relinked.get(key), read_part_number(delivery_id)
        if before is None or before.part <= part:
            relinked[key] = Relinked(part, external_id)
        while len(relinked) > PARKED_MAX:
            relinked.popitem(last=False)

    def forget(self, channel: ChannelId) -> None:
        """The channel was deleted."""
        self._channels.pop(channel, None)
        self.dropped.pop(channel, None)

    def remember(self, settled: Settled, states: Iterable[ReceiptState]) -> None:
        """A delivery that went out before this engine started, and what was reported of it."""
        channel = self._channel(settled.channel)
        key = (settled.conversation, settled.number)
        if key in channel.sent or len(channel.sent) >= KNOWN_MAX:
            return  # Newer ones stay.
        self.settled(settled)
        channel.sent[key].rank = max([channel.sent[key].rank, *(_RANK[state] for state in states)])
        channel.sent.move_to_end(key, last=False)

    def settled(self, settled: Settled) -> None:
        """A delivery went out, or failed: the outbox tells. A receipt that was early is recorded now."""
        channel = self._channel(settled.channel)
        # A receipt that named it by our own id may have come before: its state rises from there.
        sent = channel.take_out((settled.conversation, settled.number)) or _Sent(settled.conversation, settled.number)
        sent.address, sent.external_id, sent.said_at = settled.address, settled.external_id, settled.at
        if settled.error:
            sent.rank = max(sent.rank, _RANK[ReceiptState.FAILED])
        channel.add(sent)
        channel.relinked.pop((settled.conversation, settled.number), None)
        receipt, until = channel.parked.pop(settled.external_id, (None, 0.0))
        if receipt is None:
            return
        if until <= self._clock.now():
            self.dropped[settled.channel] += 1
            return
        joining = asyncio.get_running_loop().create_task(self._record(settled.channel, sent, receipt))
        self._joining.add(joining)
        joining.add_done_callback(self._joining.discard)

    async def stop(self) -> None:
        """End what is still being recorded; a provider brings again what it has no answer to."""
        joining = list(self._joining)
        for task in joining:
            task.cancel()
        await asyncio.gather(*joining, return_exceptions=True)

    async def take(self, channel: ChannelId, receipt: Receipt) -> None:
        """Record what a receipt says, or park it; waits while the shard takes no commands."""
        if receipt.up_to is not None:
            for sent in list(self._covered(channel, receipt)):
                await self._record(channel, sent, receipt)
            return
        if receipt.delivery_id is not None and receipt.state is not ReceiptState.FAILED:
            self.relink(channel, receipt.delivery_id, receipt.external_id or "")
        sent_one = self._named(channel, receipt)
        if sent_one is not None:
            await self._record(channel, sent_one, receipt)
        elif receipt.external_id:
            self._park(channel, receipt, receipt.external_id)
        else:
            self.dropped[channel] += 1

    def _covered(self, channel: ChannelId, receipt: Receipt) -> Iterator[_Sent]:
        """The deliveries under a watermark: DELIVERED strictly before it, READ at or before (plugins.md 3.3)."""
        if receipt.up_to is None or receipt.address is None:
            self.dropped[channel] += 1
            return
        up_to = receipt.up_to.timestamp()
        for sent in self._channel(channel).by_address.get(receipt.address.id, {}).values():
            # What failed never reached the provider, so its watermark does not speak of it.
            if sent.rank != _RANK[ReceiptState.FAILED] and (
                sent.said_at < up_to or (sent.said_at == up_to and receipt.state is ReceiptState.READ)
            ):
                yield sent

    def _named(self, channel: ChannelId, receipt: Receipt) -> _Sent | None:
        known = self._channel(channel)
        if receipt.external_id in known.by_external_id:
            return known.by_external_id[receipt.external_id or ""]
        key = None if receipt.delivery_id is None else read_delivery_name(receipt.delivery_id)
        if key is None:
            return None
        if key not in known.sent:
            # Not settled yet, or sent before this engine started: what it was is not known, so any state is a rise.
            known.add(_Sent(*key))
        return known.sent[key]

    def _park(self, channel: ChannelId, receipt: Receipt, external_id: str) -> None:
        now = self._clock.now()
        parked = self._channel(channel).parked
        while parked and next(iter(parked.values()))[1] <= now:
            parked.popitem(last=False)
            self.dropped[channel] += 1
        before = parked.pop(external_id, None)
        if before is not None and _RANK[before[0].state] >= _RANK[receipt.state]:
            receipt = before[0]
        parked[external_id] = (receipt, now + PARKED_S)
        while len(parked) > PARKED_MAX:
            parked.popitem(last=False)
            self.dropped[channel] += 1

    async def _record(self, channel: ChannelId, sent: _Sent, receipt: Receipt) -> None:
        rank, before = _RANK[receipt.state], sent.rank
        if rank <= before:
            return
        # Risen before it is written, so that the same receipt again, meanwhile, is not written too.
        sent.rank = rank
        command = RecordReceipt(delivery=sent.number, state=str(receipt.state), error=clean_reason(receipt.error or ""))
        call = Call(principal=adapter_principal(channel), method="RecordReceipt", cause=CauseKind.PLUGIN)
        try:
            await submit_patiently(
                self._shard, self._clock, Address(Kind.CONVERSATION, sent.conversation), command, call
            )
        except Refusal as refusal:
            _log.warning("receipt_refused", channel=channel, reason=str(refusal.reason))
        except BaseException:
            sent.rank = before
            raise

    def _channel(self, channel: ChannelId) -> _Channel:
        found = self._channels.get(channel)
        if found is None:
            found = self._channels[channel] = _Channel()
        return found
