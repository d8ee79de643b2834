"""Where a new conversation goes: what a plugin chooses, else the channel's queue; and whether that queue is open now.

Asked before the command, which carries the answer, so a replay asks nobody. A queue that is closed by its calendar
hands over to its overflow queue; where that is closed too, nobody is sought and the customer is told. `Reopening` goes
on from there.
"""

from collections.abc import Callable
from typing import final

from hookflash.engine.actors.queue_index import QueueStats
from hookflash.engine.domain.queue import Queue
from hookflash.engine.domain.struct import Struct
from hookflash.engine.domain.values import ChannelSettings, QueueSettings, Target
from hookflash.engine.plugins.opening_hours import OpeningHours
from hookflash.engine.plugins.policy_hooks import PolicyHooks
from hookflash.sdk.policy import ArrivalView, QueueChoice
from hookflash.sdk.types import QueueId

from .ports import EdgeFacts

__all__ = ["Destination", "Opening"]


@final
class Destination(Struct, frozen=True, kw_only=True):
    """A target (None: the channel's queue, if it has one), who chose it, and the queue that is closed instead."""

    target: Target | None = None
    chosen_by: str = ""
    closed: QueueId | None = None


@final
class Opening:
    """Finds where new conversations go; `stats_of` gives a queue's figures now."""

    def __init__(
        self, facts: EdgeFacts, hooks: PolicyHooks, hours: OpeningHours, stats_of: Callable[[QueueId], QueueStats]
    ) -> None:
        self._facts = facts
        self._hooks = hooks
        self._hours = hours
        self._stats_of = stats_of

    async def of(
        self, channel: ChannelSettings, address: str, *, text: str, customer_name: str, target: Target | None
    ) -> Destination:
        """The destination of a conversation that this customer opens; a target that was given with it is kept."""
        chosen_by = ""
        if target is None and self._hooks.has_choose_queue:
            arrival = ArrivalView(
                channel=channel.id,
                kind=channel.kind,
                media_domain=channel.media_domain,
                address=address,
                text=text,
                customer_name=customer_name,
                queue=channel.queue,
            )
            chosen = await self._hooks.choose_queue(arrival, self._choices())
            if chosen is not None:
                chosen_by, queue = chosen
                target = Target(queue=queue)
        return self._by_hours(channel, target, chosen_by)

    def _by_hours(self, channel: ChannelSettings, target: Target | None, chosen_by: str) -> Destination:
        name = channel.queue if target is None else target.queue
        if name is None or (open_ := self.open_for(name)) == name:
            return Destination(target=target, chosen_by=chosen_by)
        if open_ is not None:
            return Destination(target=Target(queue=open_), chosen_by=chosen_by)
        return Destination(chosen_by=chosen_by, closed=name)

    def open_for(self, name: QueueId) -> QueueId | None:
        """That queue while it is open (or unknown), else its overflow queue while that is; None: both are closed."""
        queue = self._facts.queues().get(name)
        if queue is None or self._hours.is_open(queue.settings.calendar):
            return name
        return self._overflow(queue.settings)

    def _overflow(self, settings: QueueSettings) -> QueueId | None:
        overflow = None if settings.overflow is None else self._facts.queues().get(settings.overflow)
        if overflow is None or overflow.settings.media_domain != settings.media_domain:
            return None
        return overflow.settings.id if self._hours.is_open(overflow.settings.calendar) else None

    def _choices(self) -> list[QueueChoice]:
        return [self._choice(queue) for _, queue in sorted(self._facts.queues().items())]

    def _choice(self, queue: Queue) -> QueueChoice:
        stats = self._stats_of(queue.settings.id)
        return QueueChoice(
            id=queue.settings.id,
            display_name=queue.settings.name,
            media_domain=queue.settings.media_domain,
            available=stats.available,
            waiting=stats.waiting,
            is_open=self._hours.is_open(queue.settings.calendar),
        )
