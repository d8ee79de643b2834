"""What may be shown on a terminal, and how times, durations and names are written and read.

Customers choose much of what is shown here. A terminal obeys control characters, so none is let through.
"""

import re
import unicodedata
from typing import Final

from hookflash.cli.failures import CommandError, ExitCode

__all__ = ["bare", "duration_s", "full", "ordinal", "plain", "shown_duration", "target_of"]

_UNITS_S: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}
_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)?")
_MINUTE_S: Final = 60
_HOUR_S: Final = 3600
_DAY_S: Final = 86_400
_TEEN_FIRST: Final = 11
_TEEN_LAST: Final = 13


def plain(text: str) -> str:
    """Return a text fit for one line of a terminal: control and direction-changing characters become visible."""
    return "".join(each if _is_harmless(each) else f"\\u{ord(each):04x}" for each in text)


def _is_harmless(character: str) -> bool:
    # Cc: escape sequences. Cf: among others the overrides that make text read backwards; joiners of scripts are needed.
    category = unicodedata.category(character)
    return category not in ("Cc", "Cs", "Zl", "Zp") and (category != "Cf" or character in "\u200c\u200d\u00ad")


def duration_s(text: str) -> float:
    """Read `20s`, `1.5m`, `2h`, `30d` or a bare number of seconds; raises ValueError with a sentence."""
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is no duration; write it like 20s, 5m, 2h or 30d.")
    return float(found[1]) * _UNITS_S[found[2] or "s"]


def shown_duration(seconds: float) -> str:
    """Return a duration for people: `18 s`, `4 min 10 s`, `3 h 20 min`, `2 d 4 h`."""
    whole = max(0, round(seconds))
    if whole < _MINUTE_S:
        return f"{whole} s"
    if whole < _HOUR_S:
        return f"{whole // _MINUTE_S} min {whole % _MINUTE_S} s"
    if whole < _DAY_S:
        return f"{whole // _HOUR_S} h {whole % _HOUR_S // _MINUTE_S} min"
    return f"{whole // _DAY_S} d {whole % _DAY_S // _HOUR_S} h"


def ordinal(number: int) -> str:
    """Return `1st`, `2nd`, `3rd`, `11th`."""
    is_teen = _TEEN_FIRST <= number % 100 <= _TEEN_LAST
    return f"{number}{'th' if is_teen else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


def bare(name: str) -> str:
    """Return the id of a resource name: `queues/billing` is `billing`; a name inside another stays whole."""
    collection, slash, rest = name.partition("/")
    return name if not slash or not collection or "/" in rest else rest


def full(collection: str, given: str) -> str:
    """Return the resource name for an id or a name: `42` and `conversations/42` are `conversations/42`."""
    if "/" not in given:
        return f"{collection}/{given}"
    if not given.startswith(f"{collection}/"):
        raise CommandError(f"{given!r} is no name like {collection}/ID; give that, or the id alone.", ExitCode.USAGE)
    return given


def target_of(given: str) -> tuple[str, str]:
    """Read whom an invite seeks, `queue:billing` or `agent:bob`, as (`queue` or `agent`, resource name)."""
    kind, colon, rest = given.partition(":")
    if not colon:
        kind, _, rest = given.partition("s/")
    if kind not in ("queue", "agent") or not rest:
        raise CommandError(f"{given!r} is no target; write queue:ID or agent:ID.", ExitCode.USAGE)
    return kind, full(f"{kind}s", rest)
