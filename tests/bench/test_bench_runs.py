"""The benchmark itself: that it runs to its end, measures and writes everything it promises, and says what failed."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hookflash.cli.bench.calls import load_calls
from hookflash.cli.bench.processes import BenchError, apart, start_echo, start_engine
from hookflash.cli.bench.round import QUICK, Round
from tests.bench.__main__ import ALL
from tests.bench.alternatives import obvious

ROOT = Path(__file__).resolve().parents[2]
QUICK_S = 300


@pytest.mark.trial
def test_a_quick_run_measures_every_part_and_writes_table_json_and_picture(tmp_path: Path) -> None:
    json_file, svg_file = tmp_path / "figures.json", tmp_path / "figures.svg"
    files = ["--json", str(json_file), "--svg", str(svg_file), "--directory", str(tmp_path)]
    done = subprocess.run(
        [sys.executable, "-m", "hookflash.cli", "bench", "--quick", *files],
        capture_output=True,
        encoding="utf-8",
        timeout=QUICK_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    written: dict[str, Any] = json.loads(json_file.read_text(encoding="utf-8"))
    assert len(written["machine"]["fdatasync_p50_ms"]) == 2
    assert written["goals"] == []
    figures = {(each["group"], each["name"]): each for each in written["figures"]}
    for figure in (
        ("floor: a Python method call", "calls"),
        ("bare echo, 64 in flight", "calls"),
        ("SendMessage, 64 in flight", "share of the echo's rate"),
        ("Whisper, 1 in flight", "p99.9"),
        ("SendMessage, 64 in flight, desk and adapter listening", "messages"),
        ("transfer cycle, 64 at once", "cycles"),
        ("conference cycle, 1 at once", "placed to offer seen, p99"),
        ("freed agent to offer, 16 agents at it", "p99"),
        ("one message to 10 attached desks", "updates"),
        ("20 attached desks, idle", "memory each"),
        ("watching 10 queues", "queues told to the watcher"),
        ("in process: transfer cascades, 256 in flight", "cascades"),
        ("writes beside a bad plugin", "spinning strategy, process: p99"),
        ("cost of a decision", "found, 40 agents, 20 invites parked"),
        ("40 open conversations", "kill -9 to the first durable command"),
    ):
        assert figures[figure]["median"] > 0, figure
    assert all(f"  {each['name']} " in done.stdout for each in written["figures"])
    assert "A quick run: no goal is judged by it." in done.stdout
    # Nothing but results on stdout.
    assert "round 1 of 1" not in done.stdout
    assert "round 1 of 1: recovery" in done.stderr
    assert "bare grpc.aio echo" in svg_file.read_text(encoding="utf-8")


@pytest.mark.trial
async def test_the_obvious_design_answers_the_same_loads(tmp_path: Path) -> None:
    async with Round(QUICK, tmp_path, lambda _line: None) as round_:
        samples = {(each.group, each.name): each.value for each in await obvious.measure(round_)}
    assert samples[obvious.group("SendMessage, 64 in flight"), "calls"] > 0
    assert samples[obvious.group("Whisper, 1 in flight"), "calls"] > 0
    assert samples[obvious.group("transfer cycle, 64 at once"), "cycles"] > 0


@pytest.mark.trial
async def test_an_actor_library_that_is_not_there_is_named_as_not_installed(tmp_path: Path) -> None:
    async with Round(QUICK, tmp_path, lambda _line: None) as round_:
        samples = await ALL["actors"].measure(round_)
    measured = {each.group: each.value for each in samples if each.name == "many to many"}
    missing = {each.group for each in samples if each.name == "not installed"}
    groups = {f"{title}, 20 actors" for title in ("hookflash, whole turns", "pykka threads", "asyncio tasks")}
    others = {f"{title}, 20 actors" for title in ("xoscar", "thespian, in one process", "ray, at most 20")}
    assert measured.keys() | missing == groups | others
    assert missing <= others
    assert min(measured.values()) > 0


async def test_a_server_that_does_not_start_ends_the_benchmark_with_what_it_said(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("no directory", encoding="utf-8")
    with pytest.raises(BenchError, match=r"(?s)hookflash serve did not get ready:.*hookflash: .*data"):
        await start_engine(tmp_path / "data")


async def test_a_call_that_is_refused_ends_the_benchmark_with_the_refusal(tmp_path: Path) -> None:
    async with await start_echo(tmp_path) as server:
        with pytest.raises(BenchError, match=r"(?s)load_calls failed:.*status 12: Method not found"):
            await apart(
                load_calls,
                address=server.address,
                token="",
                server_pid=server.pid,
                method="/hookflash.bench.Echo/Nothing",
                bodies=[""],
                in_flight=1,
                warm_up_s=0.1,
                measured_s=0.1,
            )


def test_a_measurement_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", "--only", "nonsense"],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 2
    assert "There is no measurement 'nonsense'; there are floor, talking," in done.stderr
