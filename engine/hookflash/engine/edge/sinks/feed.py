"""What a sink is given next: read from the journal behind its cursor, never kept in memory.

A batch for customers is cut by the number of its entries and by nothing else, so neither its size nor its place tells
whether there were whispers in between (I7).
"""

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias, final

from hookflash.engine.domain.struct import Struct
from hookflash.engine.domain.timeline import transcript_event
from hookflash.engine.edge.contents import said_of
from hookflash.engine.journal.codec import type_name
from hookflash.engine.journal.port import Journal
from hookflash.engine.journal.record import Record
from hookflash.engine.journal.telling import cause_words, told
from hookflash.sdk.sinks import Audience, Event, Said
from hookflash.sdk.types import ConversationId

from .cursors import Place
from .export import Export

__all__ = ["BATCH_MAX", "Batch", "Feed", "Item"]

BATCH_MAX: Final = 100
"""How many items one batch has at most."""

_READ_RECORDS: Final = 200
_EMPTY_RECORDS_MAX: Final = 5_000

Item: TypeAlias = Said | Event


class Batch(Struct, frozen=True):
    """What comes next, in the journal's order, and where the sink is once it has taken it; perhaps nothing for it."""

    items: tuple[Said, ...] | tuple[Event, ...]
    place: Place


@final
class Feed:
    """The journal as one audience sees it."""

    def __init__(self, journal: Journal, audience: Audience, export: Export | None = None) -> None:
        """Read that journal for that audience; what is for customers goes through `export`."""
        self._journal = journal
        self._export = export if audience is Audience.CUSTOMER else None
        self._items: Callable[[Record], Iterator[tuple[int, Item]]] = (
            _for_customers if audience is Audience.CUSTOMER else _for_agents
        )

    async def exported(self, place: Place) -> Batch:
        """The next batch behind a place, as it may leave."""
        batch = self.next(place)
        if self._export is None:
            return batch
        said = await self._export.of([item for item in batch.items if isinstance(item, Said)])
        return Batch(said, batch.place)

    def next(self, place: Place) -> Batch:
        """The next batch behind a place; it blocks, and raises what the journal raises.

        One without items is the journal's end, unless its place has moved: then there was nothing for this audience.
        """
        items: list[Item] = []
        reached = place
        while True:
            records = self._journal.read(reached.position, _READ_RECORDS)
            for record in records:
                for index, item in self._items(record):
                    if index < reached.facts:
                        continue
                    if len(items) == BATCH_MAX:
                        return _batch(items, reached)
                    items.append(item)
                    reached = Place(record.position - 1, index + 1)
                reached = Place(record.position)
            if not records or (not items and reached.position - place.position >= _EMPTY_RECORDS_MAX):
                return _batch(items, reached)


def _batch(items: list[Item], place: Place) -> Batch:
    return Batch(tuple(items), place)  # type: ignore[arg-type]  # one audience's items are all of one type


def _for_customers(record: Record) -> Iterator[tuple[int, Said]]:
    for index, fact in enumerate(record.facts):
        event = transcript_event(fact.event)
        if event is not None:
            yield index, said_of(event, conversation=ConversationId(fact.subject.id))


def _for_agents(record: Record) -> Iterator[tuple[int, Event]]:
    cause = cause_words(record.cause)
    for index, fact in enumerate(record.facts):
        yield (
            index,
            Event(
                position=record.position,
                index=index,
                at=record.at,
                kind=type_name(fact.event),
                subject=str(fact.subject),
                principal=record.principal,
                cause=cause,
                payload=told(fact.event, is_said_shown=True),
            ),
        )
