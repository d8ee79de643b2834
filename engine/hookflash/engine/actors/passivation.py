"""Lets go of entities that nothing will happen to by itself: conversations that are closed and settled.

Only once the views have their last state, so that a read or a late answer to an old offer finds them there.
"""

from collections import deque
from collections.abc import Sequence

from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.states import is_live

from .calls import Sealed
from .shard import Shard

__all__ = ["Passivation"]


class Passivation:
    """The closed conversations that wait for the views to have them."""

    def __init__(self, shard: Shard) -> None:
        """Follow the shard."""
        self._shard = shard
        self._closed: deque[tuple[int, Address]] = deque()
        shard.subscribe(self._follow)

    def _follow(self, group: Sequence[Sealed]) -> None:
        for sealed in group:
            for address, state in sealed.states.items():
                if address.kind is Kind.CONVERSATION and not is_live(state):
                    self._closed.append((sealed.record.position, address))

    def sweep(self, watermark: int) -> None:
        """Let go of those whose last record the views have."""
        while self._closed and self._closed[0][0] <= watermark:
            _, address = self._closed.popleft()
            entity = self._shard.facts.find(address)
            if entity is not None and entity.position <= watermark and not is_live(entity.state):
                self._shard.facts.drop(address)
