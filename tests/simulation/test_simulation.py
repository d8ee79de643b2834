"""The simulation itself: seeds without a violation, the same again anywhere, whispers that nobody outside can tell."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from hookflash.engine.actors.calls import Sealed
from hookflash.engine.actors.commits import Commits, Sealing
from hookflash.engine.checker import Promise
from hookflash.engine.domain import events as e
from hookflash.engine.domain.struct import changed
from hookflash.engine.edge import contents, line
from hookflash.engine.edge.contents import Outgoing
from hookflash.engine.edge.outbox import Outbox
from hookflash.sdk.channel import Delivery
from hookflash.sdk.types import ChannelId, ConversationId
from tests.simulation.__main__ import main
from tests.simulation.mix import Whispers
from tests.simulation.run import Outcome, customers_saw, simulate, simulate_whispers

_ROOT = Path(__file__).parents[2]
_HASHES = "from tests.simulation.run import simulate; print([simulate(n, minutes=1).trace_hash for n in (3, 7)])"


@pytest.mark.spec("I1", "I2", "I3", "I4", "I5", "I6", "I8", "I9", "I10", "I11", "I12", "I13", "I14", "I15", "I16")
@pytest.mark.parametrize("seed", [521, 1000, 1001])
def test_a_seed_keeps_every_promise(seed: int) -> None:
    outcome = simulate(seed, minutes=2)
    assert outcome.violations == ()
    assert outcome.counts["records"] > 20


@pytest.mark.trial
def test_a_seed_and_a_commit_give_one_trace_in_every_process() -> None:
    hashes = set()
    for hash_seed in ("0", "1", "4711"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(_ROOT)}
        ran = subprocess.run(
            [sys.executable, "-c", _HASHES], cwd=_ROOT, env=environment, capture_output=True, text=True, check=True
        )
        hashes.add(ran.stdout)
    assert len(hashes) == 1


@pytest.mark.spec("I7")
@pytest.mark.parametrize("seed", [6])
def test_what_customers_get_does_not_depend_on_whispers(seed: int) -> None:
    said, reworded, left_out = (
        simulate_whispers(seed, whispers, minutes=1.5)
        for whispers in (Whispers(), Whispers(salt="in quite other words"), Whispers(are_said=False))
    )
    assert customers_saw(said)
    assert customers_saw(reworded) == customers_saw(said)
    assert customers_saw(left_out) == customers_saw(said)


def test_the_story_of_a_seed_ends_with_its_hash(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seed", "5", "--minutes", "1"]) == 0
    told = capsys.readouterr().out
    assert "ConversationOpened" in told
    assert told.splitlines()[-1].startswith(f"trace hash {simulate(5, minutes=1).trace_hash}")


@pytest.mark.trial
def test_an_answer_before_the_sync_is_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    add = Commits.add

    def answer_at_once(self: Commits, sealing: Sealing) -> None:
        add(self, sealing)
        sealing.done.set_result(sealing.answer)

    def in_this_process(seeds: range, minutes: float, _jobs: int) -> Iterator[Outcome]:
        return (simulate(seed, minutes=minutes) for seed in seeds)

    monkeypatch.setattr(Commits, "add", answer_at_once)
    monkeypatch.setattr("tests.simulation.__main__._outcomes", in_this_process)
    assert main(["--first", "0", "--seeds", "30", "--minutes", "3"]) == 1
    told = capsys.readouterr().out
    assert str(Promise.I1) in told
    assert "make simulate SEED=" in told


@pytest.mark.trial
@pytest.mark.spec("I7")
def test_a_whisper_that_leaks_into_a_message_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    whispered: dict[str, str] = {}
    follow, delivery_of = Outbox.follow, contents.delivery_of

    def listen(self: Outbox, group: Sequence[Sealed]) -> None:
        for fact in (fact for sealed in group for fact in sealed.record.facts):
            if isinstance(fact.event, e.WhisperSent):
                whispered[fact.subject.id] = fact.event.text
        follow(self, group)

    def leak(
        event: Outgoing, *, channel: ChannelId, address: str, conversation: ConversationId, attempt: int
    ) -> Delivery:
        event = changed(event, text=event.text + whispered.get(conversation, ""))
        return delivery_of(event, channel=channel, address=address, conversation=conversation, attempt=attempt)

    monkeypatch.setattr(Outbox, "follow", listen)
    monkeypatch.setattr(line, "delivery_of", leak)
    leaks = (v for seed in range(20) for v in simulate(seed, minutes=2).violations if v.promise is Promise.I7)
    assert next(leaks, None) is not None
