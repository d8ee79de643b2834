"""A slice of the kill trial: a server that is killed again and again under traffic keeps its promises."""

import json
from pathlib import Path

import pytest

from tests.torture.__main__ import main


@pytest.mark.slow
@pytest.mark.spec("I1", "I2", "I3", "I6", "I10", "A-31", "R-G8", "R-O9", "F-05", "F-12", "F-22")
def test_kill_9_at_any_moment_loses_nothing_acknowledged_and_leaves_nothing_stuck(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "verdict.json"
    code = main(["kill", "--seed", "9", "--kills", "50", "--acknowledged", "2000", "--json", str(report)])
    assert code == 0, capsys.readouterr().out
    (found,) = json.loads(report.read_text(encoding="utf-8"))
    assert found["figures"]["acknowledged and lost"] == 0
    assert found["figures"]["commands acknowledged"] >= 2_000
    assert found["figures"]["replies repeated and compared"] >= 2_000
