"""Filters as callers write them: `state = ACTIVE AND agent = agents/ann`. Equality and AND, nothing else."""

import re
from collections.abc import Mapping
from typing import Final

from hookflash.engine.domain.refusals import BadField

__all__ = ["filter_from"]

_CLAUSE: Final = re.compile(r'\s*([a-z_]+)\s*=\s*("[^"]*"|[^\s"]+)\s*')
_AND: Final = re.compile(r"\s+AND\s+")
_LENGTH_MAX: Final = 1_000


def filter_from(text: str, *fields: str) -> Mapping[str, str]:
    """The values by field. Raises BadField for anything but clauses on those fields, each at most once."""
    found: dict[str, str] = {}
    if not text.strip():
        return found
    if len(text) > _LENGTH_MAX:
        raise BadField("filter", f"must have at most {_LENGTH_MAX:,} characters")
    known = ", ".join(f"`{field} = VALUE`" for field in fields)
    for part in _AND.split(text.strip()):
        clause = _CLAUSE.fullmatch(part)
        if clause is None or clause[1] not in fields:
            raise BadField("filter", f"must be made of {known}, joined by AND")
        if clause[1] in found:
            raise BadField("filter", f"names `{clause[1]}` twice; each may stand once")
        found[clause[1]] = clause[2].strip('"')
    return found
