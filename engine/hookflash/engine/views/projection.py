"""What the shard hands to the views, and what the views could not take over."""

from collections.abc import Mapping

from hookflash.engine.domain.address import Address
from hookflash.engine.domain.states import State
from hookflash.engine.domain.struct import Struct
from hookflash.engine.journal.record import Record

__all__ = ["Projection", "Violation"]


class Projection(Struct, frozen=True):
    """A durable record and the states of the entities that it touched, after it (None: gone).

    States are frozen, so they can be handed to another thread and nothing need be folded there again.
    """

    record: Record
    states: Mapping[Address, State | None]


class Violation(Struct, frozen=True):
    """A row that a fence of the views kept out: a fault of the engine's own, found late but found.

    `position` is that of the last record written together with it, `relation` the table, `content` the row.
    """

    position: int
    relation: str
    reason: str
    content: str
