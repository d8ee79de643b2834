"""The strategy that asks whoever finished a conversation of this queue longest ago; who never did comes first.

Asterisk's `leastrecent`: least recently hung up by this queue, which differs from longest available, where any
conversation of any queue counts.
"""

from typing import ClassVar, final

from hookflash.sdk import AgentView, OrderKey, QueueView, Registry, hookimpl

__all__ = ["SDK_API", "LeastRecent", "hookflash_register"]

SDK_API = ">=1.0,<2"


@final
class LeastRecent:
    """Orders by `(finished_at in this queue, place)`; who never finished one comes first, as in Asterisk."""

    name: ClassVar[str] = "least_recent"

    def order(self, agent: AgentView, queue: QueueView) -> OrderKey:  # noqa: ARG002 - every queue is ordered alike
        """Give who has finished none first, then the longest ago, then the earliest created."""
        return (agent.finished_at is not None, agent.finished_at or 0.0, agent.place)


@hookimpl
def hookflash_register(registry: Registry) -> None:
    """Register the strategy."""
    registry.strategy(LeastRecent)
