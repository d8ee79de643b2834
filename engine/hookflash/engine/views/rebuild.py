"""Bringing the views to the journal's end: from nothing, or from where they are.

The records are folded here, by the same `evolve` as everywhere, and go through the same writer as live ones; so a
rebuilt file and one that was kept hold the same rows.
"""

import sys
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Protocol

from hookflash.engine.domain.address import SITE, Address
from hookflash.engine.domain.states import State, evolve
from hookflash.engine.journal.port import Journal, RecordsMissing
from hookflash.engine.journal.record import Record
from hookflash.engine.views.gathered import DAY_S
from hookflash.engine.views.projection import Projection, Violation
from hookflash.engine.views.store import Views
from hookflash.engine.views.warning import warn
from hookflash.engine.views.writer import BATCH_RECORDS_MAX, REQUEST_ID_KEPT_S, Overtaken, Writer

__all__ = ["Readable", "catch_up", "follow", "rebuild"]


class Readable(Protocol):
    """Whatever a journal's records can be read from."""

    def read(self, after: int, limit: int) -> list[Record]:
        """The records after a position, in order, at most `limit`."""


def rebuild(journal: Journal, views: Views, *, request_id_kept_s: float = REQUEST_ID_KEPT_S) -> list[Violation]:
    """Make the views anew from the whole journal; answers what was put aside."""
    views.clear()
    return _write(journal, views, request_id_kept_s)


def catch_up(journal: Journal, views: Views, *, request_id_kept_s: float = REQUEST_ID_KEPT_S) -> list[Violation]:
    """Write what the journal has beyond the watermark; make views anew that show another past than the journal's.

    For the start, before a Projector runs. Answers what was put aside.

    Raises:
        RecordsMissing: the views are beyond the journal's end, so that records are lost. Nothing was changed.
    """
    watermark, end = views.watermark(), journal.tail().position
    if watermark > end:
        raise RecordsMissing(end, watermark)
    # No loss leads here, for whoever has lost its end is not written to before somebody has made the views anew: it is
    # the journal or the views of somewhere else that were put here, and then the journal is what counts.
    if watermark and journal.record(watermark).at != views.watermark_at():
        warn("views.show_another_past", watermark=watermark, tail=end)
        views.clear()
    return _write(journal, views, request_id_kept_s)


def follow(journal: Readable, writer: Writer, *, to: int | None = None) -> Iterator[list[Violation]]:
    """Write what the journal has beyond the writer's position, as far as `to`; each batch answers what it put aside.

    Raises as `Readable.read` and `Writer.write` do; what was answered until then is written.
    """
    states: dict[Address, State | None] = {}
    while to is None or writer.position < to:
        records = journal.read(writer.position, min(BATCH_RECORDS_MAX, (to or sys.maxsize) - writer.position))
        if not records:
            return
        for _, day in groupby(records, key=lambda record: record.at // DAY_S):
            gathered, aside = writer.gather(_projections(list(day), states, writer))
            yield writer.write(gathered, aside)
        states.clear()  # Everything folded is in the file now.


def _write(journal: Journal, views: Views, request_id_kept_s: float) -> list[Violation]:
    put_aside: list[Violation] = []
    while True:
        try:
            for aside in follow(journal, Writer(views, request_id_kept_s=request_id_kept_s)):
                put_aside.extend(aside)
        except Overtaken:  # By the last batch of a process that was killed: what it wrote is as good as ours.
            continue
        return put_aside


def _projections(
    records: Sequence[Record], states: dict[Address, State | None], writer: Writer
) -> Iterator[Projection]:
    for record in records:
        touched: dict[Address, State | None] = {}
        for fact in record.facts:
            address = fact.subject
            if address == SITE:
                continue
            if address not in states:
                states[address] = writer.state(address)
            states[address] = touched[address] = evolve(address, states[address], fact.event)
        yield Projection(record, touched)
