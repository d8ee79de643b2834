"""The strategy that asks the most proficient: the highest sum of levels, then the longest available.

Cisco's contact service queues, most skilled, also by weight; Genesys' all-skills matching. What counts are the
attributes that the queue's steps name, or those of the option `attributes`.
"""

from dataclasses import dataclass
from typing import ClassVar, final

from hookflash.sdk import AgentView, OrderKey, QueueView, Registry, hookimpl, options_in

__all__ = ["SDK_API", "MostProficient", "ProficiencyOptions", "hookflash_register", "level_of"]

SDK_API = ">=1.0,<2"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ProficiencyOptions:
    """The `strategy_options`: `attributes` to count and their `weights`, both with commas; without weights, 1 each."""

    attributes: str = ""
    weights: str = ""

    def __post_init__(self) -> None:
        """Refuse weights that do not go with the attributes."""
        if not all(weight.isdecimal() for weight in _split(self.weights)):
            raise ValueError("setting 'weights' must be whole numbers with commas between them")
        if self.weights and len(_split(self.weights)) != len(_split(self.attributes)):
            raise ValueError("setting 'weights' must give one weight for each of 'attributes'")


@final
class MostProficient:
    """Orders by `(-sum of levels, available_since, id)`."""

    name: ClassVar[str] = "most_proficient"
    Options: ClassVar[type[ProficiencyOptions]] = ProficiencyOptions

    def order(self, agent: AgentView, queue: QueueView) -> OrderKey:
        """Give the highest sum first."""
        return (-level_of(agent, queue), agent.available_since, agent.id)


def level_of(agent: AgentView, queue: QueueView) -> int:
    """Give the agent's weighted sum of levels; an attribute that he lacks counts 0, a boolean one 0 or 1."""
    options = options_in(ProficiencyOptions, queue)
    attributes = _split(options.attributes) or queue.required
    weights = [int(weight) for weight in _split(options.weights)] or [1] * len(attributes)
    levels = (int(agent.attributes.get(name, 0)) for name in attributes)
    return sum(weight * level for weight, level in zip(weights, levels, strict=True))


def _split(listed: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in listed.split(",")) if listed.strip() else ()


@hookimpl
def hookflash_register(registry: Registry) -> None:
    """Register the strategy."""
    registry.strategy(MostProficient)
