"""A registered strategy as the engine uses it, and the order that holds when no strategy can be asked.

The fallback is the rule of `longest_available` and needs no plugin: an engine without any plugin still routes.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import ClassVar, final

from hookflash.engine.domain.struct import Struct
from hookflash.engine.plugins.decisions import AGENTS_MAX, judged
from hookflash.engine.plugins.facts import Answer
from hookflash.sdk.config import fill
from hookflash.sdk.errors import ConfigError
from hookflash.sdk.routing import (
    ENGINE_OPTIONS,
    AgentView,
    Candidates,
    InviteView,
    OrderedCandidates,
    OrderKey,
    QueueView,
    RoutingContext,
    RoutingStrategy,
    SelectingStrategy,
    options_of,
)

__all__ = ["FALLBACK", "LoadedStrategy", "problems_with"]


@final
class LoadedStrategy(Struct, frozen=True, kw_only=True, dict=True):
    """A strategy and whose it is: a bundled one is called in the turn, any other is asked on its plugin's thread."""

    name: str
    plugin: str
    is_bundled: bool
    strategy: RoutingStrategy

    @cached_property
    def what(self) -> str:
        """What it is called where its faults are told."""
        return f"strategy {self.name}"

    @cached_property
    def selecting(self) -> SelectingStrategy | None:
        """The strategy, if it looks at the invite and does not only order candidates."""
        # Kept: to ask a Protocol takes longer than the decision.
        return self.strategy if isinstance(self.strategy, SelectingStrategy) else None

    def choose(
        self, invite: InviteView, queue: QueueView, candidates: Sequence[AgentView], context: RoutingContext
    ) -> Answer:
        """Sort the candidates and let the strategy decide; raises ValueError for a nonsensical answer."""
        return self.decide(invite, OrderedCandidates(self.strategy, queue, candidates), context)

    def decide(self, invite: InviteView, candidates: Candidates, context: RoutingContext) -> Answer:
        """Let the strategy select, or take its order if that is all; raises ValueError for a nonsensical answer."""
        if self.selecting is None:
            return Answer(agents=tuple(agent.id for agent in candidates.top(AGENTS_MAX)))
        return judged(self.selecting.select(invite, candidates, context), candidates)

    def problems(self, options: Mapping[str, str]) -> tuple[str, ...]:
        """Tell what is wrong with a queue's `strategy_options`, a sentence each (for Apply: INVALID_SETTING)."""
        return problems_with(self.strategy, options)


def problems_with(strategy: RoutingStrategy, options: Mapping[str, str]) -> tuple[str, ...]:
    """Tell what is wrong with options for that strategy, a sentence each."""
    declared = options_of(type(strategy))
    if declared is None:
        return ()
    try:
        fill(declared, {name: value for name, value in options.items() if name not in ENGINE_OPTIONS})
    except ConfigError as error:
        return error.problems
    return ()


@final
class _LongestAvailable:
    name: ClassVar[str] = "longest_available"

    def order(self, agent: AgentView, queue: QueueView) -> OrderKey:  # noqa: ARG002 - every queue is ordered alike
        return (agent.rank, agent.available_since, agent.place)


FALLBACK = LoadedStrategy(name="longest_available", plugin="", is_bundled=True, strategy=_LongestAvailable())
"""Decides whenever a strategy is missing, faulty or kept back by its breaker (R-Q8)."""
