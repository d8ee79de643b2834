"""Whether each calendar is open now: what its provider said last, looked at again when it said that this changes.

Nobody waits for a provider: an arrival is judged by what is known. Without an answer the last known state holds, and
before there was any a calendar is open, so that customers are not turned away for a defect.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final, final

from hookflash.sdk.hosting.calls import NonsenseError, PluginFailedError, PureCalls, WakeAt, plain
from hookflash.sdk.hours import HoursProvider, OpenState

__all__ = ["OpeningHours"]

LOOK_MAX_S: Final = 60.0
"""A calendar is looked at at least so often: a provider may not know when it changes."""

LOOK_MIN_S: Final = 1.0

_UNKNOWN: Final = OpenState(is_open=True)


@final
class OpeningHours:
    """All calendars of one engine; `on_change` is told which of them opened, closed or changed until when."""

    def __init__(
        self,
        calendars: Mapping[str, tuple[str, HoursProvider]],
        calls_of: Callable[[str, str], PureCalls],
        now: Callable[[], float],
        wake_at: WakeAt,
    ) -> None:
        self._calendars = {
            calendar: (provider, calls_of(plugin, f"hours {provider.name}"))
            for calendar, (plugin, provider) in calendars.items()
        }
        self._states: dict[str, OpenState] = {}
        self._now = now
        self._wake_at = wake_at
        self._call_off: Callable[[], None] = lambda: None
        self._looking: asyncio.Task[None] | None = None
        self._listeners: list[Callable[[frozenset[str]], None]] = []

    def state(self, calendar: str) -> OpenState:
        """What is known of a calendar; one that nobody knows is open."""
        return self._states.get(calendar, _UNKNOWN)

    def is_open(self, calendar: str) -> bool:
        """Whether a queue with that calendar takes new conversations; without one (empty) it does."""
        return not calendar or self.state(calendar).is_open

    def on_change(self, listener: Callable[[frozenset[str]], None]) -> None:
        """Tell that listener too."""
        self._listeners.append(listener)

    async def start(self) -> None:
        """Look at every calendar, and from then on whenever one changes."""
        if self._calendars:
            await self._look()

    async def stop(self) -> None:
        """Look no more."""
        self._call_off()
        looking, self._looking = self._looking, None
        if looking is not None:
            looking.cancel()
            await asyncio.gather(looking, return_exceptions=True)

    async def _look(self) -> None:
        changed = set()
        now = datetime.fromtimestamp(self._now(), UTC)
        for calendar, (provider, calls) in self._calendars.items():

            def ask(calendar: str = calendar, provider: HoursProvider = provider) -> OpenState:
                return _checked(plain(provider.state(calendar, now)))

            try:
                state = await calls.ask("state", ask, fallback="the state known last")
            except PluginFailedError:
                continue
            if state != self._states.get(calendar):
                self._states[calendar] = state
                changed.add(calendar)
        untils = [state.until.timestamp() for state in self._states.values() if state.until is not None]
        begin = self._now()
        soonest = min((until for until in untils if until > begin), default=begin + LOOK_MAX_S)
        when = max(begin + LOOK_MIN_S, min(soonest, begin + LOOK_MAX_S))
        self._call_off = self._wake_at(when, self._ring)
        if changed:
            for listener in self._listeners:
                listener(frozenset(changed))

    def _ring(self) -> None:
        self._looking = asyncio.get_running_loop().create_task(self._look())


def _checked(answer: object) -> OpenState:
    if type(answer) is not OpenState or type(answer.is_open) is not bool or type(answer.reason) is not str:
        raise NonsenseError("it answered no OpenState")
    until = answer.until
    if until is not None and (type(until) is not datetime or until.tzinfo is None):
        raise NonsenseError("it gave a time without a time zone")
    return answer
