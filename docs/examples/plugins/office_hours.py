"""`Registry.hours`: the calendar `office` is open on weekdays from nine to five, UTC."""

from datetime import datetime, timedelta
from typing import ClassVar

from hookflash.sdk import OpenState, Registry, hookimpl

SDK_API = ">=1.0,<2"

OPENS, CLOSES, SATURDAY = 9, 17, 5


class OfficeHours:
    """Tells until when, so that the engine need not ask again before."""

    name: ClassVar[str] = "office_hours"

    def calendars(self) -> tuple[str, ...]:
        """Name the one calendar."""
        return ("office",)

    def state(self, calendar: str, now: datetime) -> OpenState:
        """Open, until five; or closed, until nine."""
        if calendar != "office":
            raise KeyError(calendar)
        today = now.replace(minute=0, second=0, microsecond=0)
        if now.weekday() < SATURDAY and OPENS <= now.hour < CLOSES:
            return OpenState(is_open=True, until=today.replace(hour=CLOSES))
        opening = today.replace(hour=OPENS)
        while opening <= now or opening.weekday() >= SATURDAY:
            opening += timedelta(days=1)
        return OpenState(is_open=False, until=opening)


@hookimpl
def hookflash_register(registry: Registry) -> None:
    """Register the provider."""
    registry.hours(OfficeHours())
