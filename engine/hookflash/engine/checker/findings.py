"""Where the checker's parts put what they find."""

from collections import Counter

from .violation import Promise, Violation

__all__ = ["Findings"]

_KEPT_MAX = 200
"""Violations of one promise that are kept word for word; beyond that they are counted."""


class Findings:
    """The violations of one run, in the order in which they showed; `position` is the record that is being read."""

    def __init__(self) -> None:
        """Begin with none."""
        self.position = 0
        self.violations: list[Violation] = []
        self.counts: Counter[Promise] = Counter()

    def say(self, promise: Promise, fact: str) -> None:
        """Take down a broken promise."""
        self.counts[promise] += 1
        if self.counts[promise] <= _KEPT_MAX:
            self.violations.append(Violation(promise=promise, position=self.position, fact=fact))

    def expect(self, promise: Promise, is_so: object, fact: str) -> None:
        """Take down the fact unless it is so."""
        if not is_so:
            self.say(promise, fact)
