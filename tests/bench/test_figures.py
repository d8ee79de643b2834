"""What becomes of samples: figures, verdicts on goals, growth, tables and the picture; computed from values alone."""

import io
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from rich.console import Console

from hookflash.cli.bench.closed_loop import spread_of
from hookflash.cli.bench.figures import Figure, Sample, gathered, load_samples, percentile
from hookflash.cli.bench.goals import GOALS, Goal, judged
from hookflash.cli.bench.measurements import MEASUREMENTS
from hookflash.cli.bench.parts.decisions import growth
from hookflash.cli.bench.plot import Bar, Panel, drawn, panels_of
from hookflash.cli.bench.report import Report
from hookflash.cli.bench.round import QUICK, Plan
from hookflash.cli.bench.run import Options

SVG = "{http://www.w3.org/2000/svg}"
RATE = Figure(group="SendMessage, 64 in flight", name="calls", unit="1/s", runs=(4_000.0, 3_000.0, 5_000.0))
GOAL = Goal(says="fast", group="SendMessage, 64 in flight", name="calls", at_least=4_000)


def test_a_figure_is_its_median_with_the_lowest_and_the_highest_run() -> None:
    assert (RATE.median, RATE.low, RATE.high) == (4_000.0, 3_000.0, 5_000.0)


def test_samples_of_all_rounds_become_one_figure_in_the_order_of_the_first_round() -> None:
    first = [Sample(group="g", name="a", unit="s", value=1.0), Sample(group="h", name="b", unit="ms", value=2.0)]
    second = [Sample(group="g", name="c", unit="s", value=5.0), replace(first[0], value=3.0)]
    assert gathered([*first, *second]) == [
        Figure(group="g", name="a", unit="s", runs=(1.0, 3.0)),
        Figure(group="g", name="c", unit="s", runs=(5.0,)),
        Figure(group="h", name="b", unit="ms", runs=(2.0,)),
    ]


def test_a_goal_is_judged_by_the_median_and_a_figure_that_is_missing_is_not_judged() -> None:
    assert [each.word for each in judged([RATE], [GOAL])] == ["met"]
    assert [each.word for each in judged([RATE], [replace(GOAL, at_least=4_001)])] == ["not met"]
    assert [each.word for each in judged([RATE], [replace(GOAL, at_least=None, at_most=3_999)])] == ["not met"]
    assert [(each.word, each.is_met) for each in judged([], [GOAL])] == [("not measured", None)]


def test_shares_stand_beside_the_echo_of_the_same_level_call_by_call() -> None:
    measured = {
        "items_per_s": 500.0, "p50_ms": 1.0, "p99_ms": 30.0, "p999_ms": 40.0,
        "client_cores": 0.1, "server_cores": 1.0, "server_us_per_item": 2_000.0,
    }  # fmt: skip
    echo = {**measured, "items_per_s": 5_000.0, "p99_ms": 10.0, "server_us_per_item": 200.0}
    found = {each.name: each.value for each in load_samples("g", "cycle", measured, echo, calls=5)}
    assert found["cycles"] == 500.0
    assert found["share of the echo's rate"] == 50.0
    assert found["the echo's CPU in each cycle's"] == 50.0
    assert found["p99 to the echo's"] == 3.0
    assert "share of the echo's rate" not in {each.name for each in load_samples("g", "call", echo)}


def test_a_percentile_is_a_value_that_was_measured() -> None:
    assert percentile([4.0, 1.0, 3.0, 2.0], 0.99) == 4.0
    assert percentile([5.0], 0.5) == 5.0
    assert spread_of([0.001] * 998 + [0.002, 0.003]) == {"p50_ms": 1.0, "p99_ms": 1.0, "p999_ms": 3.0}


@pytest.mark.parametrize(
    ("costs", "grew"),
    [
        ({100: 10.0, 10_000: 20.0}, 1.0),  # as log n does
        ({100: 10.0, 10_000: 10.0}, 0.5),  # not at all
        ({10: 1.0, 100: 10.0, 10_000: 1_000.0}, 250.0),  # as n does
    ],
)
def test_growth_is_told_beside_that_of_log_n(costs: dict[int, float], grew: float) -> None:
    assert growth(costs) == pytest.approx(grew)


