"""Strategies made of strategies: one that leaves agents out, and one that shows only the best to another.

Subclass, name it, and hand the inner strategy's object to `__init__`; the wrapper keeps nothing else.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import ClassVar, cast

from hookflash.sdk.routing import (
    AgentView,
    Candidates,
    Decision,
    InviteView,
    Offer,
    OrderedCandidates,
    OrderKey,
    QueueView,
    RoutingContext,
    RoutingStrategy,
    SelectingStrategy,
    Wait,
)
from hookflash.sdk.types import AgentId

__all__ = ["FilterThen", "Within", "choose"]


def choose(strategy: RoutingStrategy, invite: InviteView, candidates: Candidates, context: RoutingContext) -> Decision:
    """Let the strategy select; where it only orders, offer to the best. Candidates are in its order; nobody: wait."""
    if not len(candidates):
        return Wait.for_candidates(invite, context)
    if hasattr(strategy, "select"):  # Asking the protocol itself takes longer than most decisions.
        return cast("SelectingStrategy", strategy).select(invite, candidates, context)
    return Offer(agents=(candidates.at(0).id,), cursor=context.cursor)


class FilterThen(ABC):
    """Keeps those agents for whom `keeps` is true and lets `inner` choose among them; none: the invite waits.

    Who is kept is part of the order, so nobody is walked over at a decision.
    """

    name: ClassVar[str]

    def __init__(self, inner: RoutingStrategy) -> None:
        """Take the strategy that chooses."""
        self.inner = inner

    @abstractmethod
    def keeps(self, agent: AgentView, queue: QueueView) -> bool:
        """Say whether this agent may be asked in this queue; the subclass's one rule."""

    def order(self, agent: AgentView, queue: QueueView) -> OrderKey:
        """Put those who are kept first, each part as `inner` orders it."""
        return (_KEPT if self.keeps(agent, queue) else _LEFT_OUT, *self.inner.order(agent, queue))

    def select(self, invite: InviteView, candidates: Candidates, context: RoutingContext) -> Decision:
        """Let `inner` choose among those who are kept."""
        return choose(self.inner, invite, _Kept(self, candidates, context.queue), context)


class Within:
    """Lets `inner` choose among the best `top` by the wrapper's own `order`, which is `inner`'s unless overridden."""

    name: ClassVar[str]

    def __init__(self, inner: RoutingStrategy, *, top: int) -> None:
        """Take the strategy that chooses and how many it is shown; raises ValueError for less than one."""
        if top < 1:
            raise ValueError(f"top must be at least 1, not {top}")
        self.inner, self.top = inner, top

    def order(self, agent: AgentView, queue: QueueView) -> OrderKey:
        """Order as `inner` does."""
        return self.inner.order(agent, queue)

    def select(self, invite: InviteView, candidates: Candidates, context: RoutingContext) -> Decision:
        """Let `inner` choose among the best, in its own order."""
        best = OrderedCandidates(self.inner, context.queue, candidates.top(self.top))
        return choose(self.inner, invite, best, context)


_KEPT, _LAST_KEPT, _LEFT_OUT = 0, (0.5,), 1


class _Kept:
    """The candidates whom a filter keeps: the first so many, their keys without the filter's own first part."""

    def __init__(self, filter_: FilterThen, candidates: Candidates, queue: QueueView) -> None:
        self._filter, self._candidates, self._queue = filter_, candidates, queue
        self._count = candidates.count_until(_LAST_KEPT)

    def __iter__(self) -> Iterator[AgentView]:
        return islice(self._candidates, self._count)

    def __len__(self) -> int:
        return self._count

    def get(self, agent: AgentId) -> AgentView | None:
        found = self._candidates.get(agent)
        return found if found is not None and self._filter.keeps(found, self._queue) else None

    def top(self, count: int) -> Sequence[AgentView]:
        return self._candidates.top(min(count, self._count))

    def at(self, index: int) -> AgentView:
        if not 0 <= index < self._count:
            raise IndexError(index)
        return self._candidates.at(index)

    def count_until(self, key: OrderKey) -> int:
        return min(self._candidates.count_until((_KEPT, *key)), self._count)
