"""Deadlines are state; this heap is a cache of them, kept in step as states change and filled again on recovery."""

import heapq
from collections.abc import Iterator, Mapping
from itertools import count

from hookflash.engine.domain.address import Address
from hookflash.engine.domain.agent import Agent
from hookflash.engine.domain.commands import Timer
from hookflash.engine.domain.conversation.state import Conversation
from hookflash.engine.domain.deciders import deadlines
from hookflash.engine.domain.states import State

__all__ = ["Due", "Timers"]

Due = tuple[float, Address, Timer]
"""When, whose, and what it will be asked."""

_SPARE = 1_000
"""Stale entries that the heap may hold beyond the live ones before it is rebuilt."""


class Timers:
    """The deadlines of all live entities, earliest first."""

    def __init__(self) -> None:
        """Begin with none."""
        self._order = count()
        self._live: dict[tuple[Address, Timer], float] = {}
        self._heap: list[tuple[float, int, Address, Timer]] = []

    def __len__(self) -> int:
        """How many deadlines there are."""
        return len(self._live)

    def change(self, address: Address, before: State | None, after: State | None) -> None:
        """Follow a state's change. Swapping `before` and `after` undoes it."""
        if _same(before, after):
            return
        was, is_ = _deadlines(before), _deadlines(after)
        for command in was:
            if command not in is_:
                self._live.pop((address, command), None)
        for command, when in is_.items():
            if was.get(command) != when:
                self._live[address, command] = when
                heapq.heappush(self._heap, (when, next(self._order), address, command))
        if len(self._heap) > 2 * len(self._live) + _SPARE:
            self._heap = [entry for entry in self._heap if self._is_live(entry)]
            heapq.heapify(self._heap)

    def next_at(self) -> float | None:
        """The earliest deadline."""
        while self._heap and not self._is_live(self._heap[0]):
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def due(self, now: float) -> Iterator[Due]:
        """Take out what is due by then, in the order of the deadlines, as it stands at each step."""
        while (when := self.next_at()) is not None and when <= now:
            _, _, address, command = heapq.heappop(self._heap)
            del self._live[address, command]
            yield when, address, command

    def postpone(self, when: float, address: Address, command: Timer) -> None:
        """Put one back for later: its turn failed."""
        self._live[address, command] = when
        heapq.heappush(self._heap, (when, next(self._order), address, command))

    def _is_live(self, entry: tuple[float, int, Address, Timer]) -> bool:
        when, _, address, command = entry
        return self._live.get((address, command)) == when


def _deadlines(state: State | None) -> Mapping[Timer, float]:
    return {} if state is None else deadlines(state)


def _same(before: State | None, after: State | None) -> bool:
    """Spare the common cases: a message changes no deadline, and a queue has none."""
    if isinstance(before, Conversation) and isinstance(after, Conversation):
        return before.invite is after.invite and before.unattended_due == after.unattended_due
    if isinstance(before, Agent) and isinstance(after, Agent):
        return before.grace_until == after.grace_until
    # Nothing else has a deadline.
    return not isinstance(before or after, Conversation | Agent)
