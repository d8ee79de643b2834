"""Everything that can be wrong with a journal, each as one class with a sentence for people.

What separates them is what the caller may do next: work on, wait, stop, or send for somebody.
"""

# ruff: noqa: N818  a caller reads "except InUse", which says all that "InUseError" would

__all__ = [
    "Conflict",
    "Damaged",
    "Foreign",
    "Gone",
    "InUse",
    "JournalBroken",
    "JournalError",
    "JournalFull",
    "RecordsMissing",
    "StaleState",
    "UnknownEvent",
    "Unreadable",
    "WriterStopped",
]


class JournalError(Exception):
    """What a journal could not do; `str` of it is a sentence for people."""


class Conflict(JournalError):
    """The append does not continue the journal, or somebody else owns it now. Nothing was written."""


class JournalFull(JournalError):
    """The disk is full or read-only. Nothing was written; a later append may work."""


class JournalBroken(JournalError):
    """Reading or writing failed below us: what is durable is not known, and this object appends no more.

    Only a new process that reads the journal again knows; an append or an fsync is never tried twice.
    """


class Damaged(JournalError):
    """What is written is not what was written; `position` is that of the first record not to be had.

    It is 0 where no position can be told. Nothing is ever skipped to get past it.
    """

    def __init__(self, position: int, why: str) -> None:
        place = f"at position {position}" if position else "as a whole"
        super().__init__(
            f"The journal is damaged {place}: {why}. Nothing was changed. Restore the data directory from a backup, "
            "or run `hookflash doctor` to see what can still be read."
        )
        self.position = position
        self.why = why


class UnknownEvent(Damaged):
    """The journal holds an event that this release does not know. Callers stop as they do for Damaged."""

    def __init__(self, position: int, name: str, version: int, known: int) -> None:
        why = (
            f"{name} version {version} is newer than version {known}, the newest this release knows"
            if known
            else f"this release knows no event {name}"
        )
        super().__init__(position, why)
        sentence = (
            f"The journal holds at position {position} what this release of hookflash cannot read: {why}. "
            "Start the release that wrote it, or a newer one."
        )
        self.args = (sentence,)


class RecordsMissing(Damaged):
    """The journal ends at `end`, before `known`, a position that was durable once: what lies between was acknowledged.

    A write-ahead log with a turned bit looks to SQLite like one that was never finished; so only from outside can it
    be told that its end is gone. Callers stop as they do for Damaged.
    """

    def __init__(self, end: int, known: int) -> None:
        super().__init__(end + 1, f"it ends at position {end}, but the views show what was durable up to {known}")
        sentence = (
            f"The journal ends at position {end}, but its views, which are made of durable records only, stand at "
            f"position {known}: {known - end} acknowledged records are missing. Bring the journal back from a backup. "
            "Where an older journal was put there on purpose, or to go on without those records, "
            "run `hookflash doctor --rebuild-views`, which makes the views anew from the journal as it is."
        )
        self.args = (sentence,)
        self.end = end
        self.known = known


class Gone(JournalError):
    """There is no record at that position."""

    def __init__(self, position: int, last: int) -> None:
        super().__init__(f"The journal has no record at position {position}; its last one is at {last}.")
        self.position = position


class InUse(JournalError):
    """Another process holds the data directory."""


class Foreign(JournalError):
    """The data directory is not one of ours, or a newer release wrote it."""


class Unreadable(JournalError):
    """The data directory cannot be read or written by this user."""


class StaleState(JournalError):
    """A kept state was written for another layout of its class; fold the journal instead."""


class WriterStopped(JournalError):
    """The writer was stopped before the records were handed over. Nothing was written."""
