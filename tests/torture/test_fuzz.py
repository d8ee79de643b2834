"""A slice of the fuzz: the same messages for the same seed, and what the trial says of good and of bad answers."""

from pathlib import Path

import grpc
import pytest

from hookflash.engine.domain.refusals import AgentNotFound
from hookflash.engine.server.status import status_of
from tests.torture.frame import Plan
from tests.torture.fuzz import TRIAL
from tests.torture.fuzz_frames import connection_bytes
from tests.torture.fuzz_messages import CALLERS, DRAIN, METHODS, Kind, Shot, shot
from tests.torture.fuzz_shooter import offence_of


def test_a_message_is_what_its_seed_and_number_make_it() -> None:
    assert [shot(1, number) for number in range(300)] == [shot(1, number) for number in range(300)]
    assert [shot(1, number).body for number in range(50)] != [shot(2, number).body for number in range(50)]
    assert connection_bytes(1, 5) == connection_bytes(1, 5)


@pytest.fixture(scope="module")
def shots() -> list[Shot]:
    """So many that each thing that may happen does."""
    return [shot(1, number) for number in range(20_000)]


def test_every_method_is_called_by_everybody_in_every_way(shots: list[Shot]) -> None:
    assert {each.method.path for each in shots} == {method.path for method in METHODS}
    assert {each.caller for each in shots} == set(CALLERS)
    assert {(each.method.path, each.kind) for each in shots} == {(m.path, kind) for m in METHODS for kind in Kind}


def test_nobody_who_may_drain_the_server_does_so_in_the_middle(shots: list[Shot]) -> None:
    drains = [each for each in shots if each.method.path == DRAIN]
    assert "supervisor" in {each.caller for each in drains}
    assert {each.kind for each in drains if each.caller == "admin"} <= {Kind.NOISE, Kind.DAMAGED, Kind.DEEP}


@pytest.mark.parametrize(
    ("code", "sentence", "has_details", "is_offence"),
    [
        (grpc.StatusCode.OK, "", False, False),
        (grpc.StatusCode.NOT_FOUND, "There is no agent zoe.", True, False),
        (grpc.StatusCode.NOT_FOUND, "There is no agent zoe.", False, True),
        (grpc.StatusCode.NOT_FOUND, 'Traceback: File "x.py"', True, True),
        (grpc.StatusCode.INTERNAL, "INTERNAL", True, True),
        (grpc.StatusCode.UNKNOWN, "Unexpected <class 'ValueError'>", False, True),
        (grpc.StatusCode.DEADLINE_EXCEEDED, "Deadline Exceeded", False, True),
    ],
)
def test_an_answer_is_an_offence_or_it_is_not(
    code: grpc.StatusCode,
    sentence: str,
    has_details: bool,  # noqa: FBT001  a row of the table
    is_offence: bool,  # noqa: FBT001  a row of the table
) -> None:
    fired = next(each for number in range(100) if (each := shot(1, number)).method.name == "GetAgent")
    details = status_of(AgentNotFound("zoe")).SerializeToString() if has_details else None
    offence, _ = offence_of(fired, code, sentence, details)
    assert bool(offence) == is_offence, offence


@pytest.mark.trial
@pytest.mark.spec("R-G7", "R-G12", "I16")
def test_a_server_answers_a_thousand_fuzzed_messages_and_frames_and_works_afterwards(tmp_path: Path) -> None:
    sizes = {"messages": 1_000.0, "frames": 1_000.0, "clients": 1.0}
    verdict = TRIAL.run(Plan(seed=7, sizes=sizes, folder=tmp_path, progress=lambda _: None))
    assert list(verdict.failures) == []
    assert verdict.figures["messages"] == 1_000
