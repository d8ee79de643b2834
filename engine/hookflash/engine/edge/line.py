"""What waits to go out through one channel, and what of it is on its way.

In order within a conversation, in turns between conversations. A conversation has a cursor: what is before it and still
here is on its way. Handing something out again is moving the cursor back, so the later ones come after it by
themselves. Every operation is O(1), but for a wake-up's O(log n) and moving back, paid for by having moved forward.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final, Protocol, final

from hookflash.engine.actors.clock import Clock
from hookflash.sdk.channel import Delivery
from hookflash.sdk.types import ChannelId, ConversationId

from .contents import Outgoing, delivery_of

__all__ = ["Line", "Reading", "Row"]


class Reading(Protocol):
    """Who reads a line, and how."""

    max_in_flight: int
    is_in_step: bool
    timeout_s: float | None

    def wake(self) -> None:
        """Look again: something can be handed out."""


@final
class Row:
    """One conversation's deliveries: `pending` by number, `cursor` the first number that is not on its way."""

    __slots__ = ("address", "cancel_wake", "conversation", "cursor", "in_flight", "last", "line", "pending")

    def __init__(self, line: "Line", conversation: ConversationId, address: str, first: int) -> None:
        self.line: Final = line
        self.conversation: Final = conversation
        self.address: Final = address
        self.pending: dict[int, Outgoing] = {}
        self.cursor = first
        self.last = first
        self.in_flight = 0
        self.cancel_wake: Callable[[], None] | None = None

    def next(self) -> int | None:
        """The number to be handed out next; those settled out of turn are stepped over."""
        while self.cursor <= self.last:
            if self.cursor in self.pending:
                return self.cursor
            self.cursor += 1
        return None


_Key = tuple[Row, int]


@final
class Line:
    """A channel's way out; at most one reader."""

    def __init__(self, channel: ChannelId, clock: Clock) -> None:
        self.channel: Final = channel
        self.count = 0
        self.reader: Reading | None = None
        self.reader_since: float | None = None
        self._clock = clock
        # Exactly the rows that have something to hand out now, the longest waiting one first.
        self._ready: OrderedDict[Row, None] = OrderedDict()
        # In the order of handing out, so the first one is the first to be overdue.
        self._in_flight: OrderedDict[_Key, float] = OrderedDict()
        self._attempts: dict[_Key, int] = {}
        self._held_until: dict[_Key, float] = {}
        self._cancel_alarm: Callable[[], None] | None = None

    def add(self, row: Row, number: int, event: Outgoing) -> None:
        """Something is to go out."""
        if number in row.pending:
            return
        row.pending[number] = event
        row.cursor = min(row.cursor, number)
        row.last = max(row.last, number)
        self.count += 1
        self._judge(row)

    def remove(self, row: Row, number: int) -> Outgoing | None:
        """It was settled, wherever it is; the event that it was made of."""
        event = row.pending.pop(number, None)
        if event is None:
            return None
        self.count -= 1
        key = (row, number)
        self._attempts.pop(key, None)
        self._held_until.pop(key, None)
        self._land(key)
        self._judge(row)
        self._wake()
        return event

    def postpone(self, row: Row, number: int, retry_s: float) -> None:
        """Hand it out again, not before that time; the later ones of its conversation after it."""
        if number not in row.pending:
            return
        self._held_until[row, number] = self._clock.now() + retry_s
        self._move_back(row, number)
        self._judge(row)
        self._wake()

    def take(self) -> Delivery | None:
        """Hand out the next one; None where nothing is ready or the reader has all it may have."""
        reader = self.reader
        if reader is None or not self._ready or len(self._in_flight) >= reader.max_in_flight:
            return None
        row, _ = self._ready.popitem(last=False)
        number = row.cursor
        key = (row, number)
        attempt = self._attempts[key] = self._attempts.get(key, 0) + 1
        row.cursor += 1
        row.in_flight += 1
        timeout_s = reader.timeout_s
        self._in_flight[key] = float("inf") if timeout_s is None else self._clock.now() + timeout_s
        self._arm()
        self._judge(row)
        return delivery_of(
            row.pending[number],
            channel=self.channel,
            address=row.address,
            conversation=row.conversation,
            attempt=attempt,
        )

    def change_reader(self, reader: Reading | None) -> None:
        """Let somebody else read, or nobody: what is on its way and not settled comes again."""
        self.reader, self.reader_since = reader, self._clock.now()
        rows = {row: None for row, _ in self._in_flight}
        for row, number in list(self._in_flight):
            self._move_back(row, number)
        for row in rows:
            self._judge(row)
        self._wake()

    def _judge(self, row: Row) -> None:
        """Put the row among the ready ones, or take it out: after whatever happened to it."""
        if row.cancel_wake is not None:
            row.cancel_wake()
            row.cancel_wake = None
        if not self._may_go(row):
            self._ready.pop(row, None)
        elif row not in self._ready:
            self._ready[row] = None
            self._wake()

    def _may_go(self, row: Row) -> bool:
        number = row.next()
        if number is None:
            return False
        if row.in_flight and self.reader is not None and self.reader.is_in_step:
            return False
        until = self._held_until.get((row, number))
        if until is None:
            return True
        if until > self._clock.now():
            row.cancel_wake = self._clock.wake_at(until, lambda: self._judge(row))
            return False
        del self._held_until[row, number]
        return True

    def _land(self, key: _Key) -> None:
        if self._in_flight.pop(key, None) is not None:
            key[0].in_flight -= 1

    def _move_back(self, row: Row, number: int) -> None:
        for later in range(number, row.cursor):
            self._land((row, later))
        row.cursor = min(row.cursor, number)

    def _arm(self) -> None:
        if self._cancel_alarm is None and self._in_flight:
            deadline = next(iter(self._in_flight.values()))
            if deadline != float("inf"):
                self._cancel_alarm = self._clock.wake_at(deadline, self._look_for_overdue)

    def _look_for_overdue(self) -> None:
        self._cancel_alarm = None
        now = self._clock.now()
        while self._in_flight:
            (row, number), deadline = next(iter(self._in_flight.items()))
            if deadline > now:
                break
            self._move_back(row, number)
            self._judge(row)
        self._arm()
        self._wake()

    def _wake(self) -> None:
        reader = self.reader
        if reader is not None and self._ready and len(self._in_flight) < reader.max_in_flight:
            reader.wake()
