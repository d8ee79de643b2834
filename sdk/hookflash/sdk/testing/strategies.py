"""What every routing strategy keeps."""
# ruff: noqa: S101 - these are tests

import random
from collections.abc import Mapping
from typing import ClassVar

from hookflash.sdk.routing import (
    AgentView,
    InviteView,
    Offer,
    OrderedCandidates,
    QueueView,
    RoutingContext,
    RoutingStrategy,
    SelectingStrategy,
)
from hookflash.sdk.testing.levels import bronze
from hookflash.sdk.testing.pools import agent_views
from hookflash.sdk.types import AgentId, InviteId, InviteKind, MediaDomainId, QueueId

__all__ = ["StrategyContract"]


class StrategyContract:
    """What every routing strategy keeps; needs a fixture `strategy` with the object.

    `options` are the `strategy_options` it is tried with.
    """

    contract: ClassVar[str] = "1.0"
    options: ClassVar[Mapping[str, str]] = {}

    @bronze
    def test_it_has_a_name(self, strategy: RoutingStrategy) -> None:
        """A queue names it in one lower-case word."""
        assert isinstance(strategy, RoutingStrategy)
        assert strategy.name
        assert strategy.name == strategy.name.lower()
        assert not set(strategy.name) & set(" /.")

    @bronze
    def test_its_order_is_total(self, strategy: RoutingStrategy) -> None:
        """Any two agents can be compared, whatever they look like."""
        for seed in range(20):
            agents = agent_views(40, seed)
            keys = [strategy.order(agent, self._queue()) for agent in agents]
            assert all(type(key) is tuple for key in keys), "order gives a tuple"
            for one in keys:
                for other in keys:
                    assert (one < other) + (other < one) + (one == other) == 1, f"{one} and {other} have no order"

    @bronze
    def test_permuted_candidates_come_out_in_the_same_order(self, strategy: RoutingStrategy) -> None:
        """The order in which candidates are shown says nothing."""
        for seed in range(20):
            agents = agent_views(30, seed)
            first = self._ordered(strategy, agents)
            random.Random(seed).shuffle(agents)  # noqa: S311 - repeatable by intent
            assert self._ordered(strategy, agents) == first

    @bronze
    def test_the_same_view_gives_the_same_answer_whatever_was_asked_between(self, strategy: RoutingStrategy) -> None:
        """A strategy keeps nothing."""
        agents = agent_views(30, 1)
        first = self._ordered(strategy, agents), self._selected(strategy, agents)
        for seed in range(2, 10):
            self._ordered(strategy, agent_views(30, seed))
            self._selected(strategy, agent_views(30, seed))
        assert (self._ordered(strategy, agents), self._selected(strategy, agents)) == first

    @bronze
    def test_it_selects_candidates_only(self, strategy: RoutingStrategy) -> None:
        """Strangers are never offered anything; with one candidate it is him."""
        for seed in range(20):
            agents = agent_views(1 + seed, seed)
            chosen = self._selected(strategy, agents)
            assert chosen
            assert set(chosen) <= {agent.id for agent in agents}

    def _queue(self) -> QueueView:
        return QueueView(id=QueueId("billing"), media_domain=MediaDomainId("chat"), options=self.options)

    def _ordered(self, strategy: RoutingStrategy, agents: list[AgentView]) -> list[AgentId]:
        return [agent.id for agent in OrderedCandidates(strategy, self._queue(), agents)]

    def _selected(self, strategy: RoutingStrategy, agents: list[AgentView]) -> tuple[AgentId, ...]:
        candidates = OrderedCandidates(strategy, self._queue(), agents)
        if not isinstance(strategy, SelectingStrategy):
            return tuple(agent.id for agent in candidates)
        invite = InviteView(
            id=InviteId("i-1"),
            kind=InviteKind.TRANSFER,
            target="queues/billing",
            media_domain=MediaDomainId("chat"),
            placed_at=0.0,
            deadline=900.0,
        )
        decision = strategy.select(invite, candidates, RoutingContext(now=10.0, waited_s=10.0, queue=self._queue()))
        return decision.agents if isinstance(decision, Offer) else ()
