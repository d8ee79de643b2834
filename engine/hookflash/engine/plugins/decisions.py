"""A strategy's Decision, judged: what is sound becomes an Answer, anything else is refused with a sentence.

Whoever answers nonsense is replaced by the default for this time, so nothing here is repaired: an Offer to one stranger
and four candidates is no Offer.
"""

import json
from typing import Final

from hookflash.engine.plugins.facts import Answer
from hookflash.sdk.routing import Candidates, Cursor, Offer, Reject, Wait
from hookflash.sdk.types import AgentId

__all__ = ["AGENTS_MAX", "WAIT_MIN_S", "cursor_in", "judged"]

AGENTS_MAX: Final = 100
"""As many agents are taken from one Offer, and so asked at once by one to all; the first of those it names."""

WAIT_MIN_S: Final = 0.1
"""A shorter Wait is as long as this: a rest of a nanosecond must not have the strategy asked for ever."""

_WAIT_MAX_S: Final = 366 * 86_400.0
_CURSOR_LENGTH_MAX: Final = 10_000
_REASON_LENGTH_MAX: Final = 200
_encode: Final = json.JSONEncoder(allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode


def judged(decision: object, candidates: Candidates) -> Answer:
    """What the strategy wants. Raises ValueError for an answer that makes no sense, or names one who is no candidate.

    Raises:
        ValueError: it is no Decision, names strangers, or its wait, reason or cursor cannot be kept.
    """
    # By type, not by pattern: a subclass may answer anything.
    if type(decision) is Offer:
        agents = _agents(decision.agents, candidates)
        if decision.to not in ("one", "all"):
            raise ValueError(f"an Offer goes to one or all, not to {decision.to!r}")
        return Answer(agents=agents, to=decision.to, cursor=_text_of(decision.cursor))
    if type(decision) is Wait:
        return Answer(wait_s=_wait_s(decision.wait_s), cursor=_text_of(decision.cursor))
    if type(decision) is Reject:
        return Answer(rejected=_reason(decision.reason), cursor=_text_of(decision.cursor))
    raise ValueError(f"it answered {type(decision).__name__}, not an Offer, a Wait or a Reject")


def cursor_in(text: str) -> Cursor:
    """The cursor in a text that `judged` gave; None in an empty one."""
    found: Cursor = json.loads(text) if text else None
    return found


def _agents(agents: object, candidates: Candidates) -> tuple[AgentId, ...]:
    if type(agents) is tuple and len(agents) == 1 and candidates.get(agents[0]) is not None:
        return agents  # Nearly always.
    if not isinstance(agents, tuple) or not agents or len(set(agents)) != len(agents):
        raise ValueError("an Offer names one or more agents, each once")
    if strangers := [agent for agent in agents if candidates.get(agent) is None]:
        raise ValueError(f"it named {strangers[0]!r}, who is no candidate")
    return agents[:AGENTS_MAX]


def _wait_s(wait_s: object) -> float:
    # A NaN is between no two numbers.
    if isinstance(wait_s, bool) or not isinstance(wait_s, int | float) or not 0 <= wait_s <= _WAIT_MAX_S:
        raise ValueError(f"a Wait is for 0 to {_WAIT_MAX_S:,.0f} seconds, not for {wait_s!r}")
    return max(float(wait_s), WAIT_MIN_S)


def _reason(reason: object) -> str:
    if not isinstance(reason, str) or len(reason) > _REASON_LENGTH_MAX or not reason.isprintable():
        raise ValueError(f"a Reject has a reason of at most {_REASON_LENGTH_MAX} printable characters")
    return reason


def _text_of(cursor: Cursor) -> str:
    if cursor is None:
        return ""
    if type(cursor) is int:
        return str(cursor)
    try:
        text = _encode(cursor)
        text.encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError(f"its cursor is no JSON value: {error}") from error
    if len(text) > _CURSOR_LENGTH_MAX:
        raise ValueError(f"its cursor has {len(text):,} characters as JSON, {_CURSOR_LENGTH_MAX:,} are kept")
    return text
