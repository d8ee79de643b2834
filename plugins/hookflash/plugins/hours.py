"""Opening hours from a TOML file: a table a calendar, with its time zone, weekly hours, holidays and special days.

    [office]
    time_zone = "Europe/Berlin"
    weekly.monday = ["09:00-12:30", "13:30-17:00"]
    weekly.friday = ["09:00-15:00"]
    holidays."12-25" = "Christmas Day"        # every year
    holidays."2027-03-26" = "Good Friday"     # that year
    special."12-24" = ["09:00-12:00"]         # instead of the weekday's hours

A span that ends at or before its beginning ends the next day; `00:00-24:00` is a whole day.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import ClassVar, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from hookflash.sdk import OpenState, Registry, hookimpl

__all__ = ["NEEDS_CONFIG", "SDK_API", "Calendar", "CalendarFile", "Config", "hookflash_register", "read_calendars"]

SDK_API = ">=1.0,<2"
NEEDS_CONFIG = True

_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SPAN: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)")
_DAY: Final = re.compile(r"(?:(\d{4})-)?(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])")
_DAYS_AHEAD_MAX: Final = 400
_DAY_MINUTES: Final = 24 * 60

Span = tuple[int, int]
"""From and to, in minutes of a day; the second may lie in the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """`[plugins.hours]`: the file with the calendars; without one there are none."""

    file: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """One calendar: weekly hours from Monday on, and days that differ, by `MM-DD` or `YYYY-MM-DD`."""

    zone: ZoneInfo
    weekly: tuple[tuple[Span, ...], ...]
    holidays: Mapping[str, str]
    special: Mapping[str, tuple[Span, ...]]

    def state(self, now: datetime) -> OpenState:
        """Open or closed at an aware time, and until when."""
        today = now.astimezone(self.zone).date()
        # From yesterday on: a span may end on the day after it began.
        end: datetime | None = None
        for begin, finish in self._spans(today - timedelta(days=1)):
            if end is None and finish <= now:
                continue
            if end is None and begin > now:
                return OpenState(is_open=False, until=begin, reason=self._holiday(today))
            if end is not None and begin > end:
                break
            end = finish if end is None else max(end, finish)
            if end > now + timedelta(days=_DAYS_AHEAD_MAX - 2):
                return OpenState(is_open=True)
        return OpenState(is_open=end is not None, until=end, reason="" if end is not None else self._holiday(today))

    def _spans(self, first: date) -> Iterator[tuple[datetime, datetime]]:
        for ahead in range(_DAYS_AHEAD_MAX):
            day = first + timedelta(days=ahead)
            for begin, end in self._hours(day):
                yield self._at(day, begin), self._at(day, end)

    def _hours(self, day: date) -> Sequence[Span]:
        for key in (day.isoformat(), day.isoformat()[5:]):
            if key in self.special:
                return self.special[key]
            if key in self.holidays:
                return ()
        return self.weekly[day.weekday()]

    def _holiday(self, day: date) -> str:
        return self.holidays.get(day.isoformat()) or self.holidays.get(day.isoformat()[5:], "")

    def _at(self, day: date, minutes: int) -> datetime:
        day += timedelta(days=minutes // _DAY_MINUTES)
        hour, minute = divmod(minutes % _DAY_MINUTES, 60)
        # Compared in UTC: two times of one zone are compared by the wall clock, also where that was put back.
        return datetime(day.year, day.month, day.day, hour, minute, tzinfo=self.zone).astimezone(UTC)


class CalendarFile:
    """The provider."""

    name: ClassVar[str] = "hours"

    def __init__(self, calendars: Mapping[str, Calendar]) -> None:
        """Know those calendars."""
        self._calendars = calendars

    def calendars(self) -> tuple[str, ...]:
        """Name them."""
        return tuple(self._calendars)

    def state(self, calendar: str, now: datetime) -> OpenState:
        """Tell whether it is open. Raises KeyError."""
        return self._calendars[calendar].state(now)


def read_calendars(text: str) -> dict[str, Calendar]:
    """Read a file's text. Raises ValueError with a sentence that names the place."""
    tables = tomllib.loads(text)
    return {name: _calendar(name, _table(name, table)) for name, table in tables.items()}


def _calendar(name: str, table: Mapping[str, object]) -> Calendar:
    if unknown := sorted(set(table) - {"time_zone", "weekly", "holidays", "special"}):
        raise ValueError(f"{name}.{unknown[0]} is unknown; a calendar has time_zone, weekly, holidays and special")
    weekly = _table(f"{name}.weekly", table.get("weekly", {}))
    if unknown := sorted(set(weekly) - set(_WEEKDAYS)):
        raise ValueError(f"{name}.weekly.{unknown[0]} is no weekday; they are {', '.join(_WEEKDAYS)}")
    holidays = _days(f"{name}.holidays", table)
    if wrong := [day for day, reason in holidays.items() if not isinstance(reason, str)]:
        raise ValueError(f"{name}.holidays.{wrong[0]} must be the holiday's name")
    return Calendar(
        zone=_zone(name, table.get("time_zone")),
        weekly=tuple(_spans(f"{name}.weekly.{day}", weekly.get(day, [])) for day in _WEEKDAYS),
        holidays={day: str(reason) for day, reason in holidays.items()},
        special={day: _spans(f"{name}.special.{day}", spans) for day, spans in _days(f"{name}.special", table).items()},
    )


def _zone(name: str, given: object) -> ZoneInfo:
    try:
        return ZoneInfo(str(given or ""))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name}.time_zone must be a zone that this machine knows, such as Europe/Berlin") from error


