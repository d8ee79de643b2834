"""What the engine promises, and what the checker says where a promise was broken.

The ids I1 to I16 are error constants: a violation reads `I4 OWNER: ...`, in logs, in reports and in exit texts alike.
"""

from enum import Enum

from hookflash.engine.domain.struct import Struct

__all__ = ["Promise", "Violation"]


class Promise(Enum):
    """The promises by id; `word` is the name of each, `says` the promise in one sentence."""

    I1 = ("DURABLE", "What was answered OK stays, also after a kill or a loss of power.")
    I2 = ("ONCE", "Repeating a command does it once and gives the same reply.")
    I3 = ("DELIVERY", "Everything meant for the customer is handed to the channel, in order, under one key each.")
    I4 = ("OWNER", "An offer is won at most once, only while open; nobody is loaded beyond his capacity.")
    I5 = ("ONE-PENDING", "A conversation has at most one open invite.")
    I6 = ("NOT-STUCK", "Every invite ends exactly once and in time; no conversation is forgotten.")
    I7 = ("WHISPER", "Nothing that comes from a whisper or a note reaches a customer.")
    I8 = ("TIMER", "A deadline fires not before its time and at most 1 s after it, also over restarts.")
    I9 = ("PARTICIPATION", "Who transfers leaves in the same record; load follows participation exactly.")
    I10 = ("REPLAY", "Replaying a journal gives the live state; so do snapshot plus tail.")
    I11 = ("WORK-CONSERVING", "At rest no parked invite has a candidate.")
    I12 = ("FAIR", "Waiting invites are served by queue priority, invite priority, age and number of placement.")
    I13 = ("AUDIT", "Every event has a principal and a cause; the hash chain is unbroken.")
    I14 = ("AUTHORITY", "Every event was allowed to its principal.")
    I15 = ("TENANT", "Nothing crosses from one tenant to another.")
    I16 = ("BOUNDED", "Queues and buffers keep their limits; what is refused leaves nothing behind.")

    def __init__(self, word: str, says: str) -> None:
        """Take the members' values apart."""
        self.word = word
        self.says = says

    def __str__(self) -> str:
        """Return id and name, such as `I4 OWNER`."""
        return f"{self.name} {self.word}"


class Violation(Struct, frozen=True, kw_only=True):
    """A broken promise: where in the journal it shows (0: not in the journal), and the fact as a sentence."""

    promise: Promise
    position: int
    fact: str

    def __str__(self) -> str:
        """Return the sentence under its id."""
        place = f" (position {self.position})" if self.position else ""
        return f"{self.promise}: {self.fact}{place}"
