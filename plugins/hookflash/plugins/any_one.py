"""The strategy that asks any candidate, each with the same chance.

Asterisk's `random`. The chance comes from the engine, seeded by the invite, so that a decision can be repeated.
"""

from typing import ClassVar, final

from hookflash.sdk import (
    AgentView,
    Candidates,
    Decision,
    InviteView,
    Offer,
    OrderKey,
    QueueView,
    Registry,
    RoutingContext,
    Wait,
    hookimpl,
)

__all__ = ["SDK_API", "AnyOne", "hookflash_register"]

SDK_API = ">=1.0,<2"


@final
class AnyOne:
    """Has no order but the ids', and draws a place in it."""

    name: ClassVar[str] = "random"

    def order(self, agent: AgentView, queue: QueueView) -> OrderKey:  # noqa: ARG002 - all agents are alike
        """Give everybody the same key."""
        return ()

    def select(self, invite: InviteView, candidates: Candidates, context: RoutingContext) -> Decision:
        """Offer to the one drawn."""
        count = len(candidates)
        if not count:
            return Wait.for_candidates(invite, context)
        chosen = candidates.at(int(context.random.random() * count))
        return Offer(agents=(chosen.id,), cursor=context.cursor)


@hookimpl
def hookflash_register(registry: Registry) -> None:
    """Register the strategy."""
    registry.strategy(AnyOne)
