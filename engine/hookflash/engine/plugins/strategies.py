"""A registered strategy as the engine uses it, and the order that holds when no strategy can be asked.

The fallback is the rule of `longest_available` and needs no plugin: an engine without any plugin still routes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, final

from hookflash.sdk.config import fill
from hookflash.sdk.errors import ConfigError
from hookflash.sdk.routing import (
    ENGINE_OPTIONS,
    AgentView,
    InviteView,
    Offer,
    OrderedCandidates,
    OrderKey,
    QueueView,
    RoutingContext,
    RoutingStrategy,
    SelectingStrategy,
    options_of,
)
from hookflash.sdk.types import AgentId

__all__ = ["FALLBACK", "LoadedStrategy"]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class LoadedStrategy:
    """A strategy and whose it is: a bundled one is called in the turn, any other is asked on its plugin's thread."""

    name: str
    plugin: str
    is_bundled: bool
    strategy: RoutingStrategy

    def ordered(self, queue: QueueView, candidates: Sequence[AgentView]) -> list[AgentView]:
        """Sort candidates, best first, ties by agent id; whatever the strategy raises comes through."""
        return list(OrderedCandidates(self.strategy, queue, candidates))

    def choose(
        self, invite: InviteView, queue: QueueView, candidates: Sequence[AgentView], context: RoutingContext
    ) -> tuple[AgentId, ...]:
        """Let the strategy select, or order if that is all it does; raises ValueError for a nonsensical answer."""
        sorted_ = OrderedCandidates(self.strategy, queue, candidates)
        if not isinstance(self.strategy, SelectingStrategy):
            return tuple(agent.id for agent in sorted_)
        decision: object = self.strategy.select(invite, sorted_, context)
        if type(decision) is not Offer:
            raise ValueError(f"it answered {type(decision).__name__}, not an Offer")
        agents = decision.agents
        if not isinstance(agents, tuple) or not agents or len(set(agents)) != len(agents):
            raise ValueError("an Offer names one or more agents, each once")
        if strangers := [agent for agent in agents if sorted_.get(agent) is None]:
            raise ValueError(f"it named {strangers[0]!r}, who is no candidate")
        return agents

    def problems(self, options: Mapping[str, str]) -> tuple[str, ...]:
        """Tell what is wrong with a queue's `strategy_options`, a sentence each (for Apply: INVALID_SETTING)."""
        declared = options_of(type(self.strategy))
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
