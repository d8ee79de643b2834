"""The outbox: everything that records handed out for customers, less what was settled. A fold, so it needs no table.

What was settled never comes again; what was handed out and not settled comes again, under the same key. What waits is
bounded by what was acknowledged to those who said it: `pending` counts it, for whoever refuses new work.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol, Self, final

from hookflash.engine.actors.calls import Sealed
from hookflash.engine.actors.clock import Clock
from hookflash.engine.domain import events as e
from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.conversation.state import Conversation
from hookflash.engine.domain.refusals import Refusal, TakenOver
from hookflash.engine.domain.struct import Struct
from hookflash.sdk.channel import Delivery
from hookflash.sdk.types import ChannelId, ConversationId

from .contents import Outgoing
from .line import Line, Row

__all__ = ["IN_FLIGHT_MAX", "DeliveryReader", "Outbox", "Settled", "UnsettledRow"]

IN_FLIGHT_MAX: Final = 10_000
"""No reader has more deliveries on their way than this, whatever it asks for."""


class UnsettledRow(Protocol):
    """A delivery as the views keep it until it is settled."""

    @property
    def conversation(self) -> ConversationId:
        """Whose it is."""

    @property
    def delivery(self) -> int:
        """Its number."""

    @property
    def channel(self) -> ChannelId:
        """What it goes out through."""

    @property
    def address(self) -> str:
        """The customer's address there."""

    @property
    def event(self) -> Outgoing:
        """What was said."""


class Settled(Struct, frozen=True, kw_only=True):
    """A delivery that is done, or failed for good where `error` says why; `at` is when it was said."""

    channel: ChannelId
    address: str
    conversation: ConversationId
    number: int
    at: float
    external_id: str
    error: str


