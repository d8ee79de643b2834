"""Bringing the views to the journal's end: from nothing, or from where they are.

The records are folded here, by the same `evolve` as everywhere, and go through the same writer as live ones; so a
rebuilt file and one that was kept hold the same rows.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby

import structlog

from hookflash.engine.domain.address import SITE, Address
from hookflash.engine.domain.states import State, evolve
from hookflash.engine.journal.port import Journal
from hookflash.engine.journal.record import Record
from hookflash.engine.views.gathered import DAY_S
from hookflash.engine.views.projection import Projection, Violation
from hookflash.engine.views.projector import BATCH_RECORDS_MAX
from hookflash.engine.views.store import Views
from hookflash.engine.views.writer import REQUEST_ID_KEPT_S, Writer

__all__ = ["catch_up", "rebuild"]

_log = structlog.get_logger(__name__)


def rebuild(journal: Journal, views: Views, *, request_id_kept_s: float = REQUEST_ID_KEPT_S) -> list[Violation]:
    """Make the views anew from the whole journal; answers what was put aside."""
    views.clear()
    return _write(journal, views, request_id_kept_s)


def catch_up(journal: Journal, views: Views, *, request_id_kept_s: float = REQUEST_ID_KEPT_S) -> list[Violation]:
    """Write what the journal has beyond the watermark; make views anew that show another past than the journal's.

    For the start, before a Projector runs. Answers what was put aside.
    """
    watermark = views.watermark()
    if watermark > journal.tail().position or (watermark and journal.record(watermark).at != views.watermark_at()):
        _log.warning("views.show_another_past", watermark=watermark, tail=journal.tail().position)
        views.clear()
    return _write(journal, views, request_id_kept_s)


def _write(journal: Journal, views: Views, request_id_kept_s: float) -> list[Violation]:
    writer = Writer(views, request_id_kept_s=request_id_kept_s)
    states: dict[Address, State | None] = {}
    put_aside: list[Violation] = []
    position = writer.watermark()
    while records := journal.read(position, BATCH_RECORDS_MAX):
        for _, day in groupby(records, key=lambda record: record.at // DAY_S):
            gathered, aside = writer.gather(_projections(list(day), states, writer))
            put_aside.extend(writer.write(gathered, aside))
        states.clear()  # Everything folded is in the file now.
        position = records[-1].position
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
