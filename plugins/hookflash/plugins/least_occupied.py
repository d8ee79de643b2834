"""The strategy that asks whoever has the least to do: then the longest available, then the lowest id (R-Q7).

By `count`, the default, it is Expertflow CX's rule: fewest active conversations. `ratio` is load against capacity, so
an agent with twice the capacity may have twice the load; `free` counts free slots, most first.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal, final

from hookflash.sdk import AgentView, OrderKey, QueueView, Registry, hookimpl, options_in

__all__ = ["SDK_API", "LeastOccupied", "hookflash_register"]

SDK_API = ">=1.0,<2"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class OccupiedOptions:
    """The `strategy_options` of a queue; `by` is the measure."""

    by: Literal["count", "ratio", "free"] = "count"


@final
class LeastOccupied:
    """Orders by `(measure, available_since, id)`."""

    name: ClassVar[str] = "least_occupied"
    Options: ClassVar[type[OccupiedOptions]] = OccupiedOptions

    def order(self, agent: AgentView, queue: QueueView) -> OrderKey:
        """Give the least occupied first, then the longest available."""
        return (_measure(agent, options_in(OccupiedOptions, queue).by), agent.available_since, agent.id)


def _measure(agent: AgentView, by: Literal["count", "ratio", "free"]) -> float:
    match by:
        case "count":
            return agent.load
        case "ratio":
            # Who has no slot is full; he is no candidate, but an order is total.
            return agent.load / agent.capacity if agent.capacity else 1.0
        case "free":
            return agent.load - agent.capacity


@hookimpl
def hookflash_register(registry: Registry) -> None:
    """Register the strategy."""
    registry.strategy(LeastOccupied)
