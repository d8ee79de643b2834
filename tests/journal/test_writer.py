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


class SlowJournal(MemoryJournal):
    """An append takes as long as it is told to, by a clock of its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        self.now = self.takes_s = 0.0
        self.threads: list[bool] = []
        monkeypatch.setattr("hookflash.engine.journal.writer.monotonic", lambda: self.now)

    def append(self, records: Sequence[Record]) -> None:
        self.now += self.takes_s
        self.threads.append(threading.current_thread() is not threading.main_thread())
        super().append(records)


def test_a_disk_that_stays_slow_is_left_to_the_thread_until_it_was_quick_for_a_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    journal = SlowJournal(monkeypatch)
    journal.now = 10.0
    writer = JournalWriter(journal, quick_s=0.01)
    for first, (takes_s, rest_s) in enumerate(
        [(0.0, 0.0), (0.5, 0.9), (0.5, 0.9), (0.5, 0.9), (0.0, 0.1), (0.0, 0.0)], start=1
    ):
        journal.takes_s = takes_s
        written = threading.Event()
        writer.submit(records_from(first, 1), lambda _, written=written: written.set())  # type: ignore[misc]
        assert written.wait(30)
        with writer._order:  # noqa: SLF001  told within it: afterwards the thread has let go
            journal.now += rest_s
    writer.stop()
    assert journal.threads == [False, False, True, True, True, False]


def test_groups_that_the_thread_has_are_told_of_before_those_that_come_after() -> None:
    journal, told, may_go_on = StubbornJournal(), threading.Event(), threading.Event()
    writer = JournalWriter(journal, quick_s=1e-9)
    answers: list[int] = []

    def slow(_: JournalError | None) -> None:
        told.set()
        may_go_on.wait(30)
        answers.append(2)

    writer.submit(records_from(1, 1), lambda _: answers.append(1))
    writer.submit(records_from(2, 1), slow)
    assert told.wait(30)
    writer._slow_until = 0.0  # noqa: SLF001  as after a second
    later = threading.Thread(target=writer.submit, args=(records_from(3, 1), lambda _: answers.append(3)))
    later.start()
    may_go_on.set()
    later.join(30)
    writer.stop()
    assert answers == [1, 2, 3]
