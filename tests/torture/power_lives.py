"""A process whose children write a journal and its views until the power is cut: `python -m tests.torture.power_lives`.

It forks before any thread is there. A child opens what the last one left, checks it, and goes on writing; it tells each
position through a pipe as soon as `append` has returned. All choices follow from the seed, so a cut can be repeated.
"""

import json
import os
import sqlite3
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Final

from hookflash.engine.journal import sqlite as journal_module
from hookflash.engine.journal.data_directory import JOURNAL_FILE
from hookflash.engine.journal.port import JournalError, RecordsMissing
from hookflash.engine.journal.record import Record
from hookflash.engine.journal.sqlite import SqliteJournal
from hookflash.engine.views.rebuild import catch_up
from hookflash.engine.views.store import VIEWS_FILE, Views
from tests.torture.disk_shim import ShimMissing, install
from tests.torture.power_disk import CUT_CODE, Cut, PowerDisk
from tests.views.story import Story, a_transfer

__all__ = ["Lives"]

_LIVES: Final = 12
_HEAVY_LIVES: Final = 5
"""After so many cuts a directory has had its share, and the next one begins."""

_HEAVY_EVERY: Final = 10
_HEAVY_TEXT: Final = 400_000
"""Each tenth directory has records so long that the log reaches the size at which SQLite moves it into the file."""


@dataclass(kw_only=True)
class Lives:
    """What has happened so far, as printed after each directory."""

    cuts: int = 0
    directories: int = 0
    directories_that_lost: int = 0
    acknowledged: int = 0
    lost: int = 0
    cuts_in_checkpoints: int = 0
    cuts_while_opening: int = 0
    failure: str = ""


@dataclass(frozen=True, kw_only=True)
class _Life:
    """One child's orders."""

    directory: Path
    records: Sequence[Record]
    acknowledged: int
    seed: int
    synchronous: str
    cut: Cut
    is_last: bool
    is_heavy: bool


def _records(*, is_heavy: bool) -> list[Record]:
    story = Story()
    for number in range(250):
        talk = a_transfer(story, f"c{number}", f"+{number}")
        talk.tell(talk.said(("x" * _HEAVY_TEXT if is_heavy else "bye ") + str(number)))
    return story.records


def _cut(chance: Random, *, is_heavy: bool) -> Cut:
    """Anywhere, or aimed: at the opening, at a commit's sync, at the move of a log into its file."""
    kinds = ("write", "truncate", "sync")
    die = chance.random()
    if is_heavy and die < 0.7:
        return Cut(number=chance.randint(1, 400), kinds=kinds, suffix=JOURNAL_FILE)
    if die < 0.1:
        return Cut(number=chance.randint(1, 12))
    if die < 0.3:
        return Cut(number=chance.randint(1, 60), kinds=("sync",), suffix=f"{JOURNAL_FILE}-wal")
    if die < 0.5:
        return Cut(number=chance.randint(1, 60), kinds=kinds, suffix=JOURNAL_FILE)
    if die < 0.6:
        return Cut(number=chance.randint(1, 60), kinds=kinds, suffix=VIEWS_FILE)
    return Cut(number=chance.randint(1, 800))


def _live(life: _Life, tell: Callable[[str], None]) -> None:
    """One child: check what is there, then write on until the power goes or everything is written."""
    chance = Random(life.seed)  # noqa: S311  which moment, not which secret
    install(PowerDisk(life.directory, chance, life.cut))
    # A plant, to show that the trial can fail: the pragma that production never uses.
    journal_module._PRAGMAS = tuple(  # type: ignore[assignment, misc]  # noqa: SLF001
        pragma.replace("synchronous=FULL", f"synchronous={life.synchronous}")
        for pragma in journal_module._PRAGMAS  # noqa: SLF001
    )
    while True:
        journal = SqliteJournal.open(life.directory)
        views = Views.open(life.directory / VIEWS_FILE)
        tail = _checked(journal, views, life, tell)
        tell("opened")
        if life.is_last:
            return
        until = len(life.records) if life.is_heavy else tail + chance.randint(100, 400)
        while tail < min(until, len(life.records)):
            group = life.records[tail : tail + chance.randint(1, 8)]
            journal.append(group)
            tail = group[-1].position
            tell(f"acknowledged {tail}")
            if chance.random() < 0.15:
                catch_up(journal, views)
        if tail == len(life.records):
            return
        # An orderly end moves the log into the file, which is a moment for a cut as well.
        views.close()
        journal.close()


