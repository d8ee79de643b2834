"""One bit of a journal turned, anywhere: either that is noticed, with a position, or every record reads as before.

A page that SQLite does not use may turn without harm; what may never happen is that records read otherwise, or that one
in the middle is missing, and nobody is told.
"""

import shutil
from collections import Counter
from contextlib import closing
from pathlib import Path
from random import Random
from typing import Final

from hookflash.engine.journal.data_directory import JOURNAL_FILE
from hookflash.engine.journal.errors import Damaged, JournalError, RecordsMissing
from hookflash.engine.journal.record import Record
from hookflash.engine.journal.sqlite import SqliteJournal, verify_directory
from hookflash.engine.journal.sqlite_reader import open_reader
from hookflash.engine.views.examination import last_shown
from hookflash.engine.views.rebuild import catch_up
from hookflash.engine.views.store import VIEWS_FILE, Views
from tests.views.story import Story, a_transfer

__all__ = ["Flips", "make_directories"]

_TALKS: Final = 40
_GROUP_SIZE: Final = 5
_FILES: Final = (JOURNAL_FILE, f"{JOURNAL_FILE}-wal", VIEWS_FILE, f"{VIEWS_FILE}-wal")


def make_directories(folder: Path) -> tuple[list[Record], Path, Path]:
    """A journal's records, its directory after an orderly end, and the same as a kill leaves it, with a log."""
    story = Story()
    for number in range(_TALKS):
        a_transfer(story, f"c{number}", f"+{number}")
    ended, killed = folder / "ended", folder / "killed"
    with closing(SqliteJournal.open(ended)) as journal, closing(Views.open(ended / VIEWS_FILE)) as views:
        for first in range(0, len(story.records), _GROUP_SIZE):
            journal.append(story.records[first : first + _GROUP_SIZE])
        catch_up(journal, views)
        killed.mkdir()
        for name in _FILES:
            shutil.copyfile(ended / name, killed / name)
    return story.records, ended, killed


class Flips:
    """Turned bits so far, and what became of each."""

    def __init__(self, records: list[Record], scratch: Path) -> None:
        self.records, self.scratch = records, scratch
        self.outcomes: Counter[str] = Counter()
        self.failures: list[str] = []

    def flip(self, directory: Path, name: str, chance: Random) -> None:
        """Turn one bit of one file of a copy, and look."""
        content = bytearray((directory / name).read_bytes())
        place, bit = chance.randrange(len(content)), chance.randrange(8)
        content[place] ^= 1 << bit
        self._look(directory, name, bytes(content), f"bit {bit} of byte {place} turned")

    def cut(self, directory: Path, name: str, chance: Random) -> None:
        """Cut one file of a copy short, and look."""
        content = (directory / name).read_bytes()
        length = chance.randrange(len(content))
        self._look(directory, name, content[:length], f"cut to {length} bytes")

    def _look(self, directory: Path, name: str, content: bytes, what: str) -> None:
        shutil.rmtree(self.scratch, ignore_errors=True)
        shutil.copytree(directory, self.scratch)
        (self.scratch / name).write_bytes(content)
        place = f"{name} {what}"
        try:
            outcome = self._verdict()
        except Exception as error:  # noqa: BLE001  anything but a JournalError is a defect of ours
            self.failures.append(f"I13 AUDIT: {place}: {type(error).__name__}: {error}")
            return
        self.outcomes[outcome] += 1
        if outcome.startswith("UNSEEN"):
            self.failures.append(f"I13 AUDIT: {place}: {outcome}")

    def _verdict(self) -> str:
        try:
            report = verify_directory(self.scratch)
        except JournalError as refused:
            return "refused" if str(refused) else "UNSEEN: a refusal without a word"
        if report.damaged_position is not None:
            return self._damage(report.damaged_position)
        try:
            # SQLite takes a log's broken end for one that was never finished. The views know better.
            journal = SqliteJournal.open(self.scratch, known=last_shown(self.scratch / VIEWS_FILE))
        except RecordsMissing as missing:
            return self._loss(missing)
        except JournalError as refused:
            return "refused" if str(refused) else "UNSEEN: a refusal without a word"
        with closing(journal):
            found = journal.read(0, len(self.records) + 1)
        if found == self.records:
            return "harmless"
        if found != self.records[: len(found)]:
            return "UNSEEN: records read otherwise than they were written"
        return "UNSEEN: the end of the log is lost"

    def _loss(self, missing: RecordsMissing) -> str:
        """A log that lost its end is refused, stays as it is, and what is before that end reads as it was written."""
        with closing(open_reader(self.scratch)) as reader:
            found = reader.read(0, len(self.records))
        if (missing.end, missing.known) != (len(found), len(self.records)):
            return "UNSEEN: a loss of other records than are lost"
        if found != self.records[: len(found)]:
            return "UNSEEN: records before the loss read otherwise"
        return "refused, for the views show that the log lost its end"

    def _damage(self, position: int) -> str:
        """What is damaged is refused wherever it is read, and what is before it reads as it was written."""
        good = self.records[: position - 1]
        try:
            with closing(SqliteJournal.open(self.scratch)) as journal:
                if good and journal.read(0, len(good)) != good:
                    return "UNSEEN: records before the damage read otherwise"
                if journal.read(0, len(self.records)) == self.records:
                    return "damage reported, though every record reads as before"
        except Damaged:
            return "damage reported with its position"
        except JournalError:
            return "refused"
        return "UNSEEN: verify sees damage, and reading does not"
