"""The strategy that asks somebody who has served the conversation before, and may hold the invite for him a while.

Amazon Connect's step that names an agent and expires, Genesys' preferred agent. Everybody else is chosen by `inner`,
which is another bundled strategy with its default options.
"""

from dataclasses import dataclass, replace
from typing import ClassVar, Literal, final

from hookflash.plugins.any_one import AnyOne
from hookflash.plugins.fewest_handled import FewestHandled
from hookflash.plugins.least_occupied import LeastOccupied
from hookflash.plugins.least_recent import LeastRecent
from hookflash.plugins.longest_available import LongestAvailable
from hookflash.plugins.pack import Pack
from hookflash.plugins.round_robin import RoundRobin
from hookflash.plugins.top_down import TopDown
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
    RoutingStrategy,
    Wait,
    choose,
    hookimpl,
    options_in,
)

__all__ = ["SDK_API", "FormerAgentFirst", "hookflash_register"]

SDK_API = ">=1.0,<2"

_INNER: dict[str, RoutingStrategy] = {
    strategy.name: strategy()
    for strategy in (
        *(LongestAvailable, LeastOccupied, LeastRecent, FewestHandled),
        *(RoundRobin, TopDown, AnyOne, Pack),
    )
}
_SELECTING = frozenset(name for name, strategy in _INNER.items() if hasattr(strategy, "select"))
_DEFAULT: dict[str, str] = {}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class FormerAgentOptions:
    """The `strategy_options`: for how many seconds of its wait a former agent is held out for, and who else chooses."""

    hold_s: float = 0.0
    inner: Literal[
        "longest_available",
        "least_occupied",
        "least_recent",
        "fewest_handled",
        "round_robin",
        "top_down",
        "random",
        "pack",
    ] = "longest_available"

    def __post_init__(self) -> None:
        """Refuse a hold that is over before it begins."""
        if self.hold_s < 0:
            raise ValueError("setting 'hold_s' must not be negative")


@final
class FormerAgentFirst:
    """Orders as `inner` does; a former agent who is a candidate goes before that order."""

    name: ClassVar[str] = "former_agent_first"
    Options: ClassVar[type[FormerAgentOptions]] = FormerAgentOptions

    def order(self, agent: AgentView, queue: QueueView) -> OrderKey:
        """Order as `inner` does."""
        return _inner(queue).order(agent, replace(queue, options=_DEFAULT))

    def select(self, invite: InviteView, candidates: Candidates, context: RoutingContext) -> Decision:
        """Offer to a former agent, hold the invite for one who was not asked yet, or let `inner` choose."""
        for former in invite.former_agents:
            if candidates.get(former) is not None:
                return Offer(agents=(former,), cursor=context.cursor)
        hold_s = options_in(FormerAgentOptions, context.queue).hold_s
        if context.waited_s < hold_s and set(invite.former_agents) - set(invite.passed_over):
            return Wait(wait_s=hold_s - context.waited_s, cursor=context.cursor)
        inner = _inner(context.queue)
        if inner.name in _SELECTING:  # The others see no context, and to make one takes as long as the rest.
            context = replace(context, queue=replace(context.queue, options=_DEFAULT))
        return choose(inner, invite, candidates, context)


def _inner(queue: QueueView) -> RoutingStrategy:
    return _INNER[options_in(FormerAgentOptions, queue).inner]


@hookimpl
def hookflash_register(registry: Registry) -> None:
    """Register the strategy."""
    registry.strategy(FormerAgentFirst)
