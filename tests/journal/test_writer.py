"""What makes groups durable: in order, one answer each, and everything submitted is decided before it stops."""

import threading
from collections.abc import Sequence
from functools import partial

import pytest

from hookflash.engine.journal.memory import MemoryJournal
from hookflash.engine.journal.port import JournalBroken, JournalError, JournalFull, WriterStopped
from hookflash.engine.journal.record import Record
from hookflash.engine.journal.writer import JournalWriter
from tests.journal.samples import records_from


class StubbornJournal(MemoryJournal):
    """Raises what it is told to at the next append, and waits at each until it may go on."""

    def __init__(self) -> None:
        super().__init__()
        self.errors: list[Exception] = []
        self.may_append = threading.Event()
        self.may_append.set()
        self.threads: set[str] = set()

    def append(self, records: Sequence[Record]) -> None:
        self.may_append.wait()
        self.threads.add(threading.current_thread().name)
        if self.errors:
            raise self.errors.pop()
        super().append(records)


def _note(answers: list[tuple[int, JournalError | None]], first: int, error: JournalError | None) -> None:
    answers.append((first, error))


def test_groups_are_appended_in_order_and_each_is_answered_once() -> None:
    journal = StubbornJournal()
    writer = JournalWriter(journal)
    answers: list[tuple[int, JournalError | None]] = []
    journal.may_append.clear()
    for first in range(1, 61, 3):
        writer.submit(records_from(first, 3), partial(_note, answers, first))
    assert answers == []
    journal.may_append.set()
    writer.stop()
    assert answers == [(first, None) for first in range(1, 61, 3)]
    assert journal.read(0) == records_from(1, 60)


def test_appends_run_on_one_thread_that_bears_the_writer_s_name() -> None:
    journal = StubbornJournal()
    writer = JournalWriter(journal)
    named: list[str] = []
    for first in (1, 2):
        writer.submit(records_from(first, 1), lambda _: named.append(threading.current_thread().name))
    writer.stop()
    assert journal.threads == set(named)
    (name,) = journal.threads
    assert "JournalWriter" in name


@pytest.mark.spec("I1")
def test_a_group_that_failed_is_answered_with_its_error_and_the_next_one_is_tried() -> None:
    journal = StubbornJournal()
    full = JournalFull("The disk is full.")
    journal.errors = [full]
    writer = JournalWriter(journal)
    answers: list[JournalError | None] = []
    writer.submit(records_from(1, 1), answers.append)
    writer.submit(records_from(1, 1), answers.append)
    writer.stop()
    assert answers == [full, None]


def test_a_fault_in_the_journal_is_answered_too() -> None:
    journal = StubbornJournal()
    journal.errors = [ZeroDivisionError("oops")]
    writer = JournalWriter(journal)
    answers: list[JournalError | None] = []
    writer.submit(records_from(1, 1), answers.append)
    writer.stop()
    assert isinstance(answers[0], JournalBroken)
    assert "oops" in str(answers[0])


def test_a_shard_that_fails_to_hear_its_answer_does_not_stop_the_others() -> None:
    journal = MemoryJournal()
    writer = JournalWriter(journal)
    answers: list[JournalError | None] = []

    def deaf(_: JournalError | None) -> None:
        raise RuntimeError

    writer.submit(records_from(1, 1), deaf)
    writer.submit(records_from(2, 1), answers.append)
    writer.stop()
    assert answers == [None]


def test_a_stopped_writer_takes_nothing_more_and_stops_once() -> None:
    writer = JournalWriter(MemoryJournal())
    writer.stop()
    writer.stop()
    with pytest.raises(WriterStopped, match="nothing was written"):
        writer.submit(records_from(1, 1), lambda _: None)


def test_a_quick_disk_is_written_to_within_the_call() -> None:
    journal = StubbornJournal()
    writer = JournalWriter(journal, quick_s=3_600.0)
    answers: list[tuple[int, JournalError | None]] = []
    for first in (1, 4):
        writer.submit(records_from(first, 3), partial(_note, answers, first))
    assert answers == [(1, None), (4, None)]
    assert journal.threads == {threading.current_thread().name}
    writer.stop()


def test_after_a_commit_that_was_not_quick_the_thread_takes_over_and_keeps_the_order() -> None:
    journal = StubbornJournal()
    writer = JournalWriter(journal, quick_s=1e-9)
    answers: list[tuple[int, JournalError | None]] = []
    writer.submit(records_from(1, 1), partial(_note, answers, 1))
    assert answers == [(1, None)]
    journal.may_append.clear()
    for first in range(2, 20):
        writer.submit(records_from(first, 1), partial(_note, answers, first))
    assert answers == [(1, None)]
    journal.may_append.set()
    writer.stop()
    assert answers == [(first, None) for first in range(1, 20)]
    assert len(journal.threads) == 2


@pytest.mark.spec("I1")
def test_a_group_that_failed_within_the_call_is_answered_with_its_error() -> None:
    journal = StubbornJournal()
    full = JournalFull("The disk is full.")
    journal.errors = [full]
    writer = JournalWriter(journal, quick_s=3_600.0)
    answers: list[JournalError | None] = []
    writer.submit(records_from(1, 1), answers.append)
    writer.submit(records_from(1, 1), answers.append)
    assert answers == [full, None]
    writer.stop()
