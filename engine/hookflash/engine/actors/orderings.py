"""Orderings that are not bundled, asked outside the cascade for the key of what waits; nothing waits for them.

A key is no decision: until it is there, and where the plugin fails, the invite goes before those that have one. Keys
are not recorded, only what they led to, so they are asked for again after a restart.
"""

import asyncio
from collections.abc import Sequence

from hookflash.engine.domain.address import Kind
from hookflash.engine.domain.events import InviteParkedAgain, InvitePlaced, QueueConfigured, StepOpened
from hookflash.engine.plugins import PluginHost
from hookflash.engine.plugins.orderings import BY_AGE, LoadedOrdering
from hookflash.sdk.hosting.calls import PluginFailedError
from hookflash.sdk.types import ConversationId

from .calls import Sealed
from .matching import Waiting
from .shard import Shard

__all__ = ["Orderings"]

_NEW_VIEW = (InvitePlaced, InviteParkedAgain, StepOpened)
"""After these an ordering sees another invite than before."""


class Orderings:
    """The keys that are being asked for."""

    def __init__(self, shard: Shard, plugins: PluginHost) -> None:
        """Take who waits, and who is asked."""
        self._shard = shard
        self._plugins = plugins
        self._open: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        """Ask about all that waits: the engine was started anew."""
        for waiting in self._shard.matching.all_waiting():
            self._ask_about(waiting)

    def follow(self, group: Sequence[Sealed]) -> None:
        """Ask about what began to wait, or waits under other settings: the shard's listener."""
        for sealed in group:
            for fact in sealed.record.facts:
                if isinstance(fact.event, _NEW_VIEW):
                    waiting = self._shard.matching.waiting(ConversationId(fact.subject.id))
                    if waiting is not None:
                        self._ask_about(waiting)
                elif isinstance(fact.event, QueueConfigured) and fact.subject.kind is Kind.QUEUE:
                    self._ask_about_line(fact.subject.id)

    def stop(self) -> None:
        """Ask nothing any more."""
        for task in self._open:
            task.cancel()

    def _ask_about_line(self, queue: str) -> None:
        for waiting in self._shard.matching.all_waiting():
            if waiting.queue == queue:
                self._ask_about(waiting)

    def _ask_about(self, waiting: Waiting) -> None:
        ordering = self._shard.matching.index(waiting.queue).ordering
        if ordering is None or ordering.is_bundled:
            return
        task = asyncio.get_running_loop().create_task(self._ask(ordering, waiting))
        self._open.add(task)
        task.add_done_callback(self._open.discard)

    async def _ask(self, ordering: LoadedOrdering, waiting: Waiting) -> None:
        calls = self._plugins.pure_calls(ordering.plugin, ordering.what, self._shard.clock.wake_at)
        view = self._shard.matching.view(waiting)
        try:
            key = await calls.ask("", lambda: ordering.key(view), fallback=BY_AGE)
        except PluginFailedError:
            return  # That is reported, and the age orders it.
        self._shard.matching.set_key(waiting.talk.id, waiting.invite.number, key)
