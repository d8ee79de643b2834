"""How far a plugin has come: each contract test belongs to a level, and a level counts when all below it do.

A test that does not apply is skipped by `not_applicable`; one whose sample the author has not given by `missing`, which
keeps the level from being reached. `hookflash plugin check` reads both.
"""

from enum import StrEnum
from typing import Final, NoReturn

import pytest

__all__ = ["MARK", "MISSING", "Level", "bronze", "gold", "missing", "not_applicable", "platinum", "silver"]

MARK = "hookflash_level"
MISSING = "missing: "


class Level(StrEnum):
    """From the contract itself to what the best keep besides."""

    BRONZE = "bronze"
    SILVER = "silver"
    GOLD = "gold"
    PLATINUM = "platinum"


def _mark(level: Level) -> pytest.MarkDecorator:
    marked: pytest.MarkDecorator = getattr(pytest.mark, MARK)(str(level))
    return marked


bronze: Final = _mark(Level.BRONZE)
silver: Final = _mark(Level.SILVER)
gold: Final = _mark(Level.GOLD)
platinum: Final = _mark(Level.PLATINUM)


def missing(what: str) -> NoReturn:
    """Skip because the author gave no sample of it: the test's level is not reached."""
    pytest.skip(f"{MISSING}{what}")


def not_applicable(why: str) -> NoReturn:
    """Skip because this plugin has nothing of the kind: its level may be reached all the same."""
    pytest.skip(why)
