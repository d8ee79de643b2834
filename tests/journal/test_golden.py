"""The journals of every release so far are read by this one, and say what they said."""

import shutil
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

import pytest

from hookflash.engine.journal.codec import EVENTS
from hookflash.engine.journal.port import Report
from hookflash.engine.journal.sqlite import SqliteJournal
from tests.journal.make_golden import GOLDEN, lines

RELEASES = sorted(path.stem for path in GOLDEN.glob("*.sqlite"))
"""`0.1.0.dev1` is what was written before there were plugins: its events lack every field that has come since."""


def test_there_is_a_golden_journal_of_this_release() -> None:
    assert version("hookflash") in RELEASES


@pytest.mark.spec("I10", "I13")
@pytest.mark.parametrize("release", RELEASES)
def test_the_golden_journal_of_a_release_says_what_it_said(tmp_path: Path, release: str) -> None:
    shutil.copyfile(GOLDEN / f"{release}.sqlite", tmp_path / "journal.sqlite")
    with closing(SqliteJournal.open(tmp_path)) as journal:
        last = journal.tail().position
        assert journal.verify() == Report(records=last)
        records = journal.read(0, last)
    assert lines(records) == (GOLDEN / f"{release}.jsonl").read_text(encoding="utf-8")


def test_the_golden_journal_of_this_release_has_an_event_of_every_class(tmp_path: Path) -> None:
    shutil.copyfile(GOLDEN / f"{version('hookflash')}.sqlite", tmp_path / "journal.sqlite")
    with closing(SqliteJournal.open(tmp_path)) as journal:
        kinds = {type(fact.event).__name__ for record in journal.read(0, 10_000) for fact in record.facts}
    assert kinds == set(EVENTS)
