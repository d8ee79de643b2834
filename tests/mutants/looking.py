"""What a seed shows: the promises that its run broke, or what its customers can tell of whispers from pairs of runs.

Imports the engine, and so only what runs in a trial's own process may import this.
"""

from collections.abc import Iterator

from tests.simulation.mix import Whispers
from tests.simulation.run import Outcome, customers_saw, simulate, simulate_whispers

__all__ = ["differences", "violations"]

_FACTS_MAX = 5
_LATE_S = 1.0
"""Whispers share the disk with everything else, so a moment's difference is none."""


def violations(seed: int, minutes: float) -> list[tuple[str, str]]:
    """The broken promises of a seed, each with its facts."""
    return _facts(simulate(seed, minutes=minutes))


def differences(seed: int, minutes: float) -> list[tuple[str, str]]:
    """What broke in a seed's run with whispers, and how runs with other whispers, or none, look to its customers."""
    said = simulate_whispers(seed, Whispers(), minutes=minutes)
    found = _facts(said)
    for what, whispers in (("reworded", Whispers(salt="in other words")), ("left out", Whispers(are_said=False))):
        if not found:
            found += [
                ("I7", f"with whispers {what}: {fact}") for fact in _compared(said, _other(seed, whispers, minutes))
            ]
    return found[:_FACTS_MAX]


def _other(seed: int, whispers: Whispers, minutes: float) -> Outcome:
    return simulate_whispers(seed, whispers, minutes=minutes)


def _facts(outcome: Outcome) -> list[tuple[str, str]]:
    """One fact of every promise that was broken, the most often broken one first."""
    facts: dict[str, str] = {}
    for violation in outcome.violations:
        facts.setdefault(violation.promise.name, violation.fact)
    return list(facts.items())


def _compared(one: Outcome, other: Outcome) -> Iterator[str]:
    ones, others = customers_saw(one), customers_saw(other)
    for conversation in {**ones, **others}:
        if ones.get(conversation) != others.get(conversation):
            yield f"the customer of {conversation} gets other deliveries"
    for conversation in {**one.transcripts, **other.transcripts}:
        if one.transcripts.get(conversation) != other.transcripts.get(conversation):
            yield f"the transcript of {conversation} differs"
    times, other_times = _first_times(one), _first_times(other)
    for key, at in times.items():
        if abs(other_times.get(key, at) - at) > _LATE_S:
            yield f"{key} comes {abs(other_times[key] - at):.3f} s earlier or later"


def _first_times(outcome: Outcome) -> dict[str, float]:
    times: dict[str, float] = {}
    for handed in outcome.handed:
        times.setdefault(handed.key, handed.at)
    return times
