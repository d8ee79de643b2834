"""Reading Meta's JSON, of which nothing is certain: every access says what it gives where something is missing.

One item that cannot be read never costs another: a `Reading` collects what could be read and counts what could not.
"""

import json
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias, final

from hookflash.sdk import Arrival, ChannelLog, ParseError

__all__ = ["Json", "Reading", "UnreadableError", "at_ms", "at_s", "envelope", "items", "member", "required", "text"]

Json: TypeAlias = Mapping[str, Any]


class UnreadableError(ValueError):
    """An item that lacks what an arrival cannot be without."""


@final
class Reading:
    """What a request brought: `arrivals` in its order, and how many items were skipped, by reason."""

    def __init__(self) -> None:
        """Start empty."""
        self.arrivals: list[Arrival] = []
        self.skipped: Counter[str] = Counter()

    def skip(self, reason: str) -> None:
        """Count an item that becomes no arrival."""
        self.skipped[reason] += 1

    def tell(self, log: ChannelLog) -> list[Arrival]:
        """Give the arrivals; tells the log what was skipped. Raises ParseError where nothing at all could be read."""
        if self.skipped:
            log.warning("items_skipped", **{reason.replace(" ", "_"): count for reason, count in self.skipped.items()})
        if self.skipped["unreadable"] and not self.arrivals:
            raise ParseError(f"none of {self.skipped['unreadable']} items can be read")
        return self.arrivals


def envelope(body: bytes, *kinds: str) -> tuple[str, list[Json]]:
    """Read a request's body: which of these objects it is about, and its entries. Raises ParseError."""
    try:
        read = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ParseError("the body is not JSON") from error
    kind = read.get("object") if isinstance(read, dict) else None
    if kind not in kinds:
        raise ParseError(f"the body is not about {' or '.join(kinds)}")
    if not isinstance(read.get("entry"), list):
        raise ParseError("the body has no entries")
    return kind, items(read, "entry")


def member(of: Json, *path: str) -> Json:
    """Give the object at a path; an empty one where there is none."""
    found: Any = of
    for key in path:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def items(of: Json, key: str) -> list[Json]:
    """Give a list's objects; what is no object counts as an empty one."""
    found = of.get(key)
    return [each if isinstance(each, dict) else {} for each in found] if isinstance(found, list) else []


def text(of: Json, *path: str) -> str:
    """Give the text at a path, fit to be stored; empty where there is none."""
    found = member(of, *path[:-1]).get(path[-1])
    # Half a surrogate pair is legal JSON and no text.
    return found.encode(errors="replace").decode() if isinstance(found, str) else ""


def required(of: Json, *path: str) -> str:
    """Give the text at a path. Raises UnreadableError where there is none."""
    found = text(of, *path)
    if not found:
        raise UnreadableError(f"no {'.'.join(path)}")
    return found


def at_s(of: Json, key: str) -> datetime:
    """Read a time in seconds since 1970, as number or text. Raises UnreadableError."""
    return _moment(of, key, 1)


def at_ms(of: Json, key: str) -> datetime:
    """Read a time in milliseconds since 1970, as number or text. Raises UnreadableError."""
    return _moment(of, key, 1000)


def _moment(of: Json, key: str, per_s: int) -> datetime:
    try:
        return datetime.fromtimestamp(int(of[key]) / per_s, UTC)
    except (KeyError, TypeError, ValueError, OverflowError, OSError) as error:
        raise UnreadableError(f"no {key}") from error
