"""The bundled strategies keep the contract that everybody's do, and order by their published rules."""

from pathlib import Path

import pytest

from hookflash.engine.plugins import LoadedStrategy, PluginHost, PluginSettings
from hookflash.plugins import console
from hookflash.plugins.console import Console
from hookflash.plugins.least_occupied import LeastOccupied
from hookflash.plugins.longest_available import LongestAvailable
from hookflash.sdk.routing import AgentView, OrderedCandidates, QueueView, RoutingStrategy
from hookflash.sdk.testing import AdapterContract
from hookflash.sdk.types import AgentId, MediaDomainId, QueueId
from tests.plugins.written import Clock


class TestConsole(AdapterContract):
    adapter = Console


def _ordered(strategy: RoutingStrategy, agents: list[AgentView], **options: str) -> list[str]:
    queue = QueueView(id=QueueId("billing"), media_domain=MediaDomainId("chat"), options=options)
    return [agent.id for agent in OrderedCandidates(strategy, queue, agents)]


@pytest.mark.spec("R-Q7")
def test_longest_available_goes_by_rank_then_time_then_place() -> None:
    agents = [
        AgentView(id=AgentId("late"), available_since=9.0, place=0),
        AgentView(id=AgentId("early_but_created_later"), available_since=1.0, place=3),
        AgentView(id=AgentId("early"), available_since=1.0, place=2),
        AgentView(id=AgentId("second_rank"), available_since=0.0, place=1, rank=2),
    ]
    assert _ordered(LongestAvailable(), agents) == ["early", "early_but_created_later", "late", "second_rank"]


OCCUPIED = [
    AgentView(id=AgentId("big"), load=4, capacity=10, available_since=3.0),
    AgentView(id=AgentId("half"), load=1, capacity=2, available_since=1.0),
    AgentView(id=AgentId("third"), load=2, capacity=6, available_since=2.0),
    AgentView(id=AgentId("alike"), load=2, capacity=6, available_since=2.0),
]


@pytest.mark.spec("R-Q7")
@pytest.mark.parametrize(
    ("options", "order"),
    [
        ({}, ["half", "alike", "third", "big"]),
        ({"by": "count"}, ["half", "alike", "third", "big"]),
        ({"by": "ratio"}, ["alike", "third", "big", "half"]),
        ({"by": "free"}, ["big", "alike", "third", "half"]),
    ],
)
def test_least_occupied_goes_by_its_measure_then_time_then_id(options: dict[str, str], order: list[str]) -> None:
    assert _ordered(LeastOccupied(), OCCUPIED, **options) == order


def test_an_agent_without_capacity_is_ordered_too() -> None:
    agents = [AgentView(id=AgentId("none"), capacity=0), AgentView(id=AgentId("free"), capacity=1)]
    assert _ordered(LeastOccupied(), agents, by="ratio") == ["free", "none"]


def _loaded(name: str) -> LoadedStrategy:
    strategy = PluginHost.load(PluginSettings(), Clock()).strategy(name)
    assert strategy is not None
    return strategy


def test_options_are_judged_before_a_queue_takes_them() -> None:
    least = _loaded("least_occupied")
    assert least.problems({"by": "ratio", "rank_by": "seniority"}) == ()
    assert least.problems({"by": "mood"}) == ("setting 'by' must be one of count, ratio, free, not 'mood'",)
    assert least.problems({"bye": "ratio"}) == ("there is no setting 'bye'; did you mean 'by'?",)
    assert _loaded("longest_available").problems({}) == ()


@pytest.mark.parametrize(
    ("name", "options", "problem"),
    [
        ("offer_all", {"batch": "-1"}, "setting 'batch' must not be negative"),
        (
            *("offer_all", {"at_once_max": "101"}),
            "setting 'at_once_max' must be from 1 to 100, which is what the engine takes",
        ),
        ("former_agent_first", {"hold_s": "-1"}, "setting 'hold_s' must not be negative"),
        ("most_proficient", {"weights": "1"}, "setting 'weights' must give one weight for each of 'attributes'"),
        (
            *("least_proficient", {"attributes": "a", "weights": "x"}),
            "setting 'weights' must be whole numbers with commas between them",
        ),
    ],
)
def test_options_that_make_no_sense_together_are_refused(name: str, options: dict[str, str], problem: str) -> None:
    assert _loaded(name).problems(options) == (problem,)


def test_an_unknown_measure_is_never_silently_another() -> None:
    with pytest.raises(ValueError, match="one of count, ratio, free, not 'mood'"):
        _ordered(LeastOccupied(), OCCUPIED, by="mood")


def test_bundled_plugins_import_nothing_of_hookflash_but_the_sdk_and_their_neighbours() -> None:
    allowed = ("from hookflash.sdk import", "from hookflash.sdk.", "from hookflash.plugins.")
    for file in Path(console.__file__).parent.rglob("*.py"):
        lines = [line for line in file.read_text(encoding="utf-8").splitlines() if line.startswith(("import", "from"))]
        assert not [line for line in lines if "hookflash" in line and not line.startswith(allowed)]
