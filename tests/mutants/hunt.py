"""Hunts defects: each in a process of its own, until a seed finds it or its seeds are used up.

A process that says nothing for too long is ended, and counts as having found it: a run without end fails every suite.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from time import monotonic
from typing import Any

from .defect import Defect

__all__ = ["Verdict", "hunt", "hunt_all"]

_ROOT = Path(__file__).parents[2]
_SILENT_S = 180.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What became of a defect: at which seed it was found, after how many, and by which promises (fact by id)."""

    defect: Defect
    seeds: int
    seed: int | None
    found: dict[str, str]
    took_s: float

    @property
    def is_killed(self) -> bool:
        """Whether it was found, and by a promise that it is said to break."""
        return bool(self.defect.breaks & self.found.keys())

    @property
    def by(self) -> str:
        """The promises that found it, the expected ones first."""
        return " ".join(sorted(self.found, key=lambda each: (each not in self.defect.breaks, len(each), each)))

    @property
    def command(self) -> str:
        """The command that does the last of it again."""
        first = "" if self.seed is None else f" --first {self.seed} --seeds 1"
        return f"python -m tests.mutants.trial {self.defect.name}{first}"

    def summary(self) -> dict[str, Any]:
        """As an object of JSON."""
        return {
            "name": self.defect.name,
            "module": self.defect.module,
            "says": self.defect.says,
            "trial": str(self.defect.trial),
            "breaks": sorted(self.defect.breaks),
            "is_killed": self.is_killed,
            "by": self.by.split(),
            "seed": self.seed,
            "seeds": self.seeds,
            "took_s": round(self.took_s, 2),
            "fact": next(iter(self.found.values()), ""),
            "command": self.command,
        }


def hunt_all(defects: Sequence[Defect], *, jobs: int, first: int, seeds: int, minutes: float) -> Iterator[Verdict]:
    """Hunt them side by side; verdicts as they come."""
    with ThreadPoolExecutor(jobs) as pool:
        hunts = [pool.submit(hunt, each, first=first, seeds=seeds, minutes=minutes) for each in defects]
        try:
            for ended in as_completed(hunts):
                yield ended.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def hunt(defect: Defect, *, first: int = 0, seeds: int, minutes: float) -> Verdict:
    """Hunt one."""
    began = monotonic()
    sizes = ("--first", str(first), "--seeds", str(seeds), "--minutes", f"{minutes:g}")
    command = (sys.executable, "-m", "tests.mutants.trial", defect.name, *sizes)
    ran, found, seed = 0, dict[str, str](), first
    with subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        hung: list[bool] = []
        for line in _lines(process, hung):
            told = json.loads(line)
            ran, seed = ran + 1, told["seed"]
            found = dict(told["found"])
        _, errors = process.communicate()
    if hung:
        ran, seed, found = ran + 1, first + ran, {"I6": f"the run does not end: silent for {_SILENT_S:.0f} s"}
    elif process.returncode not in (0, 1) or (process.returncode == 1 and ran < seeds):
        ran, seed, found = ran + 1, first + ran, {"died": errors[-500:]}
    return Verdict(defect=defect, seeds=ran, seed=seed if found else None, found=found, took_s=monotonic() - began)


def _lines(process: "subprocess.Popen[str]", hung: list[bool]) -> Iterator[str]:
    """The lines that a trial says; ends it where none comes for too long."""
    assert process.stdout is not None

    def end() -> None:
        hung.append(True)
        process.kill()

    while True:
        alarm = Timer(_SILENT_S, end)
        alarm.start()
        try:
            line = process.stdout.readline()
        finally:
            alarm.cancel()
        if not line:
            return
        yield line
