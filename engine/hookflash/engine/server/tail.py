"""The journal as it is watched: read from the disk in a thread until the reader is up to date, then from memory.

What was recorded last is kept once for all readers, and rendered once for each way of seeing it. A reader that was up
to date and then falls further behind than that is too slow.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from hookflash.engine.actors.calls import Sealed
from hookflash.engine.domain.refusals import Draining, PositionGone, SlowConsumer
from hookflash.engine.domain.struct import Struct
from hookflash.engine.journal.record import Record
from hookflash.engine.server.asking import Asking
from hookflash.engine.server.caller import Caller
from hookflash.engine.server.convert_event import events_to
from hookflash.v1 import event_pb2
from hookflash.v1 import event_service_pb2 as pb

__all__ = ["Seen", "Tail"]

EVENTS_PER_ANSWER_MAX: Final = 100
"""Events in one answer at most."""

PAGE_RECORDS_MAX: Final = 2_000
"""Records that are looked at for one page of a list."""

_PROGRESS_S: Final = 10.0
_READ_RECORDS: Final = 500


class Seen(Struct, frozen=True, kw_only=True):
    """What a reader sees: all events or those of one subject and type; with or without what was said."""

    subject: str = ""
    type: str = ""
    is_said_shown: bool = False

    def of(self, record: Record) -> list[event_pb2.Event]:
        """The record's events that the reader sees."""
        if self.subject and all(str(fact.subject) != self.subject for fact in record.facts):
            return []
        return [
            event
            for event in events_to(record, is_said_shown=self.is_said_shown)
            if self.subject in ("", event.subject) and self.type in ("", event.type)
        ]


@dataclass(slots=True)
class _Kept:
    record: Record
    rendered: dict[Seen, list[event_pb2.Event]] = field(default_factory=dict)

    def of(self, seen: Seen) -> list[event_pb2.Event]:
        found = self.rendered.get(seen)
        if found is None:
            found = self.rendered[seen] = seen.of(self.record)
        return found


class Tail:
    """The latest records, and who waits for the next."""

    def __init__(self, asking: Asking) -> None:
        """Begin where the journal ends now."""
        self._asking = asking
        self._kept: deque[_Kept] = deque()
        self._events = 0
        self._position = asking.shard.durable_position
        self._first = self._position + 1
        self._awake = asyncio.Event()
        self._is_ended = False

    def hear(self, group: Sequence[Sealed]) -> None:
        """Keep durable records while there is room, and wake who waits."""
        for sealed in group:
            self._kept.append(_Kept(sealed.record))
            self._events += len(sealed.record.facts)
            self._position = sealed.record.position
        while self._events > self._asking.limits.stream_buffer_events_max and len(self._kept) > 1:
            self._events -= len(self._kept.popleft().record.facts)
        self._first = self._kept[0].record.position if self._kept else self._first
        self._wake()

    def end_all(self) -> None:
        """The engine stops."""
        self._is_ended = True
        self._wake()

    def _wake(self) -> None:
        awake, self._awake = self._awake, asyncio.Event()
        awake.set()

    @property
    def position(self) -> int:
        """The last durable position that was heard of."""
        return self._position

    def check(self, position: int) -> None:
        """Raise PositionGone for a position that the journal does not have."""
        if not 0 <= position <= self.position:
            raise PositionGone(position)

    async def watch(self, caller: Caller, after: int, seen: Seen) -> None:
        """Write every event after a position, and progress. Raises PositionGone, SlowConsumer and Draining."""
        self.check(after)
        is_live = False
        is_first = True
        while True:
            if self._is_ended:
                raise Draining
            awake = self._awake
            if is_live and after + 1 < self._first:
                raise SlowConsumer(after)
            if after < self.position or is_first:
                after, is_live = await self._write(caller, after, seen, is_first=is_first)
                is_first = False
            elif not await self._woken(awake):
                await caller.write(pb.WatchResponse(position=after))

    async def _woken(self, awake: asyncio.Event) -> bool:
        with suppress(TimeoutError):
            await asyncio.wait_for(awake.wait(), _PROGRESS_S)
            return True
        return False

    async def _write(self, caller: Caller, after: int, seen: Seen, *, is_first: bool) -> tuple[int, bool]:
        """Write what comes next; the position that was reached, and whether it came from memory."""
        is_live = after + 1 >= self._first
        if is_live:
            ahead = [kept for kept in self._kept if kept.record.position > after]
            found = [(kept.record.position, kept.of(seen)) for kept in ahead]
        else:
            found = await self._asking.in_thread(lambda: self._read(after, seen))
        reached = found[-1][0] if found else after
        answer = pb.WatchResponse(position=after)
        for position, events in found:
            # A position is a whole record. One that does not fit waits for the next answer, so that whoever resumes
            # from this answer's position gets nothing twice; only one that no answer can hold is split.
            if answer.events and len(answer.events) + len(events) > EVENTS_PER_ANSWER_MAX:
                await caller.write(answer)
                answer = pb.WatchResponse(position=answer.position)
            for event in events:
                if len(answer.events) == EVENTS_PER_ANSWER_MAX:
                    await caller.write(answer)
                    answer = pb.WatchResponse(position=answer.position)
                answer.events.append(event)
            answer.position = position
        if answer.events or is_first:
            await caller.write(answer)
        return reached, is_live

    def _read(self, after: int, seen: Seen) -> list[tuple[int, list[event_pb2.Event]]]:
        return [(record.position, seen.of(record)) for record in self._asking.engine.journal.read(after, _READ_RECORDS)]

    async def page(self, after: int, index: int, size: int, seen: Seen) -> tuple[list[event_pb2.Event], str]:
        """A page of events after (position, index), and the token of the next; empty at the journal's end.

        A page looks at so many records at most. What a filter leaves of them may be little, or nothing: then the token
        says where to look on, and nobody waits behind a search through the whole journal.
        """
        self.check(after)
        return await self._asking.in_thread(lambda: self._page(after, index, size, seen))

    def _page(self, after: int, index: int, size: int, seen: Seen) -> tuple[list[event_pb2.Event], str]:
        events: list[event_pb2.Event] = []
        reached, end = max(after - 1, 0), self.position
        last = reached + PAGE_RECORDS_MAX
        while reached < min(end, last):
            records = self._asking.engine.journal.read(reached, _READ_RECORDS)
            for record in records:
                for event in seen.of(record):
                    if (event.position, event.index) <= (after, index):
                        continue
                    if len(events) == size:
                        return events, f"{events[-1].position}.{events[-1].index}"
                    events.append(event)
            if not records:
                break
            reached, all_of_it = records[-1].position, len(records[-1].facts)
            if last <= reached < end:
                return events, f"{reached}.{all_of_it}"
        return events, ""
