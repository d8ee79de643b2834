"""A measured figure: its runs, what they come to, and the goal it was measured for.

A figure is never a single number: the median stands for it, the lowest and the highest run say how far to trust it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

__all__ = ["Figure", "Goal", "percentile"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What a figure should be: at least this, or at most that."""

    at_least: float | None = None
    at_most: float | None = None

    def is_met(self, value: float) -> bool:
        """Whether a value is within the goal."""
        is_enough = self.at_least is None or value >= self.at_least
        return is_enough and (self.at_most is None or value <= self.at_most)

    def __str__(self) -> str:
        """Say it as a table shows it."""
        parts = [(self.at_least, ">="), (self.at_most, "<=")]
        return " ".join(f"{sign} {bound:g}" for bound, sign in parts if bound is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One line of the table; `runs` are its values in the order in which they were measured."""

    group: str
    name: str
    unit: str
    runs: tuple[float, ...]
    goal: Goal | None = None

    @property
    def median(self) -> float:
        """What stands for the figure."""
        return median(self.runs)

    @property
    def is_met(self) -> bool | None:
        """Whether the median is within the goal; None where there is none."""
        return None if self.goal is None else self.goal.is_met(self.median)

    def as_json(self) -> dict[str, object]:
        """Return it for programs."""
        return {
            "group": self.group,
            "name": self.name,
            "unit": self.unit,
            "median": self.median,
            "low": min(self.runs),
            "high": max(self.runs),
            "runs": list(self.runs),
            "goal": None if self.goal is None else {"at_least": self.goal.at_least, "at_most": self.goal.at_most},
            "is_met": self.is_met,
        }


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which that share (0 to 1) of the values lies; nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