def _checked(journal: SqliteJournal, views: Views, life: _Life, tell: Callable[[str], None]) -> int:
    tail = journal.tail().position
    report = journal.verify()
    if report.damaged_position is not None:
        tell(f"failed the journal is damaged: {report}")
    if tail < life.acknowledged:
        tell(f"lost {life.acknowledged - tail}")
    if journal.read(0, tail + 1) != list(life.records[:tail]):
        tell("failed the journal holds other records than were appended")
    try:
        put_aside = catch_up(journal, views)
    except RecordsMissing as missing:
        tell(f"lost {missing.known - missing.end}")
        raise
    if put_aside or views.watermark() != tail:
        tell(f"failed the views are at {views.watermark()} of {tail} and put {len(put_aside)} rows aside")
    if life.is_heavy:
        return tail  # To compare hundreds of megabytes takes long.
    with TemporaryDirectory() as folder, closing(Views.open(Path(folder) / VIEWS_FILE)) as anew:
        catch_up(journal, anew)
        if _rows(anew) != _rows(views):
            tell("failed the views show something else than views made anew")
    return tail


def _rows(views: Views) -> list[str]:
    return list(views.writer.iterdump())


def _forked(life: _Life) -> tuple[int, list[str]]:
    """Let a child live; its exit code and what it told."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.close(reading)
            _live(life, lambda line: _tell(writing, line))
            code = 0
        except RecordsMissing:
            code = 0  # Told already.
        except (JournalError, sqlite3.Error) as error:
            _tell(writing, f"failed {type(error).__name__}: {error}".replace("\n", " "))
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = pipe.read().splitlines()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), told


def _tell(pipe: int, line: str) -> None:
    os.write(pipe, f"{line}\n".encode())


def _until_worn(folder: Path, seed: int, synchronous: str, lives: Lives) -> None:
    """One directory, cut again and again; its last life only checks."""
    number = lives.directories
    chance = Random(f"{seed} {number}")  # noqa: S311
    is_heavy = number % _HEAVY_EVERY == _HEAVY_EVERY - 1
    lives_max = _HEAVY_LIVES if is_heavy else _LIVES
    directory, records = folder / f"{number}", _records(is_heavy=is_heavy)
    acknowledged, is_over = 0, False
    for n in range(lives_max + 1):
        life = _Life(
            directory=directory,
            records=records,
            acknowledged=acknowledged,
            seed=chance.getrandbits(32),
            synchronous=synchronous,
            cut=_cut(chance, is_heavy=is_heavy) if n < lives_max and not is_over else Cut(number=sys.maxsize),
            is_last=n == lives_max or is_over,
            is_heavy=is_heavy,
        )
        code, told = _forked(life)
        positions = [int(line.split()[1]) for line in told if line.startswith("acknowledged")]
        lost = sum(int(line.split()[1]) for line in told if line.startswith("lost"))
        failures = [line.removeprefix("failed ") for line in told if line.startswith("failed")]
        if code not in (0, CUT_CODE):
            failures.append(f"the process ended with {code}")
        lives.lost += lost
        lives.acknowledged += len(records[(acknowledged if positions else 0) : positions[-1] if positions else 0])
        acknowledged = positions[-1] if positions else acknowledged
        if code == CUT_CODE:
            lives.cuts += 1
            lives.cuts_while_opening += "opened" not in told
            lives.cuts_in_checkpoints += life.cut.suffix == JOURNAL_FILE
        if lost or failures:
            lives.directories_that_lost += bool(lost)
            if failures and not lives.failure:
                lives.failure = f"directory {number}, life {n}, {life.cut}: {failures[0]}"
            break
        if life.is_last:
            break
        is_over = code == 0
    lives.directories += 1


def main(folder: str, seed: str, cuts: str, synchronous: str) -> int:
    """Cut the power that often; what happened so far is printed after each directory, as a line of JSON."""
    lives = Lives()
    try:
        while lives.cuts < int(cuts) and not lives.failure:
            _until_worn(Path(folder), int(seed), synchronous, lives)
            print(json.dumps(asdict(lives)), flush=True)  # noqa: T201
    except ShimMissing as missing:
        print(missing, file=sys.stderr)  # noqa: T201
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
