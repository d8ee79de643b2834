"""What every routing strategy keeps."""
# ruff: noqa: S101 - these are tests

import json
import random
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache, partial
from time import thread_time_ns
from typing import ClassVar

from hookflash.sdk.routing import (
    AgentView,
    Cursor,
    Decision,
    InviteView,
    Offer,
    OrderedCandidates,
    QueueView,
    Reject,
    RoutingContext,
    RoutingStrategy,
    Wait,
)
from hookflash.sdk.testing.levels import bronze, silver
from hookflash.sdk.testing.pools import agent_views
from hookflash.sdk.types import AgentId, InviteId, InviteKind, MediaDomainId, QueueId
from hookflash.sdk.wrappers import choose

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
        first = self._ordered(strategy, agents), self._decided(strategy, agents)
        for seed in range(2, 10):
            self._ordered(strategy, agent_views(30, seed))
            self._decided(strategy, agent_views(30, seed))
        assert (self._ordered(strategy, agents), self._decided(strategy, agents)) == first

    @bronze
    def test_it_selects_candidates_only(self, strategy: RoutingStrategy) -> None:
        """Strangers are never offered anything, nobody twice, and an offer is to somebody."""
        for seed in range(20):
            agents = agent_views(1 + seed, seed)
            decision = self._decided(strategy, agents)
            if isinstance(decision, Offer):
                assert decision.agents
                assert len(set(decision.agents)) == len(decision.agents)
                assert set(decision.agents) <= {agent.id for agent in agents}

    @bronze
    def test_permuted_candidates_get_the_same_answer(self, strategy: RoutingStrategy) -> None:
        """Same view, same cursor, same seed: same Decision."""
        for seed in range(20):
            agents = agent_views(30, seed)
            first = self._decided(strategy, agents)
            random.Random(seed).shuffle(agents)  # noqa: S311 - repeatable by intent
            assert self._decided(strategy, agents) == first

    @silver
    def test_its_cursor_survives_being_written_down(self, strategy: RoutingStrategy) -> None:
        """The cursor is recorded as JSON: what comes back decides as what was given."""
        cursor: Cursor = None
        for seed in range(30):
            agents = agent_views(10, seed)
            decision = self._decided(strategy, agents, cursor)
            written: Cursor = json.loads(json.dumps(decision.cursor, allow_nan=False))
            assert written == decision.cursor
            assert self._decided(strategy, agents, written) == self._decided(strategy, agents, decision.cursor)
            cursor = written

    @silver
    def test_shown_nobody_it_waits_or_rejects(self, strategy: RoutingStrategy) -> None:
        """There is nobody to offer to, and that is no error."""
        assert isinstance(self._decided(strategy, []), Wait | Reject)

    @silver
    def test_it_decides_among_ten_thousand_within_a_millisecond(self, strategy: RoutingStrategy) -> None:
        """The 99th percentile of the processor's time; the best of three tries, for a machine has other work too."""
        queue, agents = self._queue(), _crowd()
        candidates = OrderedCandidates(strategy, queue, agents)
        context = RoutingContext(now=10.0, waited_s=10.0, queue=queue)
        asked = partial(choose, strategy, INVITE, candidates, context)
        ordered = [partial(strategy.order, agent, queue) for agent in agents[:TRIES]]
        assert min(_p99_ms([asked] * TRIES) for _ in range(3)) < 1.0, "select looks at too many candidates"
        assert min(_p99_ms(ordered) for _ in range(3)) < 1.0, "order takes too long for one agent"

    def _queue(self) -> QueueView:
        return QueueView(id=QueueId("billing"), media_domain=MediaDomainId("chat"), options=self.options)

    def _ordered(self, strategy: RoutingStrategy, agents: list[AgentView]) -> list[AgentId]:
        return [agent.id for agent in OrderedCandidates(strategy, self._queue(), agents)]

    def _decided(self, strategy: RoutingStrategy, agents: list[AgentView], cursor: Cursor = None) -> Decision:
        candidates = OrderedCandidates(strategy, self._queue(), agents)
        context = RoutingContext(now=10.0, waited_s=10.0, queue=self._queue(), cursor=cursor)
        return choose(strategy, INVITE, candidates, context)


TRIES = 200

INVITE = InviteView(
    id=InviteId("i-1"),
    kind=InviteKind.TRANSFER,
    target="queues/billing",
    media_domain=MediaDomainId("chat"),
    placed_at=0.0,
    deadline=900.0,
)


@lru_cache(maxsize=1)
def _crowd() -> list[AgentView]:
    return agent_views(10_000, seed=1)


def _p99_ms(calls: Sequence[Callable[[], object]]) -> float:
    took = []
    for call in calls:
        began = thread_time_ns()
        call()
        took.append(thread_time_ns() - began)
    return sorted(took)[len(took) * 99 // 100] / 1_000_000
