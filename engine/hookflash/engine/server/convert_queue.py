"""Queues with their figures."""

from hookflash.engine.actors.queue_index import QueueStats
from hookflash.engine.domain.queue import Queue
from hookflash.engine.server.convert_site import etag_of, queue_settings_to
from hookflash.engine.server.convert_values import duration, timestamp
from hookflash.sdk.hours import OpenState
from hookflash.v1 import queue_pb2

__all__ = ["queue_to"]


def queue_to(queue: Queue, stats: QueueStats, hours: OpenState, now: float) -> queue_pb2.Queue:
    """A queue with these figures and hours at engine time `now`."""
    message = queue_settings_to(queue.settings)
    message.etag = etag_of(queue.settings)
    message.stats.ready = stats.ready
    message.stats.active = stats.active
    message.stats.available = stats.available
    message.stats.waiting = stats.waiting
    message.stats.is_open = hours.is_open
    if hours.until is not None:
        message.stats.open_change_time.CopyFrom(timestamp(hours.until.timestamp()))
    if stats.oldest_placed_at is not None:
        message.stats.oldest_wait.CopyFrom(duration(max(0.0, now - stats.oldest_placed_at)))
    if stats.longest_offer_at is not None:
        message.stats.longest_offer.CopyFrom(duration(max(0.0, now - stats.longest_offer_at)))
    return message
