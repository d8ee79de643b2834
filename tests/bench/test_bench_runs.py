"""The benchmark itself: that it runs to its end, says everything it promises, and judges goals rightly."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.bench.figures import Figure, Goal, percentile
from tests.bench.processes import ROOT, BenchError, run_job, start_echo, start_engine

QUICK_S = 120
GOALS = {
    ("SendMessage, durable, nobody listening", "share of echo"): {"at_least": 60, "at_most": None},
    ("Whisper, durable, nobody listening", "share of echo"): {"at_least": 60, "at_most": None},
    ("transfer cycle, 4 conversations at once", "cycles"): {"at_least": 250, "at_most": None},
    ("50 open conversations", "kill -9 to first durable command"): {"at_least": None, "at_most": 3},
    ("50 open conversations", "memory each, after opening"): {"at_least": None, "at_most": 8},
    ("50 open conversations", "memory each, after recovery"): {"at_least": None, "at_most": 8},
}


@pytest.mark.slow
def test_a_quick_run_measures_every_part_and_writes_table_and_json(tmp_path: Path) -> None:
    file = tmp_path / "figures.json"
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", "--quick", "--json", str(file), "--directory", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        timeout=QUICK_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    written: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    assert {each for each in written["machine"] if each.startswith("fdatasync")} == {
        "fdatasync_p50_ms",
        "fdatasync_p99_ms",
    }
    figures = {(each["group"], each["name"]): each for each in written["figures"]}
    assert {name: each["goal"] for name, each in figures.items() if each["goal"] is not None} == GOALS
    rates = [each["median"] for each in written["figures"] if each["unit"] == "1/s"]
    assert len(rates) == 6
    assert min(rates) > 0
    assert all(f"  {each['name']} " in done.stdout for each in written["figures"])
    # Nothing but results on stdout.
    assert "bench:" not in done.stdout
    assert "bench: round 1 of 1: SendMessage" in done.stderr


async def test_a_server_that_does_not_start_ends_the_benchmark_with_what_it_said(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("no directory", encoding="utf-8")
    with pytest.raises(BenchError, match=r"(?s)hookflash serve did not get ready:.*hookflash: .*data"):
        await start_engine(tmp_path / "data")


async def test_a_call_that_is_refused_ends_the_benchmark_with_the_refusal(tmp_path: Path) -> None:
    async with await start_echo(tmp_path) as server:
        job = {
            "address": server.address,
            "server_pid": server.pid,
            "token": "none",
            "method": "/hookflash.bench.Echo/Nothing",
            "bodies": [""],
            "in_flight": 1,
            "warm_up_s": 0.1,
            "measured_s": 0.1,
        }
        with pytest.raises(BenchError, match=r"(?s)load client calls failed:.*UNIMPLEMENTED"):
            await run_job("calls", job)


def test_a_figure_is_its_median_and_a_goal_is_judged_by_it() -> None:
    figure = Figure(group="g", name="n", unit="%", runs=(90.0, 10.0, 61.0), goal=Goal(at_least=60))
    assert (figure.median, figure.is_met) == (61.0, True)
    assert Goal(at_most=3).is_met(3.01) is False
    assert Figure(group="g", name="n", unit="s", runs=(1.0,)).is_met is None


def test_a_percentile_is_a_value_that_was_measured() -> None:
    assert percentile([4.0, 1.0, 3.0, 2.0], 0.99) == 4.0
    assert percentile([5.0], 0.5) == 5.0
