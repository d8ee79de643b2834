"""Strategies made of strategies: who is left out is left out, and the inner one sees nobody else."""

from typing import ClassVar

import pytest

from hookflash.plugins.any_one import AnyOne
from hookflash.plugins.longest_available import LongestAvailable
from hookflash.plugins.round_robin import RoundRobin
from hookflash.sdk import (
    AgentId,
    AgentView,
    Candidates,
    Decision,
    FilterThen,
    InviteView,
    Offer,
    OrderKey,
    QueueView,
    RoutingContext,
    RoutingStrategy,
    Wait,
    Within,
)
from hookflash.sdk.testing import agent_views
from tests.plugins.deciding import decide


class Seniors(FilterThen):
    name = "seniors"

    def keeps(self, agent: AgentView, queue: QueueView) -> bool:  # noqa: ARG002 - in every queue
        return bool(agent.attributes["senior"])


class BestEnglish(Within):
    name = "best_english"

    def order(self, agent: AgentView, queue: QueueView) -> OrderKey:  # noqa: ARG002 - in every queue
        return (-agent.attributes["english"], agent.place)


class Noting:
    """Round robin that notes everything that can be asked of its candidates."""

    name: ClassVar[str] = "noting"

    def __init__(self) -> None:
        self.seen: list[list[AgentId]] = []
        self.counts: list[int] = []

    def order(self, agent: AgentView, queue: QueueView) -> OrderKey:  # noqa: ARG002 - in every queue
        return (agent.place,)

    def select(self, invite: InviteView, candidates: Candidates, context: RoutingContext) -> Decision:
        gotten = [found for place in range(20) if (found := candidates.get(AgentId(f"a{place:05}"))) is not None]
        by_index = [candidates.at(index) for index in range(len(candidates))]
        views = (list(candidates), candidates.top(100), gotten, by_index)
        self.seen = [[agent.id for agent in each] for each in views]
        self.counts = [candidates.count_until((place,)) for place in (-1, 5, 100)]
        with pytest.raises(IndexError):
            candidates.at(len(candidates))
        return RoundRobin().select(invite, candidates, context)


def test_a_filter_lets_the_inner_strategy_choose_among_those_it_keeps() -> None:
    for seed in range(40):
        pool = agent_views(15, seed)
        kept = [agent for agent in pool if agent.attributes["senior"]]
        expected = decide(LongestAvailable(), kept) if kept else Wait(wait_s=290.0)
        assert decide(Seniors(LongestAvailable()), pool) == expected
        assert decide(Seniors(RoundRobin()), pool, cursor=7) == (
            decide(RoundRobin(), kept, cursor=7) if kept else Wait(wait_s=290.0, cursor=7)
        )


def test_the_inner_strategy_is_shown_nobody_but_those_who_are_kept() -> None:
    pool, inner = agent_views(20, 4), Noting()
    decide(Seniors(inner), pool)
    kept = sorted((agent for agent in pool if agent.attributes["senior"]), key=lambda agent: agent.place)
    ids = [agent.id for agent in kept]
    assert 5 < len(kept) < len(pool)
    assert inner.seen == [ids, ids, ids, ids]
    assert inner.counts == [0, sum(agent.place <= 5 for agent in kept), len(ids)]


def test_the_best_are_those_of_the_wrappers_order_and_the_inner_strategy_chooses_among_them() -> None:
    for seed in range(40):
        pool = agent_views(15, seed)
        best = sorted(pool, key=lambda agent: (-agent.attributes["english"], agent.place))[:4]
        for inner in (LongestAvailable(), RoundRobin(), AnyOne()):
            assert isinstance(inner, RoutingStrategy)
            assert decide(BestEnglish(inner, top=4), pool, cursor=5) == decide(inner, best, cursor=5)


def test_a_wrapper_that_shows_nobody_at_all_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        BestEnglish(AnyOne(), top=0)


def test_who_is_left_out_is_never_offered_even_if_he_is_all_there_is() -> None:
    alone = [AgentView(id=AgentId("ann"), attributes={"senior": 0})]
    assert decide(Seniors(LongestAvailable()), alone) == Wait(wait_s=290.0)
    assert decide(Seniors(LongestAvailable()), []) == Wait(wait_s=290.0)
    assert decide(Seniors(LongestAvailable()), [AgentView(id=AgentId("bob"), attributes={"senior": 1})]) == Offer(
        agents=(AgentId("bob"),)
    )
