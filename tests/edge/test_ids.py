"""Ids are ordered by time, differ, and are made again by the same clock and chance."""
# ruff: noqa: S311 - ids are no secrets

from random import Random

from hookflash.engine.actors.clock import ManualClock
from hookflash.engine.domain.text import check_id
from hookflash.engine.ids import IdMaker


def test_ids_rise_also_within_a_millisecond_and_when_the_clock_stands_still() -> None:
    clock = ManualClock()
    ids = IdMaker(clock, Random(1))
    made = []
    for _ in range(1_000):
        made.append(ids.new())
        made.append(ids.new())
        clock.advance(0.0004)
    assert made == sorted(set(made))


def test_an_id_may_stand_in_a_resource_name_and_is_always_as_long() -> None:
    for now in (0.0, 1_700_000_000.0, 4_000_000_000.0):
        made = IdMaker(ManualClock(now), Random(2)).new()
        assert check_id("conversation", made) == made
        assert len(made) == 26


def test_the_same_clock_and_chance_make_the_same_ids() -> None:
    first, second = (IdMaker(ManualClock(), Random(3)) for _ in range(2))
    assert [first.new() for _ in range(5)] == [second.new() for _ in range(5)]
