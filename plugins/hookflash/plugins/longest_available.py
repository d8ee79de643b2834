"""The default strategy: whoever has been available longest is asked first, then the lowest place (R-Q7).

"Available since" restarts when an agent becomes READY or ACTIVE from another state, so any handled conversation that
filled him sends him to the end; the engine keeps that clock.
"""

from typing import ClassVar, final

from hookflash.sdk import AgentView, OrderKey, QueueView, Registry, hookimpl

__all__ = ["SDK_API", "LongestAvailable", "hookflash_register"]

SDK_API = ">=1.0,<2"


@final
class LongestAvailable:
    """Orders by `(rank, available_since, place)`."""

    name: ClassVar[str] = "longest_available"

    def order(self, agent: AgentView, queue: QueueView) -> OrderKey:  # noqa: ARG002 - every queue is ordered alike
        """Give the lowest rank first, within it the longest available, then the earliest created."""
        return (agent.rank, agent.available_since, agent.place)


@hookimpl
def hookflash_register(registry: Registry) -> None:
    """Register the strategy."""
    registry.strategy(LongestAvailable)
