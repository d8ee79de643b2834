"""What a doctor finds: plain values, before anybody decides how they are shown."""

from dataclasses import dataclass
from typing import Any

from hookflash.engine.checker import Promise, Violation

__all__ = ["AuditLogFound", "JournalFound", "PromiseFound", "Report", "Step", "ViewsFound"]


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalFound:
    """The journal: how much of it is sound, and from where on it is not (`damaged_position`).

    `missing` is how many records at its end are gone, of which the views tell.
    """

    records: int
    events: int
    boots: int
    size_bytes: int
    began_at: float | None
    ended_at: float | None
    plugin_faults: int
    damaged_position: int | None = None
    why: str = ""
    missing: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PromiseFound:
    """One promise: KEPT, BROKEN, or NOT_CHECKED for want of a source; `checked` and `missing` say by what."""

    promise: Promise
    state: str
    checked: str
    missing: str
    violations: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewsFound:
    """The views: MATCH, DIFFER, UNUSABLE or MISSING, and how many records they are behind."""

    state: str
    watermark: int
    lag: int
    size_bytes: int
    facts: tuple[str, ...]
    put_aside: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLogFound:
    """The audit log beside the journal: WHOLE, BROKEN or MISSING."""

    state: str
    fact: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that a repair did, or refused to do, and why."""

    is_done: bool
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Everything found; `seconds` is how long the pass over the journal took."""

    data: str
    is_in_use: bool
    journal: JournalFound
    promises: tuple[PromiseFound, ...]
    violations: tuple[Violation, ...]
    views: ViewsFound
    audit_log: AuditLogFound
    seconds: float

    @property
    def is_well(self) -> bool:
        """Whether nothing is broken. Views that are missing or unusable are not: the next start makes them anew."""
        return (
            self.journal.damaged_position is None
            and not self.violations
            and self.views.state != "DIFFER"
            and not self.views.put_aside
            and self.audit_log.state != "BROKEN"
        )

    def plain(self, done: tuple[Step, ...]) -> dict[str, Any]:
        """As programs read it."""
        journal, views = self.journal, self.views
        return {
            "data": self.data,
            "isWell": self.is_well,
            "isInUse": self.is_in_use,
            "records": journal.records,
            "events": journal.events,
            "boots": journal.boots,
            "sizeBytes": journal.size_bytes,
            "beganAt": journal.began_at,
            "endedAt": journal.ended_at,
            "pluginFaults": journal.plugin_faults,
            "damagedPosition": journal.damaged_position,
            "why": journal.why,
            "missing": journal.missing,
            "promises": [
                {
                    "id": found.promise.name,
                    "name": found.promise.word,
                    "state": found.state,
                    "violations": found.violations,
                    "checked": found.checked,
                    "missing": found.missing,
                }
                for found in self.promises
            ],
            "violations": [
                {"id": each.promise.name, "position": each.position, "fact": each.fact, "text": str(each)}
                for each in self.violations
            ],
            "views": {
                "state": views.state,
                "watermark": views.watermark,
                "lag": views.lag,
                "sizeBytes": views.size_bytes,
                "facts": list(views.facts),
                "putAside": list(views.put_aside),
            },
            "auditLog": {"state": self.audit_log.state, "fact": self.audit_log.fact},
            "repair": [{"isDone": step.is_done, "what": step.what} for step in done],
            "seconds": round(self.seconds, 3),
        }
