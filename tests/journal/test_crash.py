"""What a journal keeps when its process is killed, and when its disk fails: everything that it acknowledged."""

import os
import random
from contextlib import closing
from pathlib import Path

import pytest

from hookflash.engine.failpoints import ENVIRONMENT, JOURNAL_AFTER_APPEND, JOURNAL_AFTER_SYNC, JOURNAL_BEFORE_APPEND
from hookflash.engine.journal.port import Report
from hookflash.engine.journal.sqlite import SqliteJournal
from tests.forked import Forked
from tests.journal.samples import records_from

KILLS = 16


def _appender(*arguments: str | Path, failpoints: str = "") -> Forked:
    return Forked("tests.journal.appender", *arguments, environment={**os.environ, ENVIRONMENT: failpoints})


def _complete(lines: list[str]) -> list[int]:
    """The positions of the lines that were printed whole."""
    return [int(line) for line in lines if line.endswith("\n")]


def _content(directory: Path) -> int:
    """The last position, after everything up to it was compared with what was to be written."""
    with closing(SqliteJournal.open(directory)) as journal:
        last = journal.tail().position
        assert journal.verify() == Report(records=last)
        assert journal.read(0, last + 1) == records_from(1, last)
    return last


@pytest.mark.slow
@pytest.mark.spec("I1", "I10", "I13", "A-31")
def test_kill_9_in_the_append_loop_loses_nothing_acknowledged_and_leaves_no_gap(tmp_path: Path) -> None:
    chance = random.Random(20)  # noqa: S311  which moment, not which secret
    acknowledged = kept = 0
    for _ in range(KILLS):
        with _appender(tmp_path) as process:
            assert process.stdout is not None
            lines = [process.stdout.readline() for _ in range(chance.randint(1, 120))]
            process.kill()
            lines += process.stdout.readlines()
        assert process.returncode == -9
        positions = _complete(lines)
        assert positions[0] > acknowledged
        acknowledged = positions[-1]
        kept = _content(tmp_path)
        # At most the one group in flight is there without having been acknowledged.
        assert acknowledged <= kept <= acknowledged + 8
    assert kept > KILLS


@pytest.mark.spec("I1", "A-31")
@pytest.mark.parametrize(
    ("name", "is_durable"),
    [(JOURNAL_BEFORE_APPEND, False), (JOURNAL_AFTER_APPEND, False), (JOURNAL_AFTER_SYNC, True)],
)
@pytest.mark.parametrize(("act", "status"), [("kill", -9), ("exit", 70)])
def test_a_crash_aimed_at_a_failpoint_keeps_exactly_what_was_durable(
    tmp_path: Path, name: str, act: str, status: int, *, is_durable: bool
) -> None:
    with _appender(tmp_path, failpoints=f"{name}={act}:10") as process:
        assert process.stdout is not None
        positions = _complete(process.stdout.readlines())
    assert (process.returncode, len(positions)) == (status, 9)
    kept = _content(tmp_path)
    assert (kept > positions[-1]) is is_durable
    assert kept >= positions[-1]


@pytest.mark.spec("I1")
def test_after_a_failed_write_nothing_is_appended_until_a_new_process_has_read_the_journal(tmp_path: Path) -> None:
    with _appender(tmp_path, "200000") as process:
        assert process.stdout is not None
        lines = process.stdout.readlines()
    positions, sentences = _complete(lines[:-2]), lines[-2:]
    assert process.returncode == 0
    assert len(positions) > 10
    assert all(line.startswith("broken: ") and "disk I/O error" in line for line in sentences)
    assert _content(tmp_path) >= positions[-1]
    with closing(SqliteJournal.open(tmp_path)) as journal:
        first = journal.tail().position + 1
        journal.append(records_from(first, 3))
        assert journal.verify() == Report(records=first + 2)
