"""`hookflash replay`: the table for people, JSON for programs, sentences for what cannot be done."""

import json
from pathlib import Path

import pytest

from hookflash.engine.journal.sqlite import SqliteJournal
from tests.cli.command import Command
from tests.replay.recorded import eventful_day, quiet_day


@pytest.fixture
async def day(command: Command) -> Path:
    directory = command.home / "day"
    journal = SqliteJournal.open(directory)
    journal.append(await quiet_day())
    journal.close()
    return directory


async def test_the_three_columns_stand_side_by_side(command: Command, day: Path) -> None:
    done = command("replay", "--strategy", "top_down", "--from", str(day))
    assert (done.code, done.err) == (0, "")
    assert [" ".join(line.split()) for line in done.out.splitlines()] == [
        "RECORDED SIMULATED AS IT WAS SIMULATED top_down",
        "arrivals 6 6 6",
        "answered 6 6 6",
        "abandoned 0 0 0",
        "unserved 0 0 0",
        "waiting at the end 0 0 0",
        "service level (20 s) 100.0% 100.0% 100.0%",
        "wait, average 5.0 s 5.0 s 5.0 s",
        "wait, median 5.0 s 5.0 s 5.0 s",
        "wait, 95th percentile 5.0 s 5.0 s 5.0 s",
        "offers per answer 1.00 1.00 1.00",
        "faults 0 0 0",
        "occupancy 22.5% 22.5% 22.5%",
        "Gini of handled 0.000 0.000 0.500",
        "Gini of occupancy 0.000 0.000 0.500",
        "agent ann 3 handled, 22% 3 handled, 22% 6 handled, 45%",
        "agent bob 3 handled, 22% 3 handled, 22% 0 handled, 0%",
    ]


async def test_json_has_the_same_figures_and_who_was_left_out(command: Command, tmp_path: Path) -> None:
    journal = SqliteJournal.open(tmp_path / "eventful")
    journal.append(await eventful_day())
    journal.close()
    done = command("replay", "--strategy", "random", "--from", str(tmp_path / "eventful"), "-o", "json")
    told = json.loads(done.out)
    assert set(told) == {"recorded", "as_it_was", "tried", "left_out"}
    assert told["left_out"] == {"conference invites": 1}
    assert (told["recorded"]["arrivals"], told["tried"]["arrivals"]) == (7, 6)
    assert [agent["agent"] for agent in told["tried"]["agents"]] == ["ann", "bob"]


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("--strategy", "best"), 1, "No plugin has the strategy 'best'; there are"),
        (("--strategy", "random", "--option", "x"), 2, "'x' is no option; write it like by=ratio."),
        (("--strategy", "least_occupied", "--option", "by=mood"), 1, "must be one of count, ratio, free, not 'mood'"),
        (("--strategy", "random", "--conversations-max", "3"), 1, "more than 3 conversations"),
    ],
)
async def test_what_cannot_be_done_is_a_sentence(
    command: Command, day: Path, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    done = command("replay", "--from", str(day), *arguments)
    assert (done.code, done.out) == (code, "")
    assert sentence in done.err
    assert "Traceback" not in done.err


def test_a_folder_without_a_journal_is_named(command: Command, tmp_path: Path) -> None:
    done = command("replay", "--strategy", "random", "--from", str(tmp_path))
    assert done.code == 1
    assert f"There is no journal in {tmp_path}" in done.err
