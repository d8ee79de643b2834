"""The strategy that draws with unequal chances: by penalty, or by share.

By `penalty`, the default, it is Asterisk's `wrandom`: everybody draws a metric from 0 up to 1000 x (1 + penalty), and
the lowest wins; an agent's penalty is his rank less one. By `share` it is Webex's weighted distribution: chances as the
weights, which may be percentages; of those who are candidates.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import ClassVar, Literal, NamedTuple, final

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

__all__ = ["SDK_API", "Weighted", "hookflash_register"]

SDK_API = ">=1.0,<2"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WeightedOptions:
    """The `strategy_options` of a queue; `by` says whether ranks (`rank_by`) or weights (`weight_by`) count."""

    by: Literal["penalty", "share"] = "penalty"


class _Class(NamedTuple):
    """Candidates with equal chances, who stand together: from which place on, how many, and their common level."""

    first: int
    size: int
    level: int


@final
class Weighted:
    """Orders by rank or by weight and draws; who has no share is asked where nobody with a share is a candidate."""

    name: ClassVar[str] = "weighted"
    Options: ClassVar[type[WeightedOptions]] = WeightedOptions

    def order(self, agent: AgentView, queue: QueueView) -> OrderKey:
        """Give the most likely first; those with equal chances have one key."""
        return _key(agent, options_in(WeightedOptions, queue))

    def select(self, invite: InviteView, candidates: Candidates, context: RoutingContext) -> Decision:
        """Draw for a class of equals, then for one of them: the same chances as drawing for each agent."""
        count = len(candidates)
        if not count:
            return Wait.for_candidates(invite, context)
        options, draw = options_in(WeightedOptions, context.queue), context.random
        if _key(candidates.at(0), options) == _key(candidates.at(count - 1), options):
            first, size = 0, count  # All have equal chances.
        else:
            classes = list(_classes(candidates, count, options))
            drawn = _lowest_metric(classes, draw) if options.by == "penalty" else _by_share(classes, draw)
            first, size = drawn.first, drawn.size
        return Offer(agents=(candidates.at(first + int(draw.random() * size)).id,), cursor=context.cursor)


def _key(agent: AgentView, options: WeightedOptions) -> OrderKey:
    return (agent.rank,) if options.by == "penalty" else (-agent.weight,)


def _classes(candidates: Candidates, count: int, options: WeightedOptions) -> Iterator[_Class]:
    first = 0
    while first < count:
        agent = candidates.at(first)
        behind = candidates.count_until(_key(agent, options))
        yield _Class(first, behind - first, agent.rank if options.by == "penalty" else agent.weight)
        first = behind


def _lowest_metric(classes: list[_Class], draw: Random) -> _Class:
    """Draw each class's lowest metric: the least of n uniform draws up to L is distributed as L x (1 - U ** (1/n))."""
    return min(classes, key=lambda each: max(each.level, 1) * (1.0 - draw.random() ** (1.0 / each.size)))


def _by_share(classes: list[_Class], draw: Random) -> _Class:
    shares = [each.level * each.size for each in classes]
    return draw.choices(classes, shares if any(shares) else [each.size for each in classes])[0]


@hookimpl
def hookflash_register(registry: Registry) -> None:
    """Register the strategy."""
    registry.strategy(Weighted)
