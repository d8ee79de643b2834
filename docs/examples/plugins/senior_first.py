"""`Registry.strategy`: the senior ones are asked first; among equals, who has least to do."""

from typing import ClassVar

from hookflash.sdk import AgentView, OrderKey, QueueView, Registry, hookimpl

SDK_API = ">=1.0,<2"


class SeniorFirst:
    """Most seniority, then least occupied, then available longest."""

    name: ClassVar[str] = "senior_first"

    def order(self, agent: AgentView, queue: QueueView) -> OrderKey:  # noqa: ARG002 - every queue is ordered alike
        """Give the agent's place: the smaller is asked earlier."""
        return (-agent.attributes.get("seniority", 0), agent.load / agent.capacity, agent.available_since)


@hookimpl
def hookflash_register(registry: Registry) -> None:
    """Register the strategy."""
    registry.strategy(SeniorFirst)
