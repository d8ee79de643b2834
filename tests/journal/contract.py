"""What every journal does, whatever it stands on. A backend's test class inherits this and says how to open one."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator

import pytest

from hookflash.engine.domain.struct import changed
from hookflash.engine.failpoints import (
    JOURNAL_AFTER_APPEND,
    JOURNAL_AFTER_SYNC,
    JOURNAL_BEFORE_APPEND,
    Failpoints,
)
from hookflash.engine.journal.codec import GENESIS, encode
from hookflash.engine.journal.port import Conflict, Gone, Journal, Report, Tail
from hookflash.engine.journal.record import Record
from tests.journal.samples import record_at, records_from

__all__ = ["JournalContract"]

Opener = Callable[[], Journal]


class InjectedError(Exception):
    """What a failpoint raises here."""


class JournalContract(ABC):
    """The suite. `opener` opens the same journal at each call, as its next owner, without asking a lock."""

    @abstractmethod
    def opener(self, place: object, failpoints: Failpoints) -> Opener:
        """How a backend opens its journal at a place of this test's own."""

    @pytest.fixture
    def failpoints(self) -> Failpoints:
        return Failpoints()

    @pytest.fixture
    def open_again(self, tmp_path: object, failpoints: Failpoints) -> Iterator[Opener]:
        opened: list[Journal] = []
        opener = self.opener(tmp_path, failpoints)

        def tracked() -> Journal:
            opened.append(opener())
            return opened[-1]

        yield tracked
        for journal in opened:
            journal.close()

    @pytest.fixture
    def journal(self, open_again: Opener) -> Journal:
        return open_again()

    def test_a_new_journal_is_empty_and_its_chain_begins_at_genesis(self, journal: Journal) -> None:
        assert journal.tail() == Tail(0, 0.0, GENESIS)
        assert journal.read(0) == []
        assert journal.verify() == Report(records=0)

    @pytest.mark.spec("I1", "I10")
    def test_what_was_appended_is_read_as_it_was_also_by_the_next_owner(
        self, journal: Journal, open_again: Opener
    ) -> None:
        journal.append(records_from(1, 1))
        journal.append(records_from(2, 5))
        assert journal.read(0) == records_from(1, 6)
        journal.close()
        assert open_again().read(0) == records_from(1, 6)

    @pytest.mark.spec("I13")
    def test_the_tail_is_the_last_record_and_the_hash_over_all_before_it(
        self, journal: Journal, open_again: Opener
    ) -> None:
        journal.append(records_from(1, 3))
        journal.append(records_from(4, 2))
        chain = GENESIS
        for record in records_from(1, 5):
            _, chain = encode(record, chain)
        assert journal.tail() == Tail(5, 2.5, chain)
        journal.close()
        assert open_again().tail() == Tail(5, 2.5, chain)

    def test_the_next_owner_goes_on_where_the_last_one_ended(self, journal: Journal, open_again: Opener) -> None:
        journal.append(records_from(1, 3))
        journal.close()
        heir = open_again()
        heir.append(records_from(4, 3))
        assert heir.epoch == journal.epoch + 1
        assert heir.verify() == Report(records=6)

    @pytest.mark.parametrize("group_size", [1, 3, 7, 100])
    def test_pages_neither_shift_nor_repeat_whatever_the_groups_are(self, journal: Journal, group_size: int) -> None:
        for first in range(1, 42, group_size):
            journal.append(records_from(first, min(group_size, 42 - first)))
        found: list[Record] = []
        while page := journal.read(found[-1].position if found else 0, limit=4):
            assert len(page) <= 4
            found.extend(page)
        assert found == records_from(1, 41)

    @pytest.mark.parametrize("after", [0, 1, 2, 3, 4, 5, 6, 99])
    def test_reading_begins_right_after_the_position_named(self, journal: Journal, after: int) -> None:
        journal.append(records_from(1, 2))
        journal.append(records_from(3, 3))
        assert journal.read(after) == [record_at(position) for position in range(after + 1, 6)]

    @pytest.mark.spec("I2")
    def test_a_record_is_found_by_its_position_so_that_a_repeat_gets_its_answer(self, journal: Journal) -> None:
        journal.append(records_from(1, 2))
        journal.append(records_from(3, 3))
        assert [journal.record(position) for position in range(1, 6)] == records_from(1, 5)

    @pytest.mark.parametrize("position", [-1, 0, 3, 10_000])
    def test_a_position_without_record_is_gone(self, journal: Journal, position: int) -> None:
        journal.append(records_from(1, 2))
        with pytest.raises(Gone, match=f"position {position}; its last one is at 2"):
            journal.record(position)

    @pytest.mark.spec("I1")
    @pytest.mark.parametrize("positions", [(2, 3), (4,), (3, 5), (3, 3), (3, 2)])
    def test_a_group_that_does_not_continue_the_journal_is_refused_whole(
        self, journal: Journal, positions: tuple[int, ...]
    ) -> None:
        journal.append(records_from(1, 2))
        with pytest.raises(Conflict, match="nothing was written"):
            journal.append([record_at(position) for position in positions])
        assert journal.read(0) == records_from(1, 2)
        journal.append(records_from(3, 1))
        assert journal.verify() == Report(records=3)

    def test_an_empty_group_is_nothing(self, journal: Journal) -> None:
        journal.append([])
        assert journal.tail().position == 0

    @pytest.mark.spec("I1", "I4")
    def test_an_owner_who_was_followed_by_another_cannot_append_any_more(
        self, journal: Journal, open_again: Opener
    ) -> None:
        journal.append(records_from(1, 2))
        heir = open_again()
        with pytest.raises(Conflict, match="Another engine has opened"):
            journal.append(records_from(3, 1))
        heir.append([changed(record_at(3), principal="AGENT:bob")])
        with pytest.raises(Conflict):
            journal.append(records_from(3, 1))
        assert [record.principal for record in heir.read(2)] == ["AGENT:bob"]

    @pytest.mark.spec("I1")
    @pytest.mark.parametrize("name", [JOURNAL_BEFORE_APPEND, JOURNAL_AFTER_APPEND])
    def test_a_group_that_failed_before_it_was_durable_left_nothing(
        self, journal: Journal, failpoints: Failpoints, open_again: Opener, name: str
    ) -> None:
        journal.append(records_from(1, 2))
        failpoints.switch_on(name, _fail)
        with pytest.raises(InjectedError):
            journal.append(records_from(3, 4))
        failpoints.switch_off(name)
        assert journal.read(0) == records_from(1, 2)
        journal.append(records_from(3, 1))
        journal.close()
        assert open_again().read(0) == records_from(1, 3)

    @pytest.mark.spec("I1")
    def test_a_group_whose_owner_failed_after_it_was_durable_is_there(
        self, journal: Journal, failpoints: Failpoints, open_again: Opener
    ) -> None:
        failpoints.switch_on(JOURNAL_AFTER_SYNC, _fail)
        with pytest.raises(InjectedError):
            journal.append(records_from(1, 4))
        journal.close()
        assert open_again().read(0) == records_from(1, 4)

    def test_others_read_whole_groups_while_one_appends(self, journal: Journal) -> None:
        problems: list[object] = []
        ended = threading.Event()

        def follow() -> None:
            seen = 0
            while not ended.is_set() or journal.read(seen, 1):
                page = journal.read(seen, 50)
                if page != records_from(seen + 1, len(page)):
                    problems.append((seen, page))
                if page and journal.record(page[-1].position) != page[-1]:
                    problems.append(page[-1])
                seen += len(page)
            if seen != 150:
                problems.append(seen)

        readers = [threading.Thread(target=follow) for _ in range(3)]
        for reader in readers:
            reader.start()
        for first in range(1, 151, 3):
            journal.append(records_from(first, 3))
        ended.set()
        for reader in readers:
            reader.join()
        assert problems == []

    def test_the_size_grows_with_what_is_in_it(self, journal: Journal) -> None:
        before = journal.size_bytes()
        journal.append(records_from(1, 500))
        assert journal.size_bytes() > before + 50_000

    def test_closing_twice_is_nothing(self, journal: Journal) -> None:
        journal.close()
        journal.close()


def _fail() -> None:
    raise InjectedError
