"""The journal as a chain of records: places, times, keys, causes and tenants (I2, I8, I13, I15).

The hashes themselves are the journal reader's business; nobody gets a record from it whose link does not hold.
"""

from hookflash.engine.domain import events as e
from hookflash.engine.domain.address import Address
from hookflash.engine.domain.struct import Struct
from hookflash.engine.journal.record import CauseKind, Record

from .findings import Findings
from .histories import RECEIVE
from .violation import Promise

__all__ = ["Audit", "Known"]

KEPT_S = 604_800.0
"""How long a repeat is known: R-G8's 7 days."""

_NAMED = (CauseKind.COMMAND, CauseKind.ARRIVAL, CauseKind.TIMER, CauseKind.STREAM)


class Known(Struct, frozen=True):
    """The record that a key belongs to."""

    position: int
    at: float
    digest: bytes


class Audit:
    """Follows the records as such."""

    def __init__(self, findings: Findings, kept_s: float = KEPT_S) -> None:
        """`kept_s`: for how long a key may not come again."""
        self.keys: dict[str, Known] = {}
        self._findings = findings
        self._kept_s = kept_s
        self._last = 0
        self._at = 0.0
        self._epoch = 0
        self._owner: dict[Address, str] = {}

    def follow(self, record: Record) -> None:
        """Judge the record as such."""
        expect = self._findings.expect
        expect(Promise.I13, record.position == self._last + 1, f"record {record.position} follows {self._last}")
        expect(Promise.I8, record.at >= self._at, f"engine time goes back by {self._at - record.at:.3f} s")
        is_named = record.cause.name or record.cause.kind not in _NAMED
        expect(Promise.I13, is_named, f"a record of cause {record.cause.kind} does not say of which")
        self._last, self._at = record.position, record.at
        if record.key:
            self._known(record)
        for fact in record.facts:
            owner = self._owner.setdefault(fact.subject, record.tenant)
            if owner != record.tenant:
                self._findings.say(Promise.I15, f"a record of tenant {record.tenant} changes {fact.subject} of {owner}")
            if isinstance(fact.event, e.Booted):
                self._booted(record, fact.event)

    def _known(self, record: Record) -> None:
        before = self.keys.get(record.key)
        if before is not None and record.at - before.at < self._kept_s:
            self._findings.say(Promise.I2, f"{record.key!r} was done at position {before.position} and again")
        else:
            self.keys[record.key] = Known(record.position, record.at, record.digest)
        signed = RECEIVE if record.cause.kind is CauseKind.ARRIVAL else record.principal.partition(" for agents/")[0]
        is_own = record.key.startswith(f"{signed} ") and record.key.endswith(f" {record.cause.name}")
        self._findings.expect(Promise.I13, is_own, f"the key {record.key!r} is not that of its principal and cause")

    def _booted(self, record: Record, event: e.Booted) -> None:
        expect = self._findings.expect
        follows = event.after_position == record.position - 1 and event.epoch > self._epoch
        expect(Promise.I13, follows, f"boot {event.epoch} after position {event.after_position} follows {self._epoch}")
        self._epoch = event.epoch
