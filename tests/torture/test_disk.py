"""A slice of the disk trial: turned bits, cut files and errors under a server are noticed, and lose nothing."""

import json
from pathlib import Path
from random import Random

import pytest

from hookflash.engine.journal.data_directory import JOURNAL_FILE
from tests.torture.__main__ import main
from tests.torture.flips import Flips, make_directories


@pytest.mark.trial
@pytest.mark.spec("I1", "I13")
def test_a_turned_bit_or_a_cut_file_is_noticed_or_changes_nothing(tmp_path: Path) -> None:
    records, ended, killed = make_directories(tmp_path)
    flips, chance = Flips(records, tmp_path / "scratch"), Random(5)  # noqa: S311  which place, not which secret
    for number in range(40):
        (flips.cut if number % 8 == 0 else flips.flip)(ended, JOURNAL_FILE, chance)
    for _ in range(10):
        flips.flip(killed, f"{JOURNAL_FILE}-wal", chance)
    assert flips.failures == []
    assert flips.outcomes["damage reported with its position"] > 10
    assert flips.outcomes["refused, for the views show that the log lost its end"] >= 5
    assert flips.outcomes.total() == 50


def test_records_that_read_otherwise_would_be_seen(tmp_path: Path) -> None:
    records, ended, _ = make_directories(tmp_path)
    flips = Flips(records[:-1], tmp_path / "scratch")
    (ended / "spare").write_bytes(b"0")
    flips.flip(ended, "spare", Random(1))  # noqa: S311  which place, not which secret
    assert [each for each in flips.outcomes if each.startswith("UNSEEN")]
    assert len(flips.failures) == 1


@pytest.mark.trial
@pytest.mark.spec("I1")
def test_a_server_whose_disk_answers_eio_ends_with_a_sentence_and_has_lost_nothing_when_it_comes_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "verdict.json"
    code = main(["disk", "--seed", "3", "--flips", "2", "--faults", "2", "--json", str(report)])
    assert code == 0, capsys.readouterr().out
    (found,) = json.loads(report.read_text(encoding="utf-8"))
    assert found["figures"]["disk errors under a server"] == 2
