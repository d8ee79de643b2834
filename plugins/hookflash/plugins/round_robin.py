"""The strategy that goes round the agents in the order in which they were created, on from whom it asked last.

Asterisk's `rrmemory` (it remembers where it stopped) and `rrordered` (it keeps the configured order), Webex's circular
distribution. The cursor is the place of the agent asked last in this queue.
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

__all__ = ["SDK_API", "RoundRobin", "hookflash_register"]

SDK_API = ">=1.0,<2"


@final
class RoundRobin:
    """Orders by place, and takes the first candidate behind the cursor, or else the first of all."""

    name: ClassVar[str] = "round_robin"

    def order(self, agent: AgentView, queue: QueueView) -> OrderKey:  # noqa: ARG002 - every queue is ordered alike
        """Give the earliest created first."""
        return (agent.place,)

    def select(self, invite: InviteView, candidates: Candidates, context: RoutingContext) -> Decision:
        """Offer to the next in turn and remember him."""
        count = len(candidates)
        if not count:
            return Wait.for_candidates(invite, context)
        passed = candidates.count_until((context.cursor,)) if isinstance(context.cursor, int) else 0
        chosen = candidates.at(passed % count)
        return Offer(agents=(chosen.id,), cursor=chosen.place)


@hookimpl
def hookflash_register(registry: Registry) -> None:
    """Register the strategy."""
    registry.strategy(RoundRobin)
