"""A recorded day again: simulated as it was it comes out as recorded, and another strategy does what its rule says."""

from collections.abc import Sequence

import pytest

from hookflash.engine.journal.record import Record
from hookflash.engine.plugins import PluginHost, PluginSettings
from hookflash.engine.replay import AgentMeasures, Comparison, DayTooLong, Measures, NotTried, Trial, compare
from hookflash.engine.replay.day import read_day
from hookflash.engine.replay.measures import gini
from hookflash.sdk.types import AgentId, QueueId
from tests.actors.running import BILLING
from tests.plugins.written import Clock
from tests.replay.recorded import SALES, eventful_day, quiet_day


def _compared(records: Sequence[Record], trial: Trial) -> Comparison:
    return compare(lambda: records, PluginHost.load(PluginSettings(), Clock()), trial)


async def test_a_quiet_day_under_top_down_gives_everything_to_the_first_agent() -> None:
    comparison = _compared(await quiet_day(), Trial(strategy="top_down", options={}))
    recorded = Measures(
        arrivals=6,
        answered=6,
        abandoned=0,
        unserved=0,
        waiting=0,
        service_level=1.0,
        wait_average_s=5.0,
        wait_median_s=5.0,
        wait_p95_s=5.0,
        offers_per_answer=1.0,
        faults=0,
        occupancy=6 * 45 / 1200,
        handled_gini=0.0,
        occupancy_gini=0.0,
        agents=(
            AgentMeasures(agent=AgentId("ann"), handled=3, occupancy=3 * 45 / 600),
            AgentMeasures(agent=AgentId("bob"), handled=3, occupancy=3 * 45 / 600),
        ),
    )
    assert comparison.recorded == recorded
    assert comparison.as_it_was == recorded
    tried = comparison.tried
    assert tried.agents == (
        AgentMeasures(agent=AgentId("ann"), handled=6, occupancy=6 * 45 / 600),
        AgentMeasures(agent=AgentId("bob"), handled=0, occupancy=0.0),
    )
    assert (tried.handled_gini, tried.occupancy_gini, tried.occupancy) == (0.5, 0.5, 6 * 45 / 1200)
    assert (tried.answered, tried.wait_average_s, comparison.left_out) == (6, 5.0, {})


async def test_options_reach_the_strategy_and_a_queue_that_is_not_named_stays_as_it_was() -> None:
    records = await quiet_day()
    proficient = Trial(strategy="most_proficient", options={"attributes": "skill"})
    assert [agent.handled for agent in _compared(records, proficient).tried.agents] == [0, 6]
    elsewhere = Trial(strategy="top_down", options={}, queue=SALES)
    comparison = _compared(records, elsewhere)
    assert comparison.tried == comparison.as_it_was
    assert comparison.recorded.arrivals == 0
    here = Trial(strategy="round_robin", options={}, queue=BILLING)
    assert [agent.handled for agent in _compared(records, here).tried.agents] == [3, 3]


async def test_an_eventful_day_simulated_as_it_was_comes_out_as_recorded_but_for_what_is_left_out() -> None:
    records = await eventful_day()
    comparison = _compared(records, Trial(strategy="random", options={}, within_s=10.0))
    recorded, again = comparison.recorded, comparison.as_it_was
    assert comparison.left_out == {"conference invites": 1}
    # The conference is measured where it was recorded, and closed with its conversation.
    assert (recorded.arrivals, again.arrivals) == (7, 6)
    for column in (recorded, again):
        assert (column.answered, column.abandoned, column.unserved) == (4, 1, 1)
        assert column.wait_average_s == pytest.approx((7.0 + 2.0 + 26.0 + 1.0) / 4)
        assert column.wait_p95_s == pytest.approx(26.0)
    assert again.service_level == pytest.approx(3 / 6)
    assert again.wait_p95_s == recorded.wait_p95_s
    assert again.offers_per_answer == pytest.approx(6 / 4)
    assert comparison.tried.arrivals == 6


async def test_the_limits_that_held_are_read_from_the_day() -> None:
    day = read_day(await eventful_day(), 100)
    assert (day.limits.offer_timeout_s, day.limits.reoffer_pause_s) == (25.0, 4.0)
    assert [(asked.at, type(asked.command).__name__) for asked in day.asked][:3] == [
        (day.asked[0].at, "Apply"), (day.asked[0].at, "Apply"), (day.asked[0].at, "Attach")
    ]  # fmt: skip
    (transferred,) = [arrival for arrival in day.arrivals if len(arrival.legs) > 1]
    assert [(leg.queue, leg.after_s, leg.handling_s) for leg in transferred.legs] == [
        (BILLING, 0.0, 30.0), (SALES, 30.0, 20.0)
    ]  # fmt: skip
    assert [leg.patience_s for arrival in day.arrivals for leg in arrival.legs if leg.patience_s] == [20.0]


async def test_the_same_day_gives_the_same_figures_again() -> None:
    records = await eventful_day()
    trial = Trial(strategy="random", options={})
    assert _compared(records, trial) == _compared(records, trial)


async def test_what_cannot_be_tried_is_refused_with_a_way_out() -> None:
    records = await quiet_day()
    with pytest.raises(NotTried, match=r"'best'; there are .*top_down"):
        _compared(records, Trial(strategy="best", options={}))
    with pytest.raises(NotTried, match="setting 'by' must be one of"):
        _compared(records, Trial(strategy="least_occupied", options={"by": "mood"}))
    with pytest.raises(NotTried, match="no queue 'slaes'; it had billing, sales"):
        _compared(records, Trial(strategy="top_down", options={}, queue=QueueId("slaes")))
    with pytest.raises(DayTooLong, match="more than 5 conversations"):
        _compared(records, Trial(strategy="top_down", options={}, conversations_max=5))


@pytest.mark.parametrize(
    ("values", "coefficient"),
    [([], 0.0), ([0, 0], 0.0), ([3, 3, 3], 0.0), ([0, 1], 0.5), ([0, 0, 0, 1], 0.75), ([1, 2, 3], 2 / 9)],
)
def test_gini_is_the_mean_difference_of_any_two_against_twice_the_mean(values: list[float], coefficient: float) -> None:
    assert gini(values) == pytest.approx(coefficient)
    if sum(values):
        apart = sum(abs(one - other) for one in values for other in values)
        assert gini(values) == pytest.approx(apart / (2 * len(values) * sum(values)))
