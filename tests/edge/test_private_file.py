"""A file of our own is its owner's alone, durable, and closed where it cannot be used."""

import sqlite3
from pathlib import Path

import pytest

from hookflash.sdk.hosting.private_file import private_file


def test_only_its_owner_reads_it_and_what_is_written_stays(tmp_path: Path) -> None:
    for _ in range(2):
        made = private_file(tmp_path / "file", lambda it: it.execute("CREATE TABLE IF NOT EXISTS kept (it TEXT)"))
        made.execute("INSERT INTO kept VALUES ('here')")
        synchronous = made.execute("PRAGMA synchronous").fetchone()
        kept = made.execute("SELECT * FROM kept").fetchall()
        made.close()
    assert (synchronous, kept) == ((2,), [("here",), ("here",)])
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o600


def test_one_that_cannot_be_used_is_closed_before_the_error_goes_on(tmp_path: Path) -> None:
    opened: list[sqlite3.Connection] = []

    def prepare(made: sqlite3.Connection) -> None:
        opened.append(made)
        made.execute("this is no SQL")

    with pytest.raises(sqlite3.OperationalError, match="syntax error"):
        private_file(tmp_path / "file", prepare)
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        opened[0].execute("SELECT 1")