@final
class Outbox:
    """The ways out of all channels. Everything here is called on the engine's loop."""

    def __init__(self, clock: Clock, delivery_timeout_s: float) -> None:
        """Begin empty."""
        self._clock = clock
        self._timeout_s = delivery_timeout_s
        self._listeners: list[Callable[[Settled], None]] = []
        self._lines: dict[ChannelId, Line] = {}
        self._rows: dict[ConversationId, Row] = {}
        self._at: dict[tuple[ChannelId, str], set[ConversationId]] = {}

    def on_settled(self, *listeners: Callable[[Settled], None]) -> None:
        """Tell these, in this order, of each delivery that is done."""
        self._listeners += listeners

    def restore(self, rows: Iterable[UnsettledRow]) -> None:
        """Take over what the views know, before anybody reads; the journal's tail then goes through `follow`."""
        for row in rows:
            self._add(row.conversation, row.channel, row.address, row.delivery, row.event)

    def follow(self, group: Sequence[Sealed]) -> None:
        """Fold durable records: the shard's listener. Seeing a record twice changes nothing while it is unsettled."""
        for sealed in group:
            for fact in sealed.record.facts:
                match fact.event:
                    case e.MessageSent(delivery=int(number)) | e.CustomerNoticed(delivery=number):
                        channel, address = self._customer(sealed, fact.subject)
                        self._add(ConversationId(fact.subject.id), channel, address, number, fact.event)
                    case e.DeliverySettled():
                        self._settle(ConversationId(fact.subject.id), fact.event)
                    case e.ChannelDeleted():
                        self._delete(ChannelId(fact.subject.id))
                    case _:
                        pass

    def open_reader(
        self, channel: ChannelId, max_in_flight: int, *, is_in_step: bool = False, has_timeout: bool = True
    ) -> "DeliveryReader":
        """Read a channel's deliveries, from the first unsettled one of each conversation on; a reader before is ended.

        `is_in_step`: the next of a conversation waits until the last is settled. Without timeout, the reader promises
        to settle or postpone whatever it is given.
        """
        line = self._line(channel)
        before = line.reader
        reader = DeliveryReader(
            line,
            max_in_flight=max(1, min(max_in_flight, IN_FLIGHT_MAX)),
            is_in_step=is_in_step,
            timeout_s=self._timeout_s if has_timeout else None,
        )
        if isinstance(before, DeliveryReader):
            before.end(TakenOver(str(Address(Kind.CHANNEL, channel))))
        line.change_reader(reader)
        return reader

    def postpone(self, conversation: ConversationId, number: int, retry_s: float) -> None:
        """Hand it out again after that time, and the later ones of its conversation after it; settled: no effect."""
        row = self._rows.get(conversation)
        if row is not None:
            row.line.postpone(row, number, retry_s)

    def pending(self, channel: ChannelId | None = None) -> int:
        """How many deliveries are not settled, of one channel or of all."""
        if channel is None:
            return sum(line.count for line in self._lines.values())
        line = self._lines.get(channel)
        return 0 if line is None else line.count

    def reading(self, channel: ChannelId) -> tuple[bool, float | None]:
        """Whether somebody reads a channel's deliveries, and since when it is so; None: since the beginning."""
        line = self._lines.get(channel)
        return (False, None) if line is None else (line.reader is not None, line.reader_since)

    def unsettled_at(self, channel: ChannelId, address: str) -> frozenset[tuple[ConversationId, int]]:
        """What may be on its way to that customer: his conversations' deliveries that are not settled."""
        talks = self._at.get((channel, address), ())
        return frozenset((talk, number) for talk in talks for number in self._rows[talk].pending)

    def event_of(self, conversation: ConversationId, number: int) -> Outgoing | None:
        """What an unsettled delivery is made of; None where it is settled or never was."""
        row = self._rows.get(conversation)
        return None if row is None else row.pending.get(number)

    def _customer(self, sealed: Sealed, subject: Address) -> tuple[ChannelId, str]:
        state = sealed.states.get(subject) or sealed.before.get(subject)
        if isinstance(state, Conversation):
            return state.channel, state.address
        row = self._rows.get(ConversationId(subject.id))
        if row is None:
            raise LookupError(f"record {sealed.record.position} came without the state of {subject}")
        return row.line.channel, row.address

    def _line(self, channel: ChannelId) -> Line:
        line = self._lines.get(channel)
        if line is None:
            line = self._lines[channel] = Line(channel, self._clock)
        return line

    def _add(
        self, conversation: ConversationId, channel: ChannelId, address: str, number: int, event: Outgoing
    ) -> None:
        row = self._rows.get(conversation)
        if row is None:
            row = self._rows[conversation] = Row(self._line(channel), conversation, address, number)
            self._at.setdefault((channel, address), set()).add(conversation)
        row.line.add(row, number, event)

    def _settle(self, conversation: ConversationId, settled: e.DeliverySettled) -> None:
        row = self._rows.get(conversation)
        event = None if row is None else row.line.remove(row, settled.delivery)
        if row is None or event is None:
            return
        if not row.pending:
            self._forget(row)
        told = Settled(
            channel=row.line.channel,
            address=row.address,
            conversation=conversation,
            number=settled.delivery,
            at=event.at,
            external_id=settled.external_id,
            error=settled.error,
        )
        for listener in self._listeners:
            listener(told)

    def _forget(self, row: Row) -> None:
        del self._rows[row.conversation]
        place = (row.line.channel, row.address)
        self._at[place].discard(row.conversation)
        if not self._at[place]:
            del self._at[place]

    def _delete(self, channel: ChannelId) -> None:
        # A channel with unsettled deliveries is not deleted (R-Q9), so nothing is lost with its line.
        line = self._lines.pop(channel, None)
        if line is not None and isinstance(line.reader, DeliveryReader):
            line.reader.close()


@final
class DeliveryReader:
    """An endless iterator of one channel's deliveries; ends when closed, raises TakenOver when another one reads."""

    def __init__(self, line: Line, *, max_in_flight: int, is_in_step: bool, timeout_s: float | None) -> None:
        """Made by `Outbox.open_reader`."""
        self.max_in_flight = max_in_flight
        self.is_in_step = is_in_step
        self.timeout_s = timeout_s
        self._line = line
        self._woken = asyncio.Event()
        self._is_closed = False
        self._refusal: Refusal | None = None

    def __aiter__(self) -> Self:
        """Be its own iterator."""
        return self

    async def __anext__(self) -> Delivery:
        """Wait for the next delivery; it is on its way from then on."""
        while not self._is_closed:
            delivery = self._line.take()
            if delivery is not None:
                return delivery
            self._woken.clear()
            await self._woken.wait()
        if self._refusal is not None:
            raise self._refusal
        raise StopAsyncIteration

    def wake(self) -> None:
        """Look again."""
        self._woken.set()

    def end(self, refusal: Refusal | None = None) -> None:
        """End the iteration, with a refusal where there is one."""
        self._is_closed = True
        self._refusal = refusal
        self._woken.set()

    def close(self) -> None:
        """Read no more; what is not settled comes again to whoever reads next. Closing twice is no error."""
        if not self._is_closed:
            self.end()
            self._line.change_reader(None)
