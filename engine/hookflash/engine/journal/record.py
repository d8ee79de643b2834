"""One atomic entry of a shard's journal: everything that one cascade decided.

A record is written whole or not at all, so nothing that it holds (a conversation's part, the agent's, the queue's)
can be there without the rest.
"""

from enum import StrEnum

from hookflash.engine.domain.address import Address
from hookflash.engine.domain.events import Event
from hookflash.engine.domain.struct import Struct

__all__ = ["Cause", "CauseKind", "Fact", "Record"]


class CauseKind(StrEnum):
    """What set a cascade off: the roots of every chain of causes (I13)."""

    COMMAND = "COMMAND"
    ARRIVAL = "ARRIVAL"
    TIMER = "TIMER"
    PLUGIN = "PLUGIN"
    STREAM = "STREAM"
    BOOT = "BOOT"

    @property
    def is_new_work(self) -> bool:
        """Whether it comes from outside and may be refused while the engine drains."""
        return self in (CauseKind.COMMAND, CauseKind.ARRIVAL)


class Cause(Struct, frozen=True):
    """The kind of cause, and its name: the request id, external id, timer, plugin or stream."""

    kind: CauseKind
    name: str = ""


class Fact(Struct, frozen=True):
    """An event and the entity that it happened to."""

    subject: Address
    event: Event


class Record(Struct, frozen=True, kw_only=True):
    """A sealed cascade.

    `at` is engine time in seconds. `principal` is `ROLE:subject` (`ENGINE:` for the engine's own doing).
    `key` is what a repeat is known by: principal, method and request id, or channel and external id; `digest` is of
    the request's content and `answer` the encoded answer that a repeat gets again (both empty where there is no key).
    """

    position: int
    at: float
    principal: str
    cause: Cause
    facts: tuple[Fact, ...]
    key: str = ""
    digest: bytes = b""
    answer: bytes = b""
    tenant: str = "main"
