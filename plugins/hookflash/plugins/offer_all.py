"""The strategy that offers to all candidates at once: the first accept wins, the other offers are withdrawn.

Asterisk's `ringall`, FreeSWITCH's `ring-all`, Webex's simultaneous. With a `batch` it begins small, as FreeSWITCH's
`ring-progressively` does: each round asks as many as were asked before, and a batch more.
"""

from dataclasses import dataclass
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
    options_in,
)

__all__ = ["SDK_API", "OfferAll", "hookflash_register"]

SDK_API = ">=1.0,<2"

AT_ONCE_MAX = 100


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class OfferAllOptions:
    """The `strategy_options`: agents in the first round (`batch`, 0: all at once), and in any one round at most."""

    batch: int = 0
    at_once_max: int = AT_ONCE_MAX

    def __post_init__(self) -> None:
        """Refuse what offers to nobody."""
        if self.batch < 0:
            raise ValueError("setting 'batch' must not be negative")
        if not 1 <= self.at_once_max <= AT_ONCE_MAX:
            raise ValueError(f"setting 'at_once_max' must be from 1 to {AT_ONCE_MAX}, which is what the engine takes")


@final
class OfferAll:
    """Orders by `(rank, place)` and offers to the first so many of them."""

    name: ClassVar[str] = "offer_all"
    Options: ClassVar[type[OfferAllOptions]] = OfferAllOptions

    def order(self, agent: AgentView, queue: QueueView) -> OrderKey:  # noqa: ARG002 - every queue is ordered alike
        """Give the lowest rank first, within it the earliest created."""
        return (agent.rank, agent.place)

    def select(self, invite: InviteView, candidates: Candidates, context: RoutingContext) -> Decision:
        """Offer to this round's agents."""
        if not len(candidates):
            return Wait.for_candidates(invite, context)
        options = options_in(OfferAllOptions, context.queue)
        asked = options.batch + invite.offers_made if options.batch else options.at_once_max
        agents = tuple(agent.id for agent in candidates.top(min(asked, options.at_once_max)))
        return Offer(agents=agents, to="all", cursor=context.cursor)


@hookimpl
def hookflash_register(registry: Registry) -> None:
    """Register the strategy."""
    registry.strategy(OfferAll)
