"""All sinks of one engine: started where each was, woken by what concerns it, and shown to admins.

A sink that never ran here begins at the journal's end: it is told what happens, not what has happened.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import final

import structlog

from hookflash.engine.actors.calls import Sealed
from hookflash.engine.domain.timeline import transcript_event
from hookflash.engine.journal.port import Journal
from hookflash.engine.plugins import LoadedSink
from hookflash.sdk.sinks import Audience

from .cursors import CURSORS_FILE, Cursor, Cursors, Place
from .export import Export
from .feed import Feed
from .run import SinkReport, SinkRules, SinkRun, SinkState

__all__ = ["SinkHost"]

FaultReport = Callable[[str, str, str, str], None]
"""Is told of a plugin's fault: plugin, hook, error, and what was done instead."""

_log = structlog.get_logger(__name__)


@final
class SinkHost:
    """Runs the sinks of the loaded plugins; without any, it touches neither disk nor thread."""

    def __init__(
        self,
        journal: Journal,
        sinks: Sequence[LoadedSink],
        directory: Path,
        *,
        clock: Callable[[], float],
        random: Random,
        on_fault: FaultReport,
        rules: SinkRules | None = None,
        export: Export | None = None,
    ) -> None:
        """Keep cursors in that directory; nothing runs before `start`. What is for customers goes through `export`."""
        self._export = export
        self._journal = journal
        self._sinks = tuple(sinks)
        self._path = directory / CURSORS_FILE
        self._clock = clock
        self._random = random
        self._on_fault = on_fault
        self._rules = rules or SinkRules()
        self._cursors: Cursors | None = None
        self._runs: tuple[SinkRun, ...] = ()
        self._trouble = ""

    @property
    def reports(self) -> tuple[SinkReport, ...]:
        """Every sink as it is now."""
        end = self._journal.tail().position
        if not self._trouble:
            return tuple(run.report(end) for run in self._runs)
        return tuple(
            SinkReport(
                name=loaded.sink.name,
                plugin=loaded.plugin,
                audience=loaded.sink.audience,
                state=SinkState.FAILING,
                position=0,
                lag=end,
                reason=self._trouble,
            )
            for loaded in self._sinks
        )

    async def start(self) -> None:
        """Start every sink where it was; where the cursors cannot be opened none runs, and the engine does."""
        if not self._sinks:
            return
        try:
            self._runs = await asyncio.to_thread(self._opened)
        except (OSError, sqlite3.Error) as error:
            self._trouble = f"{self._path} cannot be used ({error}); see to it, then start again"
            _log.error("sinks_not_started", path=str(self._path), error=str(error))
            return
        for run in self._runs:
            run.start()

    def follow(self, group: Sequence[Sealed]) -> None:
        """Wake whom a record concerns: the shard's listener."""
        if not self._runs:
            return
        # A sink for customers is not woken by what is none of theirs, or the time of a batch would tell of it.
        is_said = any(transcript_event(fact.event) is not None for sealed in group for fact in sealed.record.facts)
        for run in self._runs:
            if is_said or run.loaded.sink.audience is Audience.AGENTS:
                run.wake()

    async def stop(self) -> None:
        """End every sink, side by side; what was not taken comes again after the next start."""
        runs, self._runs = self._runs, ()
        ended = await asyncio.gather(*(asyncio.to_thread(run.stop) for run in runs))
        for run, is_ended in zip(runs, ended, strict=True):
            if not is_ended:
                _log.warning("sink_left_behind", sink=run.loaded.sink.name)
        if self._cursors is not None:
            self._cursors.close()

    def _opened(self) -> tuple[SinkRun, ...]:
        self._cursors = cursors = Cursors(self._path)
        return tuple(self._run_of(loaded, cursors) for loaded in self._sinks)

    def _run_of(self, loaded: LoadedSink, cursors: Cursors) -> SinkRun:
        name = loaded.sink.name

        def on_fault(reason: str, fallback: str) -> None:
            self._on_fault(loaded.plugin, f"sink {name}", reason, fallback)

        return SinkRun(
            loaded,
            Feed(self._journal, loaded.sink.audience, self._export),
            cursors,
            cursor=self._begun(loaded, cursors),
            clock=self._clock,
            random=self._random,
            rules=self._rules,
            on_fault=on_fault,
        )

    def _begun(self, loaded: LoadedSink, cursors: Cursors) -> Cursor:
        """Where a sink begins; kept at once, so that a crash before its first batch moves it nowhere."""
        end = Place(self._journal.tail().position)
        found = cursors.get(loaded.sink.name)
        if found is None:
            begun = Cursor(end)
        elif found.place > end:
            _log.warning("sink_cursor_ahead", sink=loaded.sink.name, position=found.place.position, end=end.position)
            begun = Cursor(end, found.gone_with)
        else:
            begun = found
        if begun.gone_with and begun.gone_with != loaded.settings_digest:
            begun = Cursor(begun.place)
        if begun != found:
            cursors.put(loaded.sink.name, begun)
        return begun
