"""Ways to falsify a journal: one thing of it changed, left out, added or moved, the rest as the engine wrote it."""

from collections.abc import Callable, Sequence
from typing import Any

from hookflash.engine.checker import Checker, Promise
from hookflash.engine.domain import events as e
from hookflash.engine.domain.address import Address
from hookflash.engine.domain.struct import changed
from hookflash.engine.journal.record import Fact, Record

__all__ = ["Forgery", "add", "alter", "broken", "change", "delay", "drop", "move", "renumbered"]

Forgery = Callable[[Sequence[Record]], list[Record]]
"""Makes a false journal of a true one."""


def broken(records: Sequence[Record], **seen: Any) -> set[Promise]:  # noqa: ANN401  what `finish` takes
    """Which promises are broken by a journal and what was seen beside it."""
    checker = Checker()
    for record in records:
        checker.follow(record)
    return {violation.promise for violation in checker.finish(**seen)}


def change(cls: type[e.Event], *, of: str = "", inner: str = "", nth: int = 0, **fields: Any) -> Forgery:  # noqa: ANN401
    """Let the nth such event (of that entity) say something else; `inner`: in the value it carries by that name."""

    def forge(records: Sequence[Record]) -> list[Record]:
        at, n = _place(records, cls, of, nth)
        fact = records[at].facts[n]
        event: Any = fact.event
        new = {inner: changed(getattr(event, inner), **fields)} if inner else fields
        return _with(records, at, _spliced(records[at], n, Fact(fact.subject, changed(event, **new))))

    return forge


def drop(cls: type[e.Event], *, of: str = "", nth: int = 0) -> Forgery:
    """Let the nth such event be missing."""

    def forge(records: Sequence[Record]) -> list[Record]:
        at, n = _place(records, cls, of, nth)
        return _with(records, at, _spliced(records[at], n))

    return forge


def add(position: int, *facts: tuple[Address, e.Event]) -> Forgery:
    """Let more have happened at the end of a record; a time of 0 stands for that record's."""

    def forge(records: Sequence[Record]) -> list[Record]:
        record = records[position - 1]
        more = tuple(Fact(subject, _timed(event, record.at)) for subject, event in facts)
        return _with(records, position - 1, changed(record, facts=(*record.facts, *more)))

    return forge


def move(cls: type[e.Event], *, of: str = "", nth: int = 0) -> Forgery:
    """Let the nth such event come at the end of the record after its own."""

    def forge(records: Sequence[Record]) -> list[Record]:
        at, n = _place(records, cls, of, nth)
        fact, later = records[at].facts[n], records[at + 1]
        without = _with(records, at, _spliced(records[at], n))
        return _with(without, at + 1, changed(later, facts=(*later.facts, fact)))

    return forge


def alter(position: int, **fields: Any) -> Forgery:  # noqa: ANN401  any of a record's fields
    """Let a record as such say something else."""
    return lambda records: _with(records, position - 1, changed(records[position - 1], **fields))


def delay(position: int, by_s: float) -> Forgery:
    """Let a record, and all after it, come so much later (or, below 0, earlier)."""
    return lambda records: [r if r.position < position else changed(r, at=r.at + by_s) for r in records]


def renumbered(records: Sequence[Record]) -> list[Record]:
    """The records with positions that follow one another."""
    return [changed(record, position=n) for n, record in enumerate(records, start=1)]


def _place(records: Sequence[Record], cls: type[e.Event], of: str, nth: int) -> tuple[int, int]:
    places = [
        (at, n)
        for at, record in enumerate(records)
        for n, fact in enumerate(record.facts)
        if isinstance(fact.event, cls) and of in ("", fact.subject.id)
    ]
    return places[nth]


def _spliced(record: Record, n: int, *facts: Fact) -> Record:
    return changed(record, facts=(*record.facts[:n], *facts, *record.facts[n + 1 :]))


def _with(records: Sequence[Record], at: int, record: Record) -> list[Record]:
    return [*records[:at], record, *records[at + 1 :]]


def _timed(event: Any, at: float) -> Any:  # noqa: ANN401  any event
    return changed(event, at=at) if getattr(event, "at", None) == 0.0 else event
