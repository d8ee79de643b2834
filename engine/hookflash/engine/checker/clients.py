"""What clients saw against what the journal holds (I1, I2, I6, I16)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from .audit import Known
from .deadlines import GRACE_S
from .findings import Findings
from .histories import ClientCall, Gauge, Outcome
from .violation import Promise

__all__ = ["judge_calls", "judge_gauges"]

_REUSED = "REQUEST_ID_REUSED"
_NOT_KNOWN = ("JOURNAL_UNAVAILABLE", "INTERNAL")
"""Refusals that come when writing failed below the engine: what was being written may be there or not."""


def judge_calls(calls: Iterable[ClientCall], keys: Mapping[str, Known], end: float, findings: Findings) -> None:
    """Judge every call; `end` is the time, by the clients' clock, up to which an answer could be had."""
    by_key: defaultdict[str, list[ClientCall]] = defaultdict(list)
    dry_runs: set[str] = set()
    for call in calls:
        if call.is_dry_run and call.request_id:
            dry_runs.add(f"{call.principal} {call.method} {call.request_id}")
        if call.key:
            by_key[call.key].append(call)
        is_answered = call.ended_at is not None or call.invoked_at > end - GRACE_S
        findings.expect(Promise.I6, is_answered, f"{call.method} {call.request_id} of {call.principal} has no answer")
    for key, same in by_key.items():
        _judge_key(key, same, keys.get(key), findings)
    for key in sorted(dry_runs - by_key.keys()):
        if (known := keys.get(key)) is not None:
            findings.say(Promise.I16, f"{key!r} was only to be checked and is at position {known.position}")


def _judge_key(key: str, same: list[ClientCall], known: Known | None, findings: Findings) -> None:
    done = [call for call in same if call.outcome is Outcome.OK]
    if done and known is None:
        findings.say(Promise.I1, f"{key!r} was answered OK and is in no record")
    replies = {call.reply for call in done}
    findings.expect(Promise.I2, len(replies) <= 1, f"{key!r} was answered in {len(replies)} ways")
    contents = {call.digest for call in done}
    findings.expect(Promise.I2, len(contents) <= 1, f"{key!r} came with {len(contents)} contents and none was refused")
    if known is not None and all(_is_refused(call) for call in same):
        position = known.position
        findings.say(Promise.I16, f"{key!r} was refused ({same[0].reason}) and is at position {position}")


def _is_refused(call: ClientCall) -> bool:
    """Whether this call says that nothing happened under its key. Reuse says that something had."""
    return call.outcome is Outcome.REFUSED and call.reason != _REUSED and call.reason not in _NOT_KNOWN


def judge_gauges(gauges: Iterable[Gauge], findings: Findings) -> None:
    """Judge every reading."""
    for gauge in gauges:
        fact = f"{gauge.name} stood at {gauge.value:g}, its limit is {gauge.limit:g}"
        findings.expect(Promise.I16, gauge.value <= gauge.limit, fact)
