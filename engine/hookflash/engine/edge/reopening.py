"""Who came while his queue was closed is sought for when it opens, or its overflow queue does.

What is to be done is state: `closed_queue` of a conversation stands until the first search for him. So a restart, or a
journal that could not be written, costs nobody his place: whoever is still shut out is looked at again.
"""

import asyncio
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Final, final

import structlog

from hookflash.engine.actors.calls import Call, Sealed
from hookflash.engine.actors.shard import Shard
from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.commands import RouteAfterHours
from hookflash.engine.domain.events import QueueConfigured
from hookflash.engine.journal.record import CauseKind
from hookflash.engine.plugins.opening_hours import OpeningHours
from hookflash.sdk.types import ConversationId, QueueId

from .opening import Opening

__all__ = ["Reopening"]

_AT_ONCE_MAX: Final = 100
"""Routed in one go, so that what else comes in has its turn in between."""

_RETRY_S: Final = 1.0

_log = structlog.get_logger(__name__)


@final
class Reopening:
    """Follows the hours and the settings of queues."""

    def __init__(self, shard: Shard, opening: Opening, hours: OpeningHours) -> None:
        """Hear of every change of the hours."""
        self._shard = shard
        self._opening = opening
        self._routing: asyncio.Task[None] | None = None
        self._is_stale = False
        self._call_off: Callable[[], None] = lambda: None
        hours.on_change(lambda _calendars: self.look())

    def follow(self, group: Sequence[Sealed]) -> None:
        """A queue may have another calendar now, or none: the shard's listener."""
        if any(type(fact.event) is QueueConfigured for sealed in group for fact in sealed.record.facts):
            self.look()

    async def stop(self) -> None:
        """Route nobody any more; who is left is looked at after the next start."""
        self._call_off()
        if self._routing is not None:
            self._routing.cancel()
            await asyncio.gather(self._routing, return_exceptions=True)

    def look(self) -> None:
        """Route whoever can be routed by now."""
        if not self._shard.world.registry.shut_out:
            return
        self._is_stale = True
        if self._routing is None or self._routing.done():
            self._routing = asyncio.get_running_loop().create_task(self._route())

    async def _route(self) -> None:
        while self._is_stale:
            self._is_stale = False
            found = self._shard.world.registry.shut_out
            open_ = iter([(name, queue) for name, shut in found if (queue := self._opening.open_for(shut)) is not None])
            while batch := list(islice(open_, _AT_ONCE_MAX)):
                await self._route_all(batch)

    async def _route_all(self, batch: Sequence[tuple[ConversationId, QueueId]]) -> None:
        call = Call(cause=CauseKind.TIMER, method=RouteAfterHours.__name__)
        done = [
            self._shard.submit(Address(Kind.CONVERSATION, name), RouteAfterHours(queue=queue), call)
            for name, queue in batch
        ]
        failed = [each for each in await asyncio.gather(*done, return_exceptions=True) if isinstance(each, Exception)]
        if failed:
            _log.warning("reopening.not_routed", conversations=len(failed), reason=str(failed[0]))
            self._call_off = self._shard.clock.wake_at(self._shard.clock.now() + _RETRY_S, self.look)
