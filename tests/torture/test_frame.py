"""The command of the trials: what it runs, says, writes and ends with."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tests.torture import __main__ as command
from tests.torture.frame import Plan, Size, Trial, Verdict


def _trial(verdict: Verdict) -> Trial:
    def run(plan: Plan) -> Verdict:
        assert plan.folder.is_dir()
        return replace(verdict, figures={"kills": plan.count("kills")})

    return Trial(name="kill", summary="kills", sizes=(Size(name="kills", full=1_000, help="how many"),), run=run)


def _run(monkeypatch: pytest.MonkeyPatch, verdict: Verdict, *arguments: str) -> int:
    monkeypatch.setattr(command, "trials", lambda: {"kill": _trial(verdict)})
    return command.main(arguments)


def test_a_trial_that_passes_ends_with_0_and_a_table(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(monkeypatch, Verdict(figures={}), "kill") == 0
    said = capsys.readouterr().out
    assert "passed" in said
    assert "kills 1,000" in said


def test_a_trial_that_fails_ends_with_1_and_the_command_to_repeat_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    verdict = Verdict(figures={}, failures=["I1: one is lost"])
    assert _run(monkeypatch, verdict, "all", "--seed", "7", "--kills", "3", "--json", str(tmp_path / "found")) == 1
    said = capsys.readouterr().out
    assert "python -m tests.torture kill --seed 7 --kills 3\n  I1: one is lost" in said
    (found,) = json.loads((tmp_path / "found").read_text(encoding="utf-8"))
    assert (found["verdict"], found["sizes"], found["figures"]) == ("FAILED", {"kills": 3}, {"kills": 3})


def test_a_trial_that_was_too_slow_has_failed_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(monkeypatch, Verdict(figures={}, too_slow=["S9: goodput is 7% of the peak"]), "kill") == 1
    assert "  S9: goodput is 7% of the peak" in capsys.readouterr().out


def test_a_trial_that_cannot_run_here_is_neither_passed_nor_failed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _run(monkeypatch, Verdict(figures={}, skipped="apsw is not installed"), "kill") == 0
    said = capsys.readouterr().out
    assert "skipped" in said
    assert "apsw is not installed" in said


def test_a_trial_that_raises_has_failed(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def run(plan: Plan) -> Verdict:
        raise OSError(f"no {plan.seed}")

    monkeypatch.setattr(command, "trials", lambda: {"kill": Trial(name="kill", summary="", sizes=(), run=run)})
    assert command.main(["kill"]) == 1
    assert "the trial ended with OSError: no 1" in capsys.readouterr().out
