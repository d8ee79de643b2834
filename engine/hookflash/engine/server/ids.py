"""Ids that the engine makes: ordered by time, unique without anybody being asked."""

from secrets import token_hex
from typing import Final

__all__ = ["new_id"]

_MILLIS: Final = 1_000
_CHANCE_BYTES: Final = 6


def new_id(at: float) -> str:
    """Return an id for something that begins at that engine time; later ones sort behind earlier ones."""
    return f"{int(at * _MILLIS):011x}{token_hex(_CHANCE_BYTES)}"
