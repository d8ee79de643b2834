"""Which SDK versions a plugin takes: a range such as `>=1.0,<2`, every clause of which must hold.

Versions are numbers with dots; a missing part counts as zero, so 1 and 1.0 are the same version.
"""

import operator
import re
from collections.abc import Callable

__all__ = ["is_in_range"]

CLAUSE = re.compile(r"(==|!=|>=|<=|>|<)\s*(\d+(?:\.\d+)*)")
OPERATORS: dict[str, Callable[[tuple[int, ...], tuple[int, ...]], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}


def is_in_range(version: str, range_: str) -> bool:
    """Tell whether the version satisfies every clause; raises ValueError for a range that cannot be read."""
    asked = _parts(version)
    for clause in range_.split(","):
        found = CLAUSE.fullmatch(clause.strip())
        if found is None:
            raise ValueError(f"{range_!r} is no version range; write one like '>=1.0,<2'")
        if not OPERATORS[found[1]](asked, _parts(found[2])):
            return False
    return True


def _parts(version: str) -> tuple[int, ...]:
    parts = [int(part) for part in version.split(".")]
    while parts and parts[-1] == 0:
        parts.pop()
    return tuple(parts)
