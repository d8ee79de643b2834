"""The SQLite journal keeps the contract, and keeps others out of its directory."""

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from hookflash.engine.failpoints import Failpoints
from hookflash.engine.journal.data_directory import FORMAT, create, prepare
from hookflash.engine.journal.port import Damaged, Foreign, InUse, JournalBroken, JournalFull, Report, Unreadable
from hookflash.engine.journal.sqlite import SqliteJournal, verify_directory
from tests.journal.contract import JournalContract, Opener
from tests.journal.samples import records_from


class TestSqliteJournal(JournalContract):
    def opener(self, place: object, failpoints: Failpoints) -> Opener:
        assert isinstance(place, Path)
        directory = place / "data"
        prepare(directory)
        create(directory)
        return lambda: SqliteJournal(directory, None, failpoints)


def _modes(directory: Path) -> dict[str, int]:
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in [directory, *directory.iterdir()]}


def test_directory_and_files_are_for_their_owner_only(tmp_path: Path) -> None:
    directory = tmp_path / "new" / "data"
    with closing(SqliteJournal.open(directory)) as journal:
        journal.append(records_from(1, 3))
        modes = _modes(directory)
    assert modes.pop("data") == 0o700
    assert set(modes) == {"journal.sqlite", "journal.sqlite-wal", "journal.sqlite-shm", "lock"}
    assert set(modes.values()) == {0o600}


def test_an_existing_empty_directory_is_taken_and_closed_to_others(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    directory.mkdir(mode=0o755)
    SqliteJournal.open(directory).close()
    assert _modes(directory)["data"] == 0o700


def test_a_directory_with_files_of_others_keeps_its_rights(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear")
    tmp_path.chmod(0o755)
    SqliteJournal.open(tmp_path).close()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755


@pytest.mark.spec("I1")
def test_every_commit_is_synced_to_the_disk(tmp_path: Path) -> None:
    with closing(SqliteJournal.open(tmp_path)) as journal:
        execute = journal._writer.execute  # noqa: SLF001  pragmas are per connection
        assert execute("PRAGMA synchronous").fetchone() == (2,)
        assert execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert execute("PRAGMA wal_autocheckpoint").fetchone() == (16000,)


def test_a_second_owner_is_told_which_process_has_the_directory(tmp_path: Path) -> None:
    with closing(SqliteJournal.open(tmp_path)) as journal:
        with pytest.raises(InUse, match=rf"in use by another hookflash \(process {os.getpid()}\)"):
            SqliteJournal.open(tmp_path)
        journal.append(records_from(1, 1))
    SqliteJournal.open(tmp_path).close()


def test_each_open_raises_the_epoch(tmp_path: Path) -> None:
    epochs = []
    for _ in range(3):
        with closing(SqliteJournal.open(tmp_path)) as journal:
            epochs.append(journal.epoch)
    assert epochs == [1, 2, 3]


@pytest.mark.parametrize("content", [b"", b"no database", b"x" * 5000])
def test_a_journal_file_that_is_no_database_is_foreign_and_stays_as_it_is(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "journal.sqlite").write_bytes(content)
    with pytest.raises(Foreign, match="no SQLite database"):
        SqliteJournal.open(tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"journal.sqlite": content}


def test_the_database_of_another_program_is_foreign(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "journal.sqlite")) as connection:
        connection.execute("CREATE TABLE diary (day)")
    with pytest.raises(Foreign, match="another program"):
        SqliteJournal.open(tmp_path)


def test_the_format_of_a_newer_release_is_foreign(tmp_path: Path) -> None:
    SqliteJournal.open(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "journal.sqlite", isolation_level=None)) as connection:
        connection.execute(f"PRAGMA user_version={FORMAT + 1}")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    with pytest.raises(Foreign, match=f"has format {FORMAT + 1}; this release .* knows formats up to {FORMAT}"):
        SqliteJournal.open(tmp_path)


def test_a_file_in_the_directory_s_place_is_unreadable(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("")
    with pytest.raises(Unreadable, match="has to be a directory"):
        SqliteJournal.open(tmp_path / "data")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_directory_of_another_user_is_unreadable(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    directory.mkdir(mode=0o000)
    with pytest.raises(Unreadable, match="Permission denied"):
        SqliteJournal.open(directory)


def test_a_log_whose_journal_is_missing_is_damage_and_no_new_journal_is_made(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite-wal").write_bytes(b"x")
    with pytest.raises(Damaged, match="missing"):
        SqliteJournal.open(tmp_path)
    assert not (tmp_path / "journal.sqlite").exists()


def test_a_crash_while_the_file_was_made_leaves_nothing_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite.new").write_bytes(b"half")
    with closing(SqliteJournal.open(tmp_path)) as journal:
        journal.append(records_from(1, 1))
    assert verify_directory(tmp_path) == Report(records=1)


def test_a_journal_in_use_can_be_verified_from_beside(tmp_path: Path) -> None:
    with closing(SqliteJournal.open(tmp_path)) as journal:
        journal.append(records_from(1, 7))
        assert verify_directory(tmp_path) == Report(records=7)
        journal.append(records_from(8, 1))
        assert journal.verify() == Report(records=8)


def test_verifying_where_no_journal_is_says_so_and_makes_none(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="There is no journal"):
        verify_directory(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_full_database_writes_nothing_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    with closing(SqliteJournal.open(tmp_path)) as journal:
        journal.append(records_from(1, 5))
        journal._writer.execute("PRAGMA max_page_count=6")  # noqa: SLF001  the smallest full disk there is
        with pytest.raises(JournalFull, match="nothing was"):
            journal.append(records_from(6, 500))
        assert journal.read(0) == records_from(1, 5)
        journal._writer.execute("PRAGMA max_page_count=1000000")  # noqa: SLF001
        journal.append(records_from(6, 500))
        assert journal.verify() == Report(records=505)


def test_a_journal_that_became_read_only_writes_nothing_and_is_still_read(tmp_path: Path) -> None:
    with closing(SqliteJournal.open(tmp_path)) as journal:
        journal.append(records_from(1, 5))
        journal._writer.execute("PRAGMA query_only=ON")  # noqa: SLF001  what a read-only disk answers
        with pytest.raises(JournalFull):
            journal.append(records_from(6, 1))
        assert journal.read(0) == records_from(1, 5)
        journal._writer.execute("PRAGMA query_only=OFF")  # noqa: SLF001
        journal.append(records_from(6, 1))


def test_a_closed_journal_appends_nothing(tmp_path: Path) -> None:
    journal = SqliteJournal.open(tmp_path)
    journal.close()
    with pytest.raises(JournalBroken, match="closed"):
        journal.append(records_from(1, 1))
