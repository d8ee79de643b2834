"""One life of the engine's process: assembled as `serve` does it, killed without a word, or drained and stopped.

Everything that it runs carries its life with it, so a crash is one flag: nothing of it runs any more. What outlives it
is the disk, and the views' file or not.
"""

import asyncio
from collections.abc import Callable
from contextvars import Context, copy_context
from email.message import Message as Metadata
from importlib.metadata import Distribution, EntryPoint
from pathlib import Path
from typing import Any

from hookflash.engine.edge.inbox_file import INBOX_FILE, InboxFile
from hookflash.engine.engine import Engine, Threads
from hookflash.engine.failpoints import Failpoints
from hookflash.engine.journal.port import JournalBroken
from hookflash.engine.plugins import PluginFault, PluginHost
from hookflash.engine.plugins import PluginSettings as HostSettings
from hookflash.engine.server.app import Server
from hookflash.engine.settings import Limits, Settings
from hookflash.engine.views.store import Views

from .chance import Chance, EngineRandom
from .disk import Disk, LoopWriter, SimulatedJournal
from .loop import LIFE, SimulatedLoop
from .threads import LoopAskingThread, LoopProjector
from .wire import CallContext, Listener

__all__ = ["Crashed", "Process", "SimulatedClock"]


class Crashed(BaseException):
    """Raised in the middle of a process that has just died; nothing of it is to go on."""


class SimulatedClock:
    """Engine time as SystemClock tells it, from the loop's time: the wall clock is read once, when it is made."""

    def __init__(self, loop: SimulatedLoop, wall: float, not_before: float) -> None:
        self._loop = loop
        self._offset = max(wall, not_before) - loop.time()

    def now(self) -> float:
        return self._loop.time() + self._offset

    def wake_at(self, when: float, callback: Callable[[], None]) -> Callable[[], None]:
        # A timer must not come early by what two sums of seconds since 1970 round to.
        return self._loop.call_at(self._loop.time() + max(0.0, when - self.now()), self._wake, when, callback).cancel

    def _wake(self, when: float, callback: Callable[[], None]) -> None:
        if self.now() < when:
            self._loop.call_at(self._loop.time() + 1e-6, self._wake, when, callback)
        else:
            callback()


class _Bundle(Distribution):
    """The distribution that our own plugins come from, also where it is not installed."""

    @property
    def metadata(self) -> Any:  # noqa: ANN401  differs between versions of Python
        made = Metadata()
        made["Name"], made["Version"] = "hookflash", "0"
        return made

    def read_text(self, filename: str) -> str | None:
        raise FileNotFoundError(filename)

    def locate_file(self, path: Any) -> Any:  # noqa: ANN401  differs between versions of Python
        raise FileNotFoundError(path)


_GROUP = "hookflash.plugins"
_BUNDLED = tuple(
    EntryPoint(name, module, _GROUP)._for(_Bundle())  # type: ignore[attr-defined]  # noqa: SLF001
    for name, module in (
        ("least_occupied", "hookflash.plugins.least_occupied"),
        ("longest_available", "hookflash.plugins.longest_available"),
        ("age_and_priority", "hookflash.plugins.age_and_priority"),
        ("whims", "tests.simulation.whims"),
    )
)
_OURS = EntryPoint("simulated", "tests.simulation.plugin", _GROUP)


class Process:
    """One life, from `run_start` to `kill`."""

    def __init__(  # noqa: PLR0913  all that a machine gives a process
        self,
        loop: SimulatedLoop,
        disk: Disk,
        views: Path,
        chance: Chance,
        limits: Limits,
        number: int,
        *,
        wall: float,
        write_s: Callable[[], float],
        answers_s: Callable[[], float],
        on_broken: Callable[["Process"], None],
    ) -> None:
        self.loop, self.disk, self.number = loop, disk, number
        self.is_dead = self.has_ended_well = False
        self.draining_at: float | None = None
        self.made: list[asyncio.Task[Any]] = []
        self.failpoints = Failpoints()
        self.listener = Listener()
        self.engine: Engine
        self.server: Server
        self._views_path, self._chance, self._limits, self._wall = views, chance, limits, wall
        self._write_s, self._answers_s, self._on_broken = write_s, answers_s, on_broken
        self._views: Views | None = None
        self._inbox: InboxFile | None = None
        self._on_end: list[Callable[[], None]] = []
        self.context: Context = copy_context()
        self.context.run(LIFE.set, self)

    def spawn(self, coroutine: Any) -> "asyncio.Task[Any]":  # noqa: ANN401  any coroutine
        """Run something in this process."""
        return self.loop.create_task(coroutine, context=self.context.copy())

    async def run_start(self, before: Callable[[Engine], None]) -> None:
        """Assemble engine and server and start them; for `spawn`. `before` sees the engine before it recovers."""
        journal = SimulatedJournal(self.disk, self.failpoints)
        clock = SimulatedClock(self.loop, self._wall, journal.tail().at)
        self._views = Views(self._views_path)
        settings = Settings(limits=self._limits)
        made: list[Engine] = []

        def on_fault(fault: PluginFault) -> None:
            for each in made:
                each.record_fault(fault)

        plugins = PluginHost.load(
            HostSettings(),
            clock.now,
            on_fault,
            installed=(*_BUNDLED, _OURS),
            thread_of=lambda name, now: LoopAskingThread(name, now, self.loop, self._answers_s),
        )
        self._inbox = InboxFile(self._views_path.with_name(INBOX_FILE), has_thread=False)
        life = f"life {self.number}"
        engine = self.engine = Engine(
            settings,
            journal,
            self._views,
            plugins,
            clock=clock,
            random=EngineRandom(self._chance.fresh(f"{life} ids"), self._chance.fresh(f"{life} delays")),
            threads=Threads(
                writer=lambda _journal: LoopWriter(journal, self.loop, self._write_s),
                projector=lambda *args, **given: LoopProjector(*args, **given, loop=self.loop),
            ),
            inbox_file=self._inbox,
            on_broken=self._broke,
        )
        made.append(engine)
        before(engine)
        await engine.start()
        self.server = Server(engine, has_files=False, listener=self.listener, steady=self.loop.time)
        await self.server.start()

    @property
    def is_serving(self) -> bool:
        """Whether a caller gets through."""
        return self.listener.is_open and not self.is_dead

    def serve(self, path: str, request: bytes, context: CallContext) -> "asyncio.Task[bytes]":
        """Let a call in."""
        return self.spawn(self.listener.call(path, request, context))

    def at_end(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call back when the process is gone; the answer calls that off."""
        self._on_end.append(callback)
        return lambda: self._on_end.remove(callback) if callback in self._on_end else None

    def kill(self) -> None:
        """Die now: nothing more of it runs."""
        if self.is_dead:
            return
        self.is_dead = True
        self.listener.is_open = False
        if self._views is not None:
            self._views.close()
        if self._inbox is not None:
            self._inbox.close()
        for callback in tuple(self._on_end):
            callback()

    async def run_end(self) -> None:
        """Drain and stop in order; for `spawn`."""
        await self.server.stop()
        await self.engine.stop()

    def bury(self) -> None:
        """After everything: close what it left behind, without letting any of it do something."""
        for task in self.made:
            if not task.done():
                task._log_destroy_pending = False  # type: ignore[attr-defined]  # noqa: SLF001
                try:
                    task.get_coro().close()
                except BaseException:  # noqa: BLE001, S112  it is dead; whatever it says
                    continue
        self.made.clear()

    def _broke(self, _error: JournalBroken) -> None:
        self._on_broken(self)
