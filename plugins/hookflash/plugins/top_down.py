"""The strategy that always begins at the top of the list: the lowest rank, within it the earliest created.

Asterisk's `linear`, FreeSWITCH's `top-down` and `sequentially-by-agent-order`, Webex's regular distribution. Who stands
low is asked only while all above him are taken.
"""

from typing import ClassVar, final

from hookflash.sdk import AgentView, OrderKey, QueueView, Registry, hookimpl

__all__ = ["SDK_API", "TopDown", "hookflash_register"]

SDK_API = ">=1.0,<2"


@final
class TopDown:
    """Orders by `(rank, place)`."""

    name: ClassVar[str] = "top_down"

    def order(self, agent: AgentView, queue: QueueView) -> OrderKey:  # noqa: ARG002 - every queue is ordered alike
        """Give the lowest rank first, within it the earliest created."""
        return (agent.rank, agent.place)


@hookimpl
def hookflash_register(registry: Registry) -> None:
    """Register the strategy."""
    registry.strategy(TopDown)
