"""The candidates of one invite as a strategy sees them: a lazy view over an order that the queue keeps anyway.

It shows the class of agents among whom the strategy may choose (R-Q7), which is one step's order with some left out.
Nobody is copied: what is asked for is looked up, so a decision costs the same among ten agents and ten thousand.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import islice
from typing import NamedTuple, final

from sortedcontainers import SortedList

from hookflash.sdk.routing import AgentView, OrderKey
from hookflash.sdk.types import AgentId

__all__ = ["Candidate", "Eligible", "Place"]

Place = tuple[OrderKey, AgentId]
"""Where an agent stands in a step's order: the strategy's key, and the id to break ties."""

_BEHIND_ALL = AgentId("\U0010ffff")
"""Behind every id there is."""


class Candidate(NamedTuple):
    """An available agent of the queue: the first step that he matches, his key, and what strategies see of him."""

    step: int
    key: OrderKey
    view: AgentView


@final
class Eligible:
    """Candidates in the strategy's order; valid until the next turn changes something."""

    __slots__ = ("_available", "_gaps", "_left_out", "_order", "_step")

    def __init__(
        self,
        step: int,
        order: "SortedList[Place]",
        left_out: Collection[AgentId],
        available: Mapping[AgentId, Candidate],
    ) -> None:
        """Show those who stand in that step's `order`: all of that step who are `available`, but for those left out."""
        self._step = step
        self._order = order
        self._left_out = left_out
        self._available = available
        self._gaps: list[int] | None = None

    @property
    def first(self) -> AgentId:
        """The best of them. Raises StopIteration where there is none, which is never asked about."""
        return next(self._ids())

    def __iter__(self) -> Iterator[AgentView]:
        """Go through them, best first."""
        return (self._available[agent].view for agent in self._ids())

    def __len__(self) -> int:
        """Count them."""
        count = len(self._order)
        return count - len(self._gaps_in_order()) if self._left_out else count

    def get(self, agent: AgentId) -> AgentView | None:
        """Give this agent if he is a candidate."""
        found = self._available.get(agent)
        if found is None or found.step != self._step or agent in self._left_out:
            return None
        return found.view

    def top(self, count: int) -> Sequence[AgentView]:
        """Give the best `count` of them."""
        return tuple(islice(self, max(count, 0)))

    def at(self, index: int) -> AgentView:
        """Give the one at this place, 0 the best. Raises IndexError."""
        if index < 0:
            raise IndexError(index)
        place = index
        if self._left_out:
            for gap in self._gaps_in_order():
                if gap > place:
                    break
                place += 1
        return self._available[self._order[place][1]].view

    def count_until(self, key: OrderKey) -> int:
        """Count those whose order key is at most `key`."""
        place = self._order.bisect_right((key, _BEHIND_ALL))
        return place - bisect_left(self._gaps_in_order(), place) if self._left_out else place

    def _ids(self) -> Iterator[AgentId]:
        left_out = self._left_out
        return (agent for _, agent in self._order if agent not in left_out)

    def _gaps_in_order(self) -> list[int]:
        """The places of those left out, in their order."""
        if self._gaps is None:
            here = (
                (found.key, agent)
                for agent in self._left_out
                if (found := self._available.get(agent)) is not None and found.step == self._step
            )
            self._gaps = sorted(self._order.bisect_left(place) for place in here)
        return self._gaps
