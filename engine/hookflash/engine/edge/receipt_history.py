"""Deliveries that went out before this engine started, read off the journal so that their receipts find them.

Read in a thread, the newest first, in pieces: a provider's receipts are mostly about what was sent lately, and nothing
waits for the rest.
"""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, final

import structlog

from hookflash.engine.domain import events as e
from hookflash.engine.domain.address import Kind
from hookflash.engine.journal.port import Journal, JournalError
from hookflash.engine.journal.record import Record
from hookflash.sdk.channel import ReceiptState
from hookflash.sdk.types import ChannelId, ConversationId

from .outbox import Settled
from .ports import EdgeShard
from .receipts import ReceiptJoiner

__all__ = ["RECORDS_MAX", "ReceiptHistory"]

RECORDS_MAX: Final = 100_000
"""How far back the journal is read, in records."""

_PIECE: Final = 2_000

_Key = tuple[ConversationId, int]

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _Found:
    """What was met so far, from the newest record back."""

    settled: dict[_Key, e.DeliverySettled] = field(default_factory=dict)
    states: dict[_Key, list[ReceiptState]] = field(default_factory=dict)
    said: dict[_Key, float] = field(default_factory=dict)
    customers: dict[ConversationId, tuple[ChannelId, str]] = field(default_factory=dict)


@final
class ReceiptHistory:
    """Reads once, from the journal's end at the start; `stop` ends the reading."""

    def __init__(self, journal: Journal, shard: EdgeShard, receipts: ReceiptJoiner) -> None:
        """Nothing is read yet."""
        self._journal = journal
        self._shard = shard
        self._receipts = receipts
        self._reading: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to read, beside everything else."""
        last = self._journal.tail().position
        self._reading = asyncio.get_running_loop().create_task(self._read(last))

    async def stop(self) -> None:
        """Read no further."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)

    async def until_read(self) -> None:
        """Wait until everything is read."""
        if self._reading is not None:
            await asyncio.shield(self._reading)

    async def _read(self, last: int) -> None:
        found = _Found()
        end = last
        while end > 0 and last - end < RECORDS_MAX:
            after = max(0, end - _PIECE)
            try:
                records = await asyncio.to_thread(self._journal.read, after, end - after)
            except JournalError as error:
                _log.warning("receipts_not_restored", error=str(error))
                return
            _gather(found, records)
            for settled, states in self._whole(found):
                self._receipts.remember(settled, states)
            end = after

    def _whole(self, found: _Found) -> Iterator[tuple[Settled, list[ReceiptState]]]:
        """The deliveries of which everything is known by now; they are not looked at again."""
        for key in [key for key in found.settled if key in found.said]:
            conversation, number = key
            customer = found.customers.get(conversation) or self._customer(conversation)
            if customer is None:
                continue
            settled = found.settled.pop(key)
            yield (
                Settled(
                    channel=customer[0],
                    address=customer[1],
                    conversation=conversation,
                    number=number,
                    at=found.said.pop(key),
                    external_id=settled.external_id,
                    error=settled.error,
                ),
                found.states.pop(key, []),
            )

    def _customer(self, conversation: ConversationId) -> tuple[ChannelId, str] | None:
        live = self._shard.facts.conversation(conversation)
        return None if live is None else (live.channel, live.address)


def _gather(found: _Found, records: list[Record]) -> None:
    for record in records:
        for fact in record.facts:
            if fact.subject.kind is not Kind.CONVERSATION:
                continue
            conversation = ConversationId(fact.subject.id)
            match fact.event:
                case e.DeliverySettled(delivery=number):
                    found.settled[conversation, number] = fact.event
                case e.DeliveryReceived(delivery=number, state=state) if state in list(ReceiptState):
                    found.states.setdefault((conversation, number), []).append(ReceiptState(state))
                case e.MessageSent(delivery=int(number), at=at) | e.CustomerNoticed(delivery=number, at=at):
                    found.said[conversation, number] = at
                case e.ConversationOpened(channel=channel, address=address):
                    found.customers[conversation] = (channel, address)
                case _:
                    pass
