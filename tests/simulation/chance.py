"""Chance: a stream of random numbers for each purpose and entity, all from one seed.

A draw names what it is for, so leaving one out shifts no other. That is what lets two runs differ in whispers alone.
"""

from hashlib import blake2b
from random import Random

__all__ = ["Chance", "EngineRandom"]


class Chance:
    """The random streams of one seed."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self._streams: dict[str, Random] = {}

    def stream(self, purpose: str) -> Random:
        """The stream of that name, which goes on where it was left."""
        found = self._streams.get(purpose)
        if found is None:
            found = self._streams[purpose] = self.fresh(purpose)
        return found

    def fresh(self, purpose: str) -> Random:
        """A stream from its beginning, for one occasion that has a name of its own."""
        return Random(int.from_bytes(blake2b(f"{self.seed}/{purpose}".encode(), digest_size=8).digest(), "big"))  # noqa: S311

    def number(self, purpose: str) -> float:
        """One number of 0 to 1 that belongs to that occasion alone."""
        return int.from_bytes(blake2b(f"{self.seed}/{purpose}".encode(), digest_size=7).digest(), "big") / 2**56


class EngineRandom(Random):
    """What an engine is given: ids and delays come from separate streams."""

    def __init__(self, ids: Random, delays: Random) -> None:
        super().__init__(0)
        self._ids, self._delays = ids, delays

    def getrandbits(self, k: int, /) -> int:
        return self._ids.getrandbits(k)

    def random(self) -> float:
        return self._delays.random()
