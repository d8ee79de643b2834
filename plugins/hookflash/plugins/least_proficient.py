"""The strategy that asks the least proficient who will do, and so keeps the best for harder questions.

Cisco's contact service queues, least skilled: the rule of `most_proficient`, with the lowest sum of levels first.
"""

from typing import ClassVar, final

from hookflash.plugins.most_proficient import ProficiencyOptions, level_of
from hookflash.sdk import AgentView, OrderKey, QueueView, Registry, hookimpl

__all__ = ["SDK_API", "LeastProficient", "hookflash_register"]

SDK_API = ">=1.0,<2"


@final
class LeastProficient:
    """Orders by `(sum of levels, available_since, id)`."""

    name: ClassVar[str] = "least_proficient"
    Options: ClassVar[type[ProficiencyOptions]] = ProficiencyOptions

    def order(self, agent: AgentView, queue: QueueView) -> OrderKey:
        """Give the lowest sum first."""
        return (level_of(agent, queue), agent.available_since, agent.id)


@hookimpl
def hookflash_register(registry: Registry) -> None:
    """Register the strategy."""
    registry.strategy(LeastProficient)
