"""A journal that is not what was written is refused with its position, and nothing is skipped to get past it."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from hookflash.engine.journal.port import Damaged, RecordsMissing
from hookflash.engine.journal.sqlite import SqliteJournal, verify_directory
from tests.journal.samples import records_from

GROUPS = 40
GROUP_SIZE = 5


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    with closing(SqliteJournal.open(tmp_path)) as journal:
        for group in range(GROUPS):
            journal.append(records_from(group * GROUP_SIZE + 1, GROUP_SIZE))
    return tmp_path


def _alter(directory: Path, statement: str, *parameters: object) -> None:
    with closing(sqlite3.connect(directory / "journal.sqlite", isolation_level=None)) as connection:
        assert connection.execute(statement, parameters).rowcount == 1


def _flipped(directory: Path, first: int, at: Callable[[bytes], int], column: str = "body") -> None:
    with closing(sqlite3.connect(directory / "journal.sqlite")) as connection:
        row = connection.execute(f"SELECT {column} FROM groups WHERE first_position = ?", (first,))  # noqa: S608  a literal
        (body,) = row.fetchone()
    index = at(body)
    changed = body[:index] + bytes([body[index] ^ 0x01]) + body[index + 1 :]
    _alter(directory, f"UPDATE groups SET {column} = ? WHERE first_position = ?", changed, first)  # noqa: S608


@pytest.mark.spec("I13")
@pytest.mark.parametrize("share", [0.0, 0.001, 0.1, 0.33, 0.5, 0.77, 0.9, 1.0])
def test_one_flipped_bit_in_the_last_group_is_refused_at_open(directory: Path, share: float) -> None:
    _flipped(directory, 196, lambda body: int((len(body) - 1) * share))
    with pytest.raises(Damaged, match=r"damaged at position 196: .*Restore the data directory") as refusal:
        SqliteJournal.open(directory)
    assert refusal.value.position == 196
    report = verify_directory(directory)
    assert (report.records, report.damaged_position) == (195, 196)


@pytest.mark.spec("I13")
@pytest.mark.parametrize("column", ["previous_hash", "last_hash"])
def test_a_changed_hash_is_refused(directory: Path, column: str) -> None:
    _flipped(directory, 196, lambda _: 3, column)
    with pytest.raises(Damaged, match="the hash chain breaks"):
        SqliteJournal.open(directory)


@pytest.mark.spec("I13")
def test_damage_before_the_groups_verified_at_open_is_found_when_it_is_read(directory: Path) -> None:
    _flipped(directory, 11, lambda body: len(body) // 2)
    with closing(SqliteJournal.open(directory)) as journal:
        assert journal.read(0, 10) == records_from(1, 10)
        for access in (lambda: journal.read(0), lambda: journal.read(12), lambda: journal.record(13)):
            with pytest.raises(Damaged, match="position 11"):
                access()
        assert journal.read(15) == records_from(16, 185)
        report = journal.verify()
    assert (report.records, report.damaged_position) == (10, 11)


@pytest.mark.spec("I13")
@pytest.mark.parametrize(("first", "opens"), [(11, True), (186, False)])
def test_a_group_that_was_taken_out_is_missed(directory: Path, first: int, *, opens: bool) -> None:
    _alter(directory, "DELETE FROM groups WHERE first_position = ?", first)
    report = verify_directory(directory)
    assert (report.records, report.damaged_position) == (first - 1, first)
    if opens:
        SqliteJournal.open(directory).close()
    else:
        with pytest.raises(Damaged, match=f"position {first}: the next group begins at position {first + 5}"):
            SqliteJournal.open(directory)


@pytest.mark.spec("I13")
def test_a_whole_group_put_in_another_s_place_is_noticed(directory: Path) -> None:
    _alter(
        directory,
        "UPDATE groups SET (previous_hash, last_hash, body) = "
        "(SELECT previous_hash, last_hash, body FROM groups WHERE first_position = 191) WHERE first_position = ?",
        196,
    )
    with pytest.raises(Damaged, match="the hash chain breaks between"):
        SqliteJournal.open(directory)


@pytest.mark.parametrize("kept_bytes", [2000, 4096, 8192, 20480])
def test_a_file_that_was_cut_short_is_refused_as_a_whole(directory: Path, kept_bytes: int) -> None:
    path = directory / "journal.sqlite"
    content = path.read_bytes()
    assert len(content) > kept_bytes
    path.write_bytes(content[:kept_bytes])
    with pytest.raises(Damaged, match=r"damaged as a whole: journal\.sqlite .*Restore the data directory"):
        SqliteJournal.open(directory)
    assert verify_directory(directory).damaged_position == 1


def test_nothing_is_changed_by_a_refused_open(directory: Path) -> None:
    _flipped(directory, 196, lambda body: len(body) // 2)
    before = (directory / "journal.sqlite").read_bytes()
    with pytest.raises(Damaged):
        SqliteJournal.open(directory)
    assert (directory / "journal.sqlite").read_bytes() == before


@pytest.mark.spec("I1", "I13")
@pytest.mark.parametrize("share", [0.5, 0.9, 1.0])
def test_a_log_that_ends_before_what_was_durable_is_refused_and_not_a_byte_of_it_changes(
    directory: Path, tmp_path_factory: pytest.TempPathFactory, share: float
) -> None:
    killed, last = tmp_path_factory.mktemp("killed"), GROUPS * GROUP_SIZE
    with closing(SqliteJournal.open(directory)) as journal:
        for first in range(last + 1, last + 101, GROUP_SIZE):
            journal.append(records_from(first, GROUP_SIZE))
        known = journal.tail().position
        for name in ("journal.sqlite", "journal.sqlite-wal"):
            (killed / name).write_bytes((directory / name).read_bytes())
    log = killed / "journal.sqlite-wal"
    sound = log.read_bytes()
    place = int((len(sound) - 1) * share)
    log.write_bytes(sound[:place] + bytes([sound[place] ^ 0x01]) + sound[place + 1 :])
    before = {path.name: path.read_bytes() for path in killed.glob("journal.sqlite*")}
    with pytest.raises(RecordsMissing, match=rf"at position {known}: \d+ acknowledged records are missing") as refusal:
        SqliteJournal.open(killed, known=known)
    assert last <= refusal.value.end < known
    assert {name: (killed / name).read_bytes() for name in before} == before
    log.write_bytes(sound)
    with closing(SqliteJournal.open(killed, known=known)) as journal:
        assert journal.read(0) == records_from(1, known)