def _days(place: str, table: Mapping[str, object]) -> Mapping[str, object]:
    days = _table(place, table.get(place.rpartition(".")[2], {}))
    for day in days:
        found = _DAY.fullmatch(day)
        if found is None or not _is_date(int(found[1] or 2000), int(found[2]), int(found[3])):
            raise ValueError(f"{place}.{day} is no day; write 12-25 for every year, or 2027-03-26")
    return days


def _is_date(year: int, month: int, day: int) -> bool:
    try:
        date(year, month, day)
    except ValueError:
        return False
    return True


def _spans(place: str, given: object) -> tuple[Span, ...]:
    if not isinstance(given, list):
        raise ValueError(f"{place} must be a list of spans such as 09:00-17:00")  # noqa: TRY004 - what an admin wrote
    spans = sorted(_span(place, each) for each in given)
    for before, after in pairwise(spans):
        if after[0] < before[1]:
            raise ValueError(f"{place} has spans that overlap")
    return tuple(spans)


def _span(place: str, given: object) -> Span:
    found = _SPAN.fullmatch(given) if isinstance(given, str) else None
    if found is None:
        raise ValueError(f"{place} has {given!r}, which is no span such as 09:00-17:00")
    begin = int(found[1]) * 60 + int(found[2])
    end = _DAY_MINUTES if found[3] is None else int(found[3]) * 60 + int(found[4])
    return begin, end if end > begin else end + _DAY_MINUTES


def _table(place: str, given: object) -> Mapping[str, object]:
    if not isinstance(given, dict):
        raise ValueError(f"{place} must be a table")  # noqa: TRY004 - what an admin wrote
    return given


@click.command("check")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--at", help="Judge this time, such as 2027-03-26T10:00+01:00, instead of now.")
def check(file: Path, at: str | None) -> None:
    """Read a file of calendars and say what is open."""
    try:
        now = datetime.now(UTC) if at is None else datetime.fromisoformat(at)
        calendars = read_calendars(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise click.ClickException(f"{file}: {error}.") from error
    if now.tzinfo is None:
        raise click.ClickException(f"{at} has no time zone; write it behind, such as +01:00.")
    for name, calendar in calendars.items():
        state = calendar.state(now)
        until = "" if state.until is None else f" until {state.until.astimezone(calendar.zone):%Y-%m-%d %H:%M %Z}"
        reason = f" ({state.reason})" if state.reason else ""
        click.echo(f"{name}: {'open' if state.is_open else 'closed'}{until}{reason}")


@hookimpl
def hookflash_register(registry: Registry) -> None:
    """Register the provider, where there is a file, and the command that checks one."""
    config = registry.config(Config)
    registry.command(check)
    if config.file is not None:
        registry.hours(CalendarFile(read_calendars(config.file.read_text(encoding="utf-8"))))
