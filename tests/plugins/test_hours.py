"""Calendars from a TOML file: weekly hours, holidays, special days, midnight, and a clock put forward and back."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from hookflash.plugins.hours import CalendarFile, check, read_calendars
from hookflash.sdk import OpenState

BERLIN = ZoneInfo("Europe/Berlin")
TEXT = """
[office]
time_zone = "Europe/Berlin"
weekly.monday = ["09:00-12:30", "13:30-17:00"]
weekly.tuesday = ["09:00-17:00"]
weekly.friday = ["09:00-15:00"]
holidays."12-25" = "Christmas Day"
holidays."2026-06-01" = "Whit Monday"
special."12-24" = ["09:00-12:00"]

[night]
time_zone = "Europe/Berlin"
weekly.friday = ["22:00-24:00"]
weekly.saturday = ["00:00-02:00", "22:00-03:30"]

[always]
time_zone = "UTC"
weekly.monday = ["00:00-24:00"]
weekly.tuesday = ["00:00-24:00"]
weekly.wednesday = ["00:00-24:00"]
weekly.thursday = ["00:00-24:00"]
weekly.friday = ["00:00-24:00"]
weekly.saturday = ["00:00-24:00"]
weekly.sunday = ["00:00-24:00"]

[never]
time_zone = "UTC"
"""
CALENDARS = read_calendars(TEXT)


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).astimezone(UTC)


@pytest.mark.parametrize(
    ("calendar", "now", "word", "until", "reason"),
    [
        ("office", "2026-05-11T09:00", "open", "2026-05-11T12:30", ""),
        ("office", "2026-05-11T12:30", "closed", "2026-05-11T13:30", ""),
        ("office", "2026-05-11T16:59", "open", "2026-05-11T17:00", ""),
        ("office", "2026-05-12T17:00", "closed", "2026-05-15T09:00", ""),
        ("office", "2026-06-01T10:00", "closed", "2026-06-02T09:00", "Whit Monday"),
        ("office", "2026-12-24T10:00", "open", "2026-12-24T12:00", ""),
        ("office", "2026-12-25T10:00", "closed", "2026-12-28T09:00", "Christmas Day"),
        ("night", "2026-05-15T23:00", "open", "2026-05-16T02:00", ""),
        ("night", "2026-05-16T23:00", "open", "2026-05-17T03:30", ""),
        ("night", "2026-05-17T03:00", "open", "2026-05-17T03:30", ""),
        ("night", "2026-05-17T03:30", "closed", "2026-05-22T22:00", ""),
    ],
)
def test_it_says_what_is_open_and_until_when(
    calendar: str,
    now: str,
    word: str,
    until: str,
    reason: str,
) -> None:
    state = CalendarFile(CALENDARS).state(calendar, _at(now))
    assert state == OpenState(is_open=word == "open", until=_at(until), reason=reason)


def test_hours_are_those_of_the_wall_clock_on_the_days_when_it_is_put_forward_and_back() -> None:
    night = CALENDARS["night"]
    forward = night.state(datetime(2026, 3, 28, 22, 0, tzinfo=UTC))
    assert forward.until == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    back = night.state(datetime(2026, 10, 24, 21, 0, tzinfo=UTC))
    assert back.until == datetime(2026, 10, 25, 2, 30, tzinfo=UTC)


def test_what_never_changes_has_no_until() -> None:
    now = datetime(2026, 5, 11, tzinfo=UTC)
    assert CALENDARS["always"].state(now) == OpenState(is_open=True)
    assert CALENDARS["never"].state(now) == OpenState(is_open=False)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[a]", "a.time_zone must be a zone that this machine knows"),
        ('[a]\ntime_zone = "Middle/Earth"', "a.time_zone must be a zone that this machine knows"),
        ('[a]\ntime_zone = "UTC"\nweekly.mon = []', "a.weekly.mon is no weekday"),
        ('[a]\ntime_zone = "UTC"\nweekly.monday = ["9-17"]', "'9-17', which is no span such as 09:00-17:00"),
        ('[a]\ntime_zone = "UTC"\nweekly.monday = ["09:00-12:00", "11:00-13:00"]', "has spans that overlap"),
        ('[a]\ntime_zone = "UTC"\nholidays."02-30" = "no"', "a.holidays.02-30 is no day"),
        ('[a]\ntime_zone = "UTC"\nholidays."12-25" = 1', "must be the holiday's name"),
        ('[a]\ntime_zone = "UTC"\nlunch = "12:00"', "a.lunch is unknown"),
        ("a = 1", "a must be a table"),
    ],
)
def test_a_file_that_cannot_be_used_says_where(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        read_calendars(text)


def test_the_command_checks_a_file_and_says_what_is_open(tmp_path: Path) -> None:
    file = tmp_path / "calendars.toml"
    file.write_text(TEXT, encoding="utf-8")
    done = CliRunner().invoke(check, [str(file), "--at", "2026-05-11T10:00+02:00"])
    assert done.output.splitlines() == [
        "office: open until 2026-05-11 12:30 CEST",
        "night: closed until 2026-05-15 22:00 CEST",
        "always: open",
        "never: closed",
    ]
    file.write_text("[a]", encoding="utf-8")
    done = CliRunner().invoke(check, [str(file)])
    assert (done.exit_code, "time_zone must be a zone" in done.output) == (1, True)
