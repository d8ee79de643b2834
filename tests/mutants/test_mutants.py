"""Planted defects: all fit today's source, some are found in every run, the sound engine is never accused."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests.mutants.__main__ import main
from tests.mutants.catalogue import DEFECTS
from tests.mutants.defect import Defect, Trial, defect
from tests.mutants.hunt import hunt
from tests.mutants.planting import plant, source_of

_ROOT = Path(__file__).parents[2]
_BY_NAME = {each.name: each for each in DEFECTS}
_PROMISES = {f"I{number}" for number in range(1, 17)}
_TENANT = {"I15"}
"""There is one tenant so far, so no defect can mix up two."""


@pytest.mark.parametrize("planted", DEFECTS, ids=lambda each: each.name)
def test_a_defect_stands_once_in_the_source_of_today_and_can_be_compiled(planted: Defect) -> None:
    source = source_of(planted)
    changed = planted.planted_in(source)
    assert changed != source
    compile(changed, planted.module, "exec")


def test_every_defect_has_a_name_of_its_own_and_every_promise_has_defects() -> None:
    assert len(_BY_NAME) == len(DEFECTS) >= 40
    assert set().union(*(each.breaks for each in DEFECTS)) == _PROMISES - _TENANT


def test_a_text_that_is_not_there_exactly_once_is_no_defect() -> None:
    stale = defect("stale", "domain.agent", "no such line", "", "I4", "Nothing.")
    with pytest.raises(ValueError, match="stands 0 times"):
        stale.planted_in(source_of(stale))


def test_a_module_that_is_imported_already_takes_no_defect() -> None:
    with pytest.raises(ValueError, match="is imported already"):
        plant(replace(_BY_NAME["second-invite"], module=__name__))


@pytest.mark.trial
@pytest.mark.spec("I1", "I3", "I4", "I5", "I7", "I9", "I13")
@pytest.mark.parametrize(
    "name",
    [
        "chain-not-continued",
        "key-changes-on-retry",
        "second-invite",
        "second-open-conversation",
        "transfer-without-leaving",
        "order-ignores-age",
    ],
)
def test_a_defect_is_found_and_the_source_stays_as_it_is(name: str) -> None:
    before = source_of(_BY_NAME[name])
    verdict = hunt(_BY_NAME[name], seeds=3, minutes=6)
    assert verdict.is_killed, verdict
    assert source_of(_BY_NAME[name]) == before


@pytest.mark.trial
@pytest.mark.spec("I7")
@pytest.mark.parametrize("trial", list(Trial))
def test_the_sound_engine_is_not_accused(trial: Trial) -> None:
    command = [sys.executable, "-m", "tests.mutants.trial", "none", "--trial", trial, "--seeds", "2", "--minutes", "2"]
    ran = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 1, ran.stdout
    assert [json.loads(line)["found"] for line in ran.stdout.splitlines()] == [[], []]


@pytest.mark.trial
def test_a_survivor_is_told_with_the_command_that_repeats_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "report.json"
    # In so short a time nothing happens that could show it.
    assert main(["late-accept-wins", "--seeds", "1", "--minutes", "0.01", "--json", str(report)]) == 1
    assert "python -m tests.mutants.trial late-accept-wins" in capsys.readouterr().out
    told = json.loads(report.read_text())
    assert (told["defects"], told["killed"], told["verdicts"][0]["seed"]) == (1, 0, None)
