"""What one record did, as far as its end must be judged as a whole: what belongs together has to be together."""

from dataclasses import dataclass, field

from hookflash.engine.domain.events import Booted
from hookflash.engine.domain.values import Invite, Offer
from hookflash.engine.journal.record import Record

__all__ = ["Happenings"]


@dataclass(slots=True, eq=False)
class Happenings:
    """One record while it is being read.

    `talks` and `people` are who was touched; `grew` the seats, agent and media domain, that got a load; `left` pairs of
    conversation and agent; `placed` the invites placed; `won` the offer accepted, until somebody joins by it;
    `accepted` who joined by an invite that has not been ended yet; `whispered` and `told` the conversations in which
    staff whispered, and in which something went to the customer; `decided` those for whose invite a strategy spoke,
    `answered` those of them where it was asked before, `ringing` where it wants several asked at once, `rejected` where
    it wants the invite ended; `cursors` what it left in each queue.
    """

    record: Record
    talks: set[str] = field(default_factory=set)
    people: set[str] = field(default_factory=set)
    grew: set[tuple[str, str]] = field(default_factory=set)
    left: set[tuple[str, str]] = field(default_factory=set)
    placed: list[tuple[str, Invite]] = field(default_factory=list)
    won: dict[str, Offer] = field(default_factory=dict)
    accepted: dict[str, str] = field(default_factory=dict)
    whispered: set[str] = field(default_factory=set)
    told: set[str] = field(default_factory=set)
    decided: set[str] = field(default_factory=set)
    answered: set[str] = field(default_factory=set)
    ringing: set[str] = field(default_factory=set)
    rejected: set[str] = field(default_factory=set)
    cursors: dict[str, str] = field(default_factory=dict)

    @property
    def has_booted(self) -> bool:
        """Whether it is the record of a restart."""
        return any(isinstance(fact.event, Booted) for fact in self.record.facts)

    @property
    def at(self) -> float:
        """The engine time of all of it."""
        return self.record.at
