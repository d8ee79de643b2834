"""Runs one seed and answers what came of it: the function that the command, the tests and the mutants call."""

import gc
import sys
import tempfile
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

import structlog

from hookflash.engine.checker import Handed, Violation

from .chance import Chance
from .loop import SimulatedLoop
from .mix import Mix, Whispers, drawn
from .story import Story
from .world import World

__all__ = ["Outcome", "customers_saw", "simulate", "simulate_whispers"]

_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108  the views' file of a simulation needs no disk


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a seed."""

    seed: int
    violations: tuple[Violation, ...]
    trace_hash: str
    counts: Mapping[str, int]
    virtual_s: float
    handed: tuple[Handed, ...] = ()
    transcripts: Mapping[str, bytes] = field(default_factory=dict)
    story: tuple[str, ...] = ()


def simulate(seed: int, *, minutes: float = 6, is_story_kept: bool = False) -> Outcome:
    """Run a seed for so many virtual minutes, and until everything has come to rest."""
    return _run(drawn(Chance(seed), minutes), is_story_kept=is_story_kept)


def simulate_whispers(seed: int, whispers: Whispers, *, minutes: float = 6) -> Outcome:
    """Run a seed so that nothing in it depends on the load, with its whispers and notes as given."""
    return _run(drawn(Chance(seed), minutes).steady(whispers), is_story_kept=False)


def customers_saw(outcome: Outcome) -> dict[str, list[tuple[int, str, bytes]]]:
    """What every conversation's customer got, without repeats, in order: for comparing two runs."""
    seen: dict[str, list[tuple[int, str, bytes]]] = {}
    for handed in outcome.handed:
        got = seen.setdefault(handed.conversation, [])
        entry = (handed.sequence, handed.key, handed.raw)
        if entry not in got:
            got.append(entry)
    return seen


def _run(mix: Mix, *, is_story_kept: bool) -> Outcome:
    story = Story(is_kept=is_story_kept)
    chance = Chance(mix.seed)
    worlds: list[World] = []
    loop = SimulatedLoop(chance.fresh("order") if mix.is_shuffled else None)
    with _alone(worlds), tempfile.TemporaryDirectory(dir=_SHARED_MEMORY if _SHARED_MEMORY.is_dir() else None) as folder:
        world = World(mix, chance, story, loop, Path(folder))
        worlds.append(world)
        loop.thread_s = world.faults.thread_s
        try:
            loop.run_until_complete(loop.create_task(world.run(), context=world.context))
        finally:
            for life in world.lives:
                life.kill()
                life.bury()
            loop.close()
    return Outcome(
        seed=mix.seed,
        violations=tuple(world.violations),
        trace_hash=story.hash,
        counts=dict(story.counts),
        virtual_s=loop.time(),
        handed=tuple(world.provider.handed),
        transcripts=world.transcripts,
        story=tuple(story.lines),
    )


@contextmanager
def _alone(worlds: list[World]) -> Iterator[None]:
    """Without collections in the middle of a run, without output; what the engine logs as an error is a defect."""

    def take(_logger: object, level: str, event: MutableMapping[str, Any]) -> NoReturn:
        if level in ("error", "critical", "exception") and worlds and event["event"] in _DEFECTS:
            worlds[0].defect(f"the engine logged {event}")
        raise structlog.DropEvent

    before, hook = structlog.get_config(), sys.unraisablehook
    was_enabled = gc.isenabled()
    structlog.configure(processors=[structlog.processors.format_exc_info, take], cache_logger_on_first_use=False)
    if not _frozen:
        _frozen.append(True)
        gc.collect()
        gc.freeze()  # What is loaded once need not be looked through after every seed.
    gc.disable()
    try:
        yield
    finally:
        structlog.configure(**before)
        worlds.clear()
        sys.unraisablehook = lambda _unraisable: None
        gc.collect()
        sys.unraisablehook = hook
        if was_enabled:
            gc.enable()


_frozen: list[bool] = []
_DEFECTS = frozenset(
    {
        "turn.raised",
        "defect",
        "hearing.failed",
        "sending_failed",
        "channel_sending_ended",
        "views.violation",
        "journal.append_raised",
        "journal.done_raised",
        "detach.failed",
        "plugin_answer_not_taken",
        "views.write_failed",
    }
)
