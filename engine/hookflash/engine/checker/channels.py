"""What channels were handed against what the journal says was to go out (I3, I7)."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping

from .findings import Findings
from .histories import Handed
from .violation import Promise
from .whispers import find_secret, is_telling
from .world import Talk

__all__ = ["judge_handed"]


def judge_handed(
    handed: Iterable[Handed], talks: Mapping[str, Talk], canaries: Collection[str], findings: Findings
) -> None:
    """Judge all that the channels got. `canaries` were said in whispers and notes and nowhere else."""
    by_talk: defaultdict[str, list[Handed]] = defaultdict(list)
    for each in handed:
        by_talk[each.conversation].append(each)
    for conversation, got in by_talk.items():
        talk = talks.get(conversation)
        if talk is None:
            findings.say(Promise.I3, f"a delivery of {conversation} was handed out, which the journal does not know")
            continue
        _judge_order(talk, got, findings)
        _judge_bytes(talk, got, canaries, findings)
    for talk in talks.values():
        seen = {each.sequence for each in by_talk.get(talk.id, ())}
        lost = sorted(talk.settled - talk.failed - seen)
        findings.expect(Promise.I3, not lost, f"deliveries {lost[:5]} of {talk.id} are settled, but never went out")


def _judge_order(talk: Talk, got: list[Handed], findings: Findings) -> None:
    """Once known keys are dropped, each number is the last plus one, or FAILED explains the hole."""
    last = 0
    numbers: dict[str, int] = {}
    keys: dict[int, str] = {}
    for each in got:
        if each.sequence > talk.delivery or each.sequence < 1:
            findings.say(Promise.I3, f"delivery {each.sequence} of {talk.id} was handed out and never made")
        is_one = numbers.setdefault(each.key, each.sequence) == each.sequence
        is_one = is_one and keys.setdefault(each.sequence, each.key) == each.key
        findings.expect(Promise.I3, is_one, f"delivery {each.sequence} of {talk.id} goes by two keys")
        if each.sequence <= last:
            continue
        holes = [n for n in range(last + 1, each.sequence) if n not in talk.failed]
        fact = f"delivery {each.sequence} of {talk.id} was handed out before {holes[:5]}"
        findings.expect(Promise.I3, not holes, fact)
        last = each.sequence


def _judge_bytes(talk: Talk, got: list[Handed], canaries: Collection[str], findings: Findings) -> None:
    said = "\n".join(talk.said)
    own = [secret for secret in talk.secrets if is_telling(secret) and secret.strip() not in said]
    for each in got:
        leak = find_secret(each.raw, [*canaries, *own])
        fact = f"delivery {each.sequence} of {talk.id} gives away a whisper or note"
        findings.expect(Promise.I7, leak is None, fact)
