"""A queue's own facts: its settings, and how many invites wait in it.

Pure. The order of the line and the choice among candidates are the matching's, which looks across all queues (R-Q3).
"""

from typing import assert_never

from hookflash.engine.domain import events as e
from hookflash.engine.domain.struct import Struct, changed
from hookflash.engine.domain.values import QueueSettings
from hookflash.sdk.types import QueueId

__all__ = ["Queue", "evolve"]


class Queue(Struct, frozen=True, kw_only=True):
    """A named line of waiting invites. `cursor`: a JSON text, what its strategy's last decision left for the next."""

    settings: QueueSettings
    waiting: int = 0
    cursor: str = ""


def evolve(state: Queue | None, event: e.QueueEvent, queue: QueueId) -> Queue | None:
    """The state after the event; None when the queue is gone from the settings."""
    match event:
        case e.QueueConfigured(settings=settings):
            if state is None:
                return Queue(settings=settings)
            # A cursor means nothing to another strategy.
            cursor = state.cursor if state.settings.strategy == settings.strategy else ""
            return changed(state, settings=settings, cursor=cursor)
        case e.QueueDeleted():
            return None
        case e.LineJoined() | e.LineLeft():
            if state is None:
                raise TypeError(f"queue {queue} has no line to which {type(event).__name__} could happen")
            return changed(state, waiting=state.waiting + (1 if isinstance(event, e.LineJoined) else -1))
        case e.CursorMoved(cursor=cursor):
            if state is None:
                raise TypeError(f"queue {queue} has no strategy that could leave a cursor")
            return changed(state, cursor=cursor)
        case _:
            assert_never(event)
