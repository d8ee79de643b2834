"""What a trial is: one kind of cruelty done to the real engine, of a size that its caller chooses, and its verdict.

A trial is a module with a `TRIAL`; `registry.py` lists them all. Its `run(plan)` takes seed and sizes from the plan,
works in the plan's folder, says now and then how far it is, and answers with figures and a sentence for each failure.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Final

__all__ = ["Plan", "Progress", "Size", "Trial", "Verdict"]

_EVERY_S: Final = 5.0
"""Where no terminal is watching, a line of progress at most this often."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """One number of a trial, given on the command line as `--name` with dashes for underscores."""

    name: str
    full: float
    """What `make torture` takes; an int where only whole numbers make sense."""
    help: str


@dataclass(slots=True)
class Progress:
    """One line on stderr that says how far a trial is: rewritten on a terminal, now and then a new one elsewhere."""

    trial: str
    _started: float = field(default_factory=monotonic)
    _last: float = 0.0

    def __call__(self, text: str) -> None:
        """Say how far it is."""
        now = monotonic()
        line = f"{self.trial}: {text} ({now - self._started:.0f} s)"
        if sys.stderr.isatty():
            print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)  # noqa: T201
        elif now - self._last >= _EVERY_S:
            self._last = now
            print(line, file=sys.stderr, flush=True)  # noqa: T201


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How one run of a trial is to be: the same seed and sizes make the same choices."""

    seed: int
    sizes: Mapping[str, float]
    folder: Path
    """An empty directory of this run's own; it is kept when the trial fails."""
    progress: Callable[[str], None]

    def count(self, name: str) -> int:
        """A size that is a whole number."""
        return int(self.sizes[name])

    def amount(self, name: str) -> float:
        """A size that may be a fraction, such as a time in seconds."""
        return float(self.sizes[name])


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a trial found: figures for the table, and a sentence for each failure; none is a pass."""

    figures: Mapping[str, float | str]
    failures: Sequence[str] = ()
    """What is wrong on any machine."""
    too_slow: Sequence[str] = ()
    """What was not fast enough: a machine that does something else beside can be the reason."""
    skipped: str = ""
    """Why it could not run here, where it could not; the rest is then empty."""

    @property
    def complaints(self) -> list[str]:
        """Every sentence that speaks against it."""
        return [*self.failures, *self.too_slow]

    @property
    def is_passed(self) -> bool:
        """Whether nothing failed; what was skipped has not passed, and does not fail the run either."""
        return not self.complaints and not self.skipped


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One trial, as the command lists and starts it."""

    name: str
    summary: str
    sizes: tuple[Size, ...]
    run: Callable[[Plan], Verdict]
