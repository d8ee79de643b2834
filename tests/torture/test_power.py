"""A slice of the power trial, and that the disk which it stands on loses what it should and keeps what it must."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.torture.__main__ import main

ROOT = Path(__file__).parents[2]
ONE_TABLE = """
import os, sqlite3, sys
from pathlib import Path
from random import Random
from tests.torture.disk_shim import install
from tests.torture.power_disk import Cut, PowerDisk
place = Path(sys.argv[1])
disk = PowerDisk(place, Random(1), Cut(number=10**9))
install(disk)
connection = sqlite3.connect(place / "some.sqlite", isolation_level=None)
for pragma in ("journal_mode=WAL", f"synchronous={sys.argv[2]}"):
    connection.execute(f"PRAGMA {pragma}").fetchall()
connection.execute("CREATE TABLE numbers (number)")
connection.execute("PRAGMA wal_checkpoint").fetchall()
for number in range(50):
    connection.execute("INSERT INTO numbers VALUES (?)", (number,))
disk.lose_power()
"""


@pytest.mark.trial
@pytest.mark.spec("I1", "I10", "I13")
def test_power_cuts_lose_nothing_acknowledged_and_a_weaker_pragma_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = tmp_path / "verdict.json"
    code = main(["power", "--seed", "2", "--cuts", "8", "--plant-cuts", "8", "--json", str(report)])
    assert code == 0, capsys.readouterr().out
    (found,) = json.loads(report.read_text(encoding="utf-8"))
    if found["skipped"]:
        pytest.skip(found["skipped"])
    assert found["figures"]["cuts"] >= 8
    assert found["figures"]["acknowledged and lost, FULL"] == 0


@pytest.mark.parametrize(("synchronous", "is_whole"), [("FULL", True), ("NORMAL", False)])
def test_the_disk_keeps_what_was_synced_and_spoils_the_rest(
    tmp_path: Path, synchronous: str, *, is_whole: bool
) -> None:
    command = [sys.executable, "-c", ONE_TABLE, str(tmp_path), synchronous]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if "ShimMissing" in ended.stderr:
        pytest.skip(ended.stderr)
    assert ended.returncode == 99, ended.stderr
    question = "import sqlite3,sys; print(*[n for n, in sqlite3.connect(sys.argv[1]).execute('SELECT * FROM numbers')])"
    command = [sys.executable, "-c", question, os.fspath(tmp_path / "some.sqlite")]
    kept = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert kept == [str(number) for number in range(len(kept))]
    assert (len(kept) == 50) is is_whole
