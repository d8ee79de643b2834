"""`hookflash doctor`: what it says of a sound, a damaged and a missing journal; it changes nothing."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from hookflash.engine.journal.sqlite import SqliteJournal
from tests.cli.command import Command
from tests.journal.samples import records_from


@pytest.fixture
def data(command: Command) -> Path:
    directory = command.home / "data"
    journal = SqliteJournal.open(directory)
    journal.append(records_from(1, 3))
    journal.close()
    return directory


def test_a_sound_journal_is_exit_0_and_says_what_was_checked(command: Command, data: Path) -> None:
    done = command("doctor", "--data", str(data))
    assert done.code == 0
    assert done.out.splitlines()[0] == f"The journal in {data} is sound."
    assert "Checked 3 records" in done.out
    assert json.loads(command("doctor", "--data", str(data), "-o", "json").out)["records"] == 3


def test_a_damaged_journal_is_exit_1_and_stays_as_it_is(command: Command, data: Path) -> None:
    with closing(sqlite3.connect(data / "journal.sqlite")) as connection:
        connection.execute("UPDATE groups SET body = zeroblob(length(body))")
        connection.commit()
    before = (data / "journal.sqlite").read_bytes()
    done = command("doctor", "--data", str(data))
    assert done.code == 1
    assert "is damaged at position 1" in done.out
    assert (data / "journal.sqlite").read_bytes() == before


def test_a_directory_without_a_journal_is_told_apart(command: Command) -> None:
    done = command("doctor", "--data", "nowhere")
    assert done.code == 1
    assert done.err.startswith("hookflash: There is no journal in nowhere.")
