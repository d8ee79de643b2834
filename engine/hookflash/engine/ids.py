"""Ids for what the engine names itself: 26 characters, lower case, and ordered by the time they were made at.

Laid out as a UUID of version 7 is, 48 bits of milliseconds and 80 of chance, written in Crockford's base 32. Clock and
chance are given, so that a simulation makes the same ids again.
"""

from random import Random
from typing import Final, Protocol, final

__all__ = ["IdMaker"]

_DIGITS: Final = "0123456789abcdefghjkmnpqrstvwxyz"
_CHANCE_BITS: Final = 80
_DIGIT_BITS: Final = 5
_LENGTH: Final = 26


class Now(Protocol):
    """Whatever tells the engine time in seconds."""

    def now(self) -> float:
        """The engine time."""


@final
class IdMaker:
    """Makes ids of which each is greater than the one before, also within a millisecond."""

    def __init__(self, clock: Now, random: Random) -> None:
        """Take the time and the chance from these."""
        self._clock = clock
        self._random = random
        self._last = 0

    def new(self) -> str:
        """Make the next id."""
        milliseconds = int(self._clock.now() * 1000)
        drawn = milliseconds << _CHANCE_BITS | self._random.getrandbits(_CHANCE_BITS)
        self._last = drawn if drawn > self._last else self._last + 1
        value = self._last
        return "".join(_DIGITS[value >> _DIGIT_BITS * place & 31] for place in reversed(range(_LENGTH)))