def test_every_goal_is_about_a_figure_that_a_full_run_measures() -> None:
    plan = Plan(rounds=1)
    counts = {f"{count:,}" for count in (*plan.open_conversations, plan.idle_desks)}
    levels = {f"{level} in flight" for level in plan.levels} | {f"{level} at once" for level in plan.levels}
    said = [*counts, *levels, "cost of a decision", "agents at it"]
    assert [goal.group for goal in GOALS if not any(each in goal.group for each in said)] == []
    assert len({(goal.group, goal.name) for goal in GOALS}) == len(GOALS)


def test_options_change_the_plan() -> None:
    assert Options(is_quick=True).plan == QUICK
    assert Options(is_quick=True, rounds=2, seconds=0.5).plan == replace(QUICK, rounds=2, measured_s=0.5)
    assert Options().plan == Plan(rounds=3)
    assert all(each.rounds_max >= 1 for each in MEASUREMENTS.values())


def test_the_tables_show_every_figure_and_verdict() -> None:
    report = Report(machine={"cores": 2}, plan={}, figures=[RATE], verdicts=judged([RATE], [GOAL]))
    text = io.StringIO()
    report.show(Console(file=text, width=120))
    lines = [" ".join(line.split()) for line in text.getvalue().splitlines()]
    assert "cores 2" in lines
    assert "calls │ 4,000 │ 3,000 │ 5,000 │ 1/s" in lines
    assert "fast │ at least 4,000 │ 4,000 │ met" in lines
    assert report.as_json()["goals"] == [
        {
            "goal": "fast",
            "group": "SendMessage, 64 in flight",
            "name": "calls",
            "at_least": 4_000,
            "at_most": None,
            "median": 4_000.0,
            "is_met": True,
        }
    ]


def test_a_bar_is_as_long_as_its_median_and_its_whisker_reaches_from_lowest_to_highest() -> None:
    bare = Figure(group="bare", name="calls", unit="1/s", runs=(10_000.0,))
    bars = [Bar(label="bare <echo>", figure=bare, is_bare=True), Bar(label="ours", figure=RATE)]
    panel = Panel(head="calls", unit="/s", bars=bars, goal=5_000.0)
    svg = ET.fromstring(drawn([panel], "two cores"))  # noqa: S314  it is ours
    rows = [each for each in svg.iter(f"{SVG}rect") if each.get("class") in ("bar", "bare")]
    widths = {each.get("class"): float(each.get("width", "")) for each in rows}
    assert widths["bar"] == pytest.approx(0.4 * widths["bare"])
    whiskers = [each for each in svg.iter(f"{SVG}line") if each.get("class") == "whisker"]
    spans = [float(each.get("x2", "")) - float(each.get("x1", "")) for each in whiskers]
    assert spans == [0.0, pytest.approx(0.2 * widths["bare"])]
    (goal,) = (each for each in svg.iter(f"{SVG}line") if each.get("class") == "goal")
    assert float(goal.get("x1", "")) - float(rows[0].get("x", "")) == pytest.approx(0.5 * widths["bare"])
    assert "bare <echo>" in [each.text for each in svg.iter(f"{SVG}text")]


def test_a_scale_of_powers_of_ten_gives_each_the_same_step() -> None:
    figures = [Figure(group=str(each), name="n", unit="", runs=(10.0**each,)) for each in (1, 2, 3)]
    panel = Panel(head="", unit="", bars=[Bar(label="", figure=each) for each in figures], is_log=True)
    svg = ET.fromstring(drawn([panel], ""))  # noqa: S314  it is ours
    first, second, third = (
        float(each.get("width", "")) for each in svg.iter(f"{SVG}rect") if each.get("class") == "bar"
    )
    assert third - second == pytest.approx(second - first, abs=0.2)


def test_the_picture_has_a_panel_for_what_was_measured_and_none_that_is_empty() -> None:
    assert [(panel.head, [bar.label for bar in panel.bars]) for panel in panels_of([RATE])] == [
        ("Durable calls a second over gRPC, 64 in flight", ["SendMessage, nobody listening"])
    ]
    assert panels_of([]) == []
