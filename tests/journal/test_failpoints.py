"""Failpoints are nothing unless switched on, and a misspelt one is an error."""

import pytest

from hookflash.engine.failpoints import JOURNAL_AFTER_SYNC, JOURNAL_BEFORE_APPEND, Failpoints


def test_a_failpoint_does_nothing_until_it_is_switched_on_and_after_it_is_switched_off() -> None:
    failpoints = Failpoints()
    hits: list[str] = []
    failpoints.hit(JOURNAL_AFTER_SYNC)
    failpoints.switch_on(JOURNAL_AFTER_SYNC, lambda: hits.append("hit"))
    failpoints.hit(JOURNAL_AFTER_SYNC)
    failpoints.hit(JOURNAL_BEFORE_APPEND)
    failpoints.switch_off(JOURNAL_AFTER_SYNC)
    failpoints.hit(JOURNAL_AFTER_SYNC)
    assert hits == ["hit"]


def test_an_action_may_wait_for_a_later_hit() -> None:
    failpoints = Failpoints()
    hits: list[int] = []
    failpoints.switch_on(JOURNAL_AFTER_SYNC, lambda: hits.append(round_number), at_hit=3)
    round_number = 0
    while round_number < 4:
        round_number += 1
        failpoints.hit(JOURNAL_AFTER_SYNC)
    assert hits == [3, 4]


@pytest.mark.parametrize(
    "text", ["journal.nowhere=kill", "journal.after_sync=explode", "journal.after_sync", "journal.after_sync=kill:x"]
)
def test_an_environment_that_names_no_failpoint_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"no failpoint|is not NAME=ACTION"):
        Failpoints.from_environment({"HOOKFLASH_FAILPOINTS": text})


def test_an_empty_environment_switches_nothing_on() -> None:
    Failpoints.from_environment({}).hit(JOURNAL_AFTER_SYNC)
