"""What the figures should be, and whether they are: worked out from what was measured, and from nothing else."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from hookflash.cli.bench.figures import Figure
from hookflash.cli.bench.parts import (
    cycles,
    decisions,
    freed,
    idle_desks,
    in_process,
    listening,
    recovery,
    talking,
    webhooks,
)

__all__ = ["GOALS", "Goal", "Verdict", "judged"]

_SHARE = "share of the echo's rate"


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A sentence, the figure that it is about, and where that should lie: at least here, or at most there."""

    says: str
    group: str
    name: str
    at_least: float | None = None
    at_most: float | None = None

    def is_met(self, value: float) -> bool:
        """Whether a value is within the goal."""
        is_enough = self.at_least is None or value >= self.at_least
        return is_enough and (self.at_most is None or value <= self.at_most)

    @property
    def bounds(self) -> str:
        """The goal as a table shows it."""
        parts = [(self.at_least, "at least"), (self.at_most, "at most")]
        return ", ".join(f"{words} {bound:,g}" for bound, words in parts if bound is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A goal beside the figure that was measured; `figure` is None where this run did not measure it."""

    goal: Goal
    figure: Figure | None

    @property
    def is_met(self) -> bool | None:
        """Whether the median is within the goal; None where nothing was measured."""
        return None if self.figure is None else self.goal.is_met(self.figure.median)

    @property
    def word(self) -> str:
        """Met, not met, or not measured."""
        return {None: "not measured", True: "met", False: "not met"}[self.is_met]

    def as_json(self) -> dict[str, object]:
        """Return it for programs."""
        return {
            "goal": self.goal.says,
            "group": self.goal.group,
            "name": self.goal.name,
            "at_least": self.goal.at_least,
            "at_most": self.goal.at_most,
            "median": None if self.figure is None else self.figure.median,
            "is_met": self.is_met,
        }


def judged(figures: Sequence[Figure], goals: Iterable[Goal] | None = None) -> list[Verdict]:
    """Return every goal with its figure."""
    found = {(figure.group, figure.name): figure for figure in figures}
    return [
        Verdict(goal=goal, figure=found.get((goal.group, goal.name))) for goal in (GOALS if goals is None else goals)
    ]


GOALS: Final = (
    Goal(
        says="SendMessage, durable, 64 in flight, nobody listening: share of the echo's rate",
        group=talking.group("SendMessage", 64),
        name=_SHARE,
        at_least=80,
    ),
    Goal(
        says="Whisper, durable, 64 in flight, nobody listening: share of the echo's rate",
        group=talking.group("Whisper", 64),
        name=_SHARE,
        at_least=80,
    ),
    Goal(
        says="SendMessage, the same: p99, as a multiple of the echo's",
        group=talking.group("SendMessage", 64),
        name="p99 to the echo's",
        at_most=2,
    ),
    Goal(
        says="Whisper, the same: p99, as a multiple of the echo's",
        group=talking.group("Whisper", 64),
        name="p99 to the echo's",
        at_most=2,
    ),
    Goal(
        says="SendMessage, 64 in flight, one desk attached and one adapter delivering: share of the echo's rate",
        group=listening.group(64),
        name=_SHARE,
        at_least=55,
    ),
    Goal(
        says="SendMessage, the same: p99, as a multiple of the echo's",
        group=listening.group(64),
        name="p99 to the echo's",
        at_most=2,
    ),
    *(
        Goal(
            says=f"whole transfer cycles over gRPC a second, {level} conversations at once",
            group=cycles.group("transfer", level),
            name="cycles",
            at_least=500,
        )
        for level in (16, 64)
    ),
    Goal(
        says="freed agent to the next offer on his desk, 16 agents at it: p99 in ms",
        group=freed.group(16),
        name="p99",
        at_most=20,
    ),
    Goal(
        says="webhooks, 16 at once: p99 in ms until each is durable and answered 200",
        group=webhooks.group(16),
        name="p99",
        at_most=250,
    ),
    Goal(
        says="transfer cascades a second in process, durable, 256 in flight",
        group=in_process.group("transfer cascades", 256),
        name="cascades",
        at_least=20_000,
    ),
    Goal(
        says="550-byte writes a second in process, durable, 256 in flight",
        group=in_process.group("550-byte writes", 256),
        name="cascades",
        at_least=25_000,
    ),
    Goal(
        says="550-byte writes, the same: p99 in ms",
        group=in_process.group("550-byte writes", 256),
        name="p99",
        at_most=20,
    ),
    Goal(
        says="100,000 open conversations: the server's memory in MiB, all of it",
        group=recovery.group(100_000),
        name="server's memory, all of it",
        at_most=400 / 1.048576,
    ),
    Goal(
        says="100,000 open conversations: seconds from kill -9 to the first durable command",
        group=recovery.group(100_000),
        name="kill -9 to the first durable command",
        at_most=5,
    ),
    Goal(
        says="10,000 open conversations: seconds from kill -9 to the first durable command",
        group=recovery.group(10_000),
        name="kill -9 to the first durable command",
        at_most=2,
    ),
    Goal(
        says="100,000 open conversations coming about: longest garbage collection in ms",
        group=recovery.group(100_000),
        name="longest garbage collection meanwhile",
        at_most=20,
    ),
    Goal(
        says="10,000 idle desks: the server's memory in MiB, all of it",
        group=idle_desks.group(10_000),
        name="server's memory, all of it",
        at_most=300 / 1.048576,
    ),
    Goal(
        says="cost of finding an agent among 100 to 10,000: growth, to that of log n",
        group=decisions.GROUP,
        name="found: growth with agents, to that of log n",
        at_most=1,
    ),
    Goal(
        says="cost of serving 10 to 10,000 parked invites: growth, to that of log n",
        group=decisions.GROUP,
        name="freed: growth with parked invites, to that of log n",
        at_most=1,
    ),
)
"""The goals that this project set itself; a missed one is published as it is."""
