"""What goes wrong in one seed, and when: drawn once, named by occasion, and over at once when the world is calm."""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from hookflash.engine.failpoints import NAMES

from .process import Crashed, Process

if TYPE_CHECKING:
    from .world import World

__all__ = ["Faults"]


class Faults:
    """The troubles of one world."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self._free: Callable[[], None] = lambda: None

    # --- the network

    @property
    def loss(self) -> float:
        return 0.0 if self.world.is_calm else self.world.mix.loss

    @property
    def duplication(self) -> float:
        return 0.0 if self.world.is_calm else self.world.mix.duplication

    def latency(self, name: str) -> float:
        """How long a message is on its way."""
        return self.world.mix.latency_s * self.world.chance.number(name)

    # --- the machine

    def write_s(self) -> float:
        """How long the disk takes, for a write or a sync."""
        mix = self.world.mix
        if mix.is_steady:
            return mix.write_s
        random = self.world.chance.stream("disk")
        return mix.write_s * (random.random() if random.random() < 0.98 else 20 * random.random())

    def thread_s(self) -> float:
        """How long something takes on a thread."""
        return 0.0002 if self.world.mix.is_steady else 0.002 * self.world.chance.stream("threads").random()

    def answers_s(self) -> float:
        """How long a strategy takes: some hang."""
        mix = self.world.mix
        if mix.is_steady or self.world.is_calm:
            return 0.003
        random = self.world.chance.stream("strategies")
        return 6.0 * random.random() if random.random() < mix.strategy_faults / 3 else 0.05 * random.random()

    def down_s(self) -> float:
        """How long the engine is down after a crash."""
        random = self.world.chance.stream("down")
        return 0.1 + (40 * random.random() if random.random() < 0.3 else 3 * random.random())

    def lose_views(self, folder: Path) -> None:
        """Some crashes take the views with them."""
        if self.world.chance.stream("views").random() < self.world.mix.views_lost:
            self.world.tell("disk", "the views are lost")
            for name in ("views.sqlite", "views.sqlite-wal", "views.sqlite-shm"):
                with suppress(FileNotFoundError):
                    os.unlink(folder / name)  # noqa: PTH108  one call of the system is enough

    def aim(self, process: Process) -> None:
        """Let a process die at a failpoint: at one of its first passings."""
        random = self.world.chance.stream("aims")
        if self.world.is_calm or random.random() >= self.world.mix.aimed:
            return
        name, hit = random.choice(sorted(NAMES)), random.randint(1, 150)

        def crash() -> None:
            if self.world.is_calm:
                return
            self.world.story.count("aimed crashes")
            self.world.die(process, f"aimed at {name}")
            raise Crashed

        process.failpoints.switch_on(name, crash, at_hit=hit)

    # --- the calendar

    def begin(self) -> None:
        """Begin with everything that comes by time."""
        mix = self.world.mix
        for every_s, what in (
            (mix.crash_every_s, self._crash),
            (mix.drain_every_s, self._drain),
            (mix.full_every_s, self._fill_disk),
            (mix.broken_every_s, self._break_disk),
            (60.0 if mix.clock_jumps else 0.0, self._jump),
        ):
            if every_s:
                self._later(every_s, what)

    def end(self) -> None:
        """No more of it."""
        self._free()
        self.world.disk.fails_next = False

    def _later(self, every_s: float, what: object) -> None:
        name = getattr(what, "__name__", "")
        random = self.world.chance.stream(f"calendar {name}")
        # In steady runs at moments at which nobody does anything.
        wait_s = random.expovariate(1 / every_s)
        if self.world.mix.is_steady:
            wait_s = round(wait_s) + 0.987

        def occasion() -> None:
            if not self.world.is_calm:
                what()  # type: ignore[operator]
                self._later(every_s, what)

        self.world.outside(wait_s, occasion)

    def _crash(self) -> None:
        process = self.world.process
        if process is not None:
            self.world.die(process, "killed")

    def _drain(self) -> None:
        self.world.start(self.world.drain())

    def _fill_disk(self) -> None:
        world = self.world
        world.disk.is_full = True
        world.story.count("full disks")
        world.tell("disk", "is full")
        began_at = world.loop.time()

        def free() -> None:
            if not world.disk.is_full:
                return
            world.disk.is_full = False
            process = world.process
            if process is not None and not process.is_dead and hasattr(process, "engine"):
                # Whatever the engine could not write it tries again after a second.
                now = process.engine.clock.now()
                world.mirror.excuse(now - (world.loop.time() - began_at), now + 1.0)
            world.tell("disk", "has room again")

        self._free = free
        world.outside(10 * world.chance.stream("full").random(), free)

    def _break_disk(self) -> None:
        self.world.tell("disk", "will fail at the next sync")
        self.world.disk.fails_next = True

    def _jump(self) -> None:
        world = self.world
        world.wall_jump_s = world.chance.stream("jumps").choice((-3600.0, -5.0, 0.0, 7.0, 600.0))
        world.tell("clock", f"the wall clock is off by {world.wall_jump_s:g} s")
