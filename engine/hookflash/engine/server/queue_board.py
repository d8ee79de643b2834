"""The queues' figures for whoever watches them: everything once, then what changed, at most 5 times a second.

Records only mark queues as changed; a figure is worked out when it is sent, so that a burst costs one look.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from hookflash.engine.actors.calls import Sealed
from hookflash.engine.domain import events as e
from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.conversation.state import Conversation
from hookflash.engine.domain.queue import Queue
from hookflash.engine.domain.refusals import Draining
from hookflash.engine.domain.states import State
from hookflash.engine.server.asking import Asking
from hookflash.engine.server.caller import Caller
from hookflash.engine.server.convert_queue import queue_to
from hookflash.engine.server.outlet import Outlet
from hookflash.sdk.types import AgentId, QueueId
from hookflash.v1 import queue_pb2
from hookflash.v1 import queue_service_pb2 as pb

__all__ = ["QueueBoard"]

_INTERVAL_S: Final = 0.2


class QueueBoard:
    """Watches the queues and tells its readers."""

    def __init__(self, asking: Asking) -> None:
        """Begin without readers."""
        self._asking = asking
        self._outlets: set[Outlet] = set()
        self._changed: set[QueueId] = set()
        self._telling: asyncio.Task[None] | None = None
        asking.engine.questions.hours.on_change(self._hear_hours)

    def queue(self, queue: Queue, leave_out: frozenset[AgentId] = frozenset()) -> queue_pb2.Queue:
        """A queue with its figures now; those left out are in none of the counts of agents (R-A4)."""
        shard = self._asking.shard
        hours = self._asking.engine.questions.hours.state(queue.settings.calendar)
        return queue_to(queue, shard.matching.stats(queue.settings.id, leave_out), hours, shard.clock.now())

    async def watch(self, caller: Caller) -> None:
        """Serve one reader until its stream ends. Raises SlowConsumer."""
        outlet = Outlet(self._asking.limits.stream_buffer_events_max)
        self._outlets.add(outlet)
        try:
            queues = self._asking.shard.facts.queues()
            first = pb.WatchQueuesResponse(queues=[self.queue(queues[name]) for name in sorted(queues)])
            await caller.write(await self._asking.durable(first))
            await outlet.pour(caller.write)
        finally:
            self._outlets.discard(outlet)

    def end_all(self) -> None:
        """The engine stops."""
        for outlet in self._outlets:
            outlet.end(Draining())

    def hear(self, group: Sequence[Sealed]) -> None:
        """Mark what durable records changed."""
        if not self._outlets:
            return
        for sealed in group:
            for address, state in sealed.states.items():
                self._mark(address, sealed.before.get(address), state)
            if any(isinstance(fact.event, e.AgentConfigured | e.AgentDeleted) for fact in sealed.record.facts):
                self._changed.update(self._asking.shard.facts.queues())
        self._tell_soon()

    def _hear_hours(self, calendars: frozenset[str]) -> None:
        """Mark the queues that open or close."""
        if self._outlets:
            queues = self._asking.shard.facts.queues()
            self._changed.update(name for name, queue in queues.items() if queue.settings.calendar in calendars)
            self._tell_soon()

    def _tell_soon(self) -> None:
        if self._changed and self._telling is None:
            self._telling = asyncio.get_running_loop().create_task(self._tell())

    def _mark(self, address: Address, before: State | None, after: State | None) -> None:
        match address.kind:
            case Kind.QUEUE:
                self._changed.add(QueueId(address.id))
            case Kind.AGENT:
                self._changed.update(self._asking.shard.matching.queues_of(AgentId(address.id)))
            case Kind.CONVERSATION:
                for state in (before, after):
                    if isinstance(state, Conversation) and state.invite is not None:
                        self._changed.update({state.invite.target.queue} - {None})  # type: ignore[arg-type]
            case _:
                pass

    async def _tell(self) -> None:
        """Send what changed, then keep still for a while; what changes meanwhile is sent together after it."""
        try:
            while self._changed and self._outlets:
                changed, self._changed = self._changed, set()
                queues = self._asking.shard.facts.queues()
                response = pb.WatchQueuesResponse(
                    queues=[self.queue(queues[name]) for name in sorted(changed) if name in queues],
                    deleted_queues=[f"queues/{name}" for name in sorted(changed) if name not in queues],
                )
                position = self._asking.shard.last_position
                item = (await self._asking.durable(response)).SerializeToString()
                for outlet in list(self._outlets):
                    outlet.put(position, item)
                await asyncio.sleep(_INTERVAL_S)
        finally:
            self._telling = None
