"""The strategy that fills one agent before it turns to the next: the fewest free slots first, then longest available.

Ours. It keeps the others free for what needs a whole person, and is the opposite of `least_occupied` by `free`.
"""

from typing import ClassVar, final

from hookflash.sdk import AgentView, OrderKey, QueueView, Registry, hookimpl

__all__ = ["SDK_API", "Pack", "hookflash_register"]

SDK_API = ">=1.0,<2"


@final
class Pack:
    """Orders by `(free slots, available_since, id)`."""

    name: ClassVar[str] = "pack"

    def order(self, agent: AgentView, queue: QueueView) -> OrderKey:  # noqa: ARG002 - every queue is ordered alike
        """Give the fullest first, then the longest available."""
        return (agent.capacity - agent.load, agent.available_since, agent.id)


@hookimpl
def hookflash_register(registry: Registry) -> None:
    """Register the strategy."""
    registry.strategy(Pack)
