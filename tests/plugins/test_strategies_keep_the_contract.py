"""Every bundled strategy keeps the contract that anybody's does, with each of its options."""

from collections.abc import Mapping
from typing import ClassVar

import pytest

from hookflash.plugins.any_one import AnyOne
from hookflash.plugins.fewest_handled import FewestHandled
from hookflash.plugins.former_agent_first import FormerAgentFirst
from hookflash.plugins.least_occupied import LeastOccupied
from hookflash.plugins.least_proficient import LeastProficient
from hookflash.plugins.least_recent import LeastRecent
from hookflash.plugins.longest_available import LongestAvailable
from hookflash.plugins.most_proficient import MostProficient
from hookflash.plugins.offer_all import OfferAll
from hookflash.plugins.pack import Pack
from hookflash.plugins.round_robin import RoundRobin
from hookflash.plugins.top_down import TopDown
from hookflash.plugins.weighted import Weighted
from hookflash.sdk import AgentView, FilterThen, QueueView, RoutingStrategy, Within
from hookflash.sdk.testing import StrategyContract


class _Bundled(StrategyContract):
    made: ClassVar[type[RoutingStrategy]]

    @pytest.fixture
    def strategy(self) -> RoutingStrategy:
        return self.made()


class TestLongestAvailable(_Bundled):
    made = LongestAvailable


class TestLeastOccupied(_Bundled):
    made = LeastOccupied


class TestLeastOccupiedByRatio(_Bundled):
    made = LeastOccupied
    options: ClassVar[Mapping[str, str]] = {"by": "ratio"}


class TestLeastOccupiedByFreeSlots(_Bundled):
    made = LeastOccupied
    options: ClassVar[Mapping[str, str]] = {"by": "free"}


class TestLeastRecent(_Bundled):
    made = LeastRecent


class TestFewestHandled(_Bundled):
    made = FewestHandled


class TestFewestHandledByTalk(_Bundled):
    made = FewestHandled
    options: ClassVar[Mapping[str, str]] = {"by": "talk_s"}


class TestRoundRobin(_Bundled):
    made = RoundRobin


class TestTopDown(_Bundled):
    made = TopDown


class TestAnyOne(_Bundled):
    made = AnyOne


class TestWeightedByPenalty(_Bundled):
    made = Weighted
    options: ClassVar[Mapping[str, str]] = {"rank_by": "seniority"}


class TestWeightedByShare(_Bundled):
    made = Weighted
    options: ClassVar[Mapping[str, str]] = {"by": "share", "weight_by": "share"}


class TestOfferAll(_Bundled):
    made = OfferAll


class TestOfferAllInBatches(_Bundled):
    made = OfferAll
    options: ClassVar[Mapping[str, str]] = {"batch": "2"}


class TestPack(_Bundled):
    made = Pack


class TestMostProficient(_Bundled):
    made = MostProficient
    options: ClassVar[Mapping[str, str]] = {"attributes": "english, senior", "weights": "1, 5"}


class TestLeastProficient(_Bundled):
    made = LeastProficient
    options: ClassVar[Mapping[str, str]] = {"attributes": "english"}


class TestFormerAgentFirst(_Bundled):
    made = FormerAgentFirst
    options: ClassVar[Mapping[str, str]] = {"inner": "round_robin"}


class _KnowEnglish(FilterThen):
    name = "know_english"

    def __init__(self) -> None:
        super().__init__(RoundRobin())

    def keeps(self, agent: AgentView, queue: QueueView) -> bool:  # noqa: ARG002 - in every queue
        return agent.attributes.get("english", 0) >= 0


class TestFilterThen(_Bundled):
    made = _KnowEnglish


class _AnyOfTheBestFive(Within):
    name = "any_of_the_best_five"

    def __init__(self) -> None:
        super().__init__(AnyOne(), top=5)

    def order(self, agent: AgentView, queue: QueueView) -> tuple[int | float | str, ...]:
        return LeastOccupied().order(agent, queue)


class TestWithin(_Bundled):
    made = _AnyOfTheBestFive
