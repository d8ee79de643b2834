"""Real full and read-only disks: small file systems in memory, mounted for the test where that is allowed."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hookflash.engine.journal.port import JournalFull, Report, Unreadable
from hookflash.engine.journal.sqlite import SqliteJournal, verify_directory
from tests.journal.samples import records_from
from tests.small_disk import MOUNT, small_disk


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    with small_disk(tmp_path / "disk", 1) as place:
        yield place


def _append_until_full(journal: SqliteJournal) -> int:
    """The last position acknowledged."""
    last = journal.tail().position
    try:
        for _ in range(10_000):
            journal.append(records_from(last + 1, 20))
            last += 20
    except JournalFull as full:
        assert "Free or unlock the disk" in str(full)  # noqa: PT017  the loop ends only here
        return last
    pytest.fail("1 MiB held 200,000 records")


@pytest.mark.spec("I1")
def test_a_full_disk_loses_nothing_and_work_goes_on_once_there_is_room(disk: Path) -> None:
    ballast = disk / "ballast"
    ballast.write_bytes(bytes(300_000))
    directory = disk / "data"
    with closing(SqliteJournal.open(directory)) as journal:
        last = _append_until_full(journal)
        assert last > 0
        with pytest.raises(JournalFull):
            journal.append(records_from(last + 1, 20))
        assert journal.read(0, last + 20) == records_from(1, last)
        ballast.unlink()
        journal.append(records_from(last + 1, 20))
        assert journal.verify() == Report(records=last + 20)
    assert verify_directory(directory) == Report(records=last + 20)


def test_a_disk_without_any_room_is_said_to_be_full_at_the_start(disk: Path) -> None:
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        room = os.statvfs(disk)
        os.posix_fallocate(file.fileno(), 0, room.f_bavail * room.f_frsize)
    with pytest.raises(JournalFull, match=r"[Ff]ree"):
        SqliteJournal.open(disk / "data")
    ballast.unlink()
    SqliteJournal.open(disk / "data").close()


@pytest.mark.spec("I1")
def test_a_disk_mounted_read_only_is_refused_and_keeps_what_is_there(disk: Path) -> None:
    directory = disk / "data"
    with closing(SqliteJournal.open(directory)) as journal:
        journal.append(records_from(1, 30))
    subprocess.run([MOUNT, "-o", "remount,ro", disk], check=True)
    with pytest.raises(Unreadable, match="Read-only file system"):
        SqliteJournal.open(directory)
    subprocess.run([MOUNT, "-o", "remount,rw", disk], check=True)
    with closing(SqliteJournal.open(directory)) as journal:
        assert journal.read(0) == records_from(1, 30)
