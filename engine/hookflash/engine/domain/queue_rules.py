"""What a queue answers to each command."""

from typing import assert_never

from hookflash.engine.domain import commands as c
from hookflash.engine.domain import events as e
from hookflash.engine.domain.refusals import QueueFull, QueueInUse, QueueNotFound
from hookflash.engine.domain.turn import Context, Decided
from hookflash.sdk.types import QueueId

from .queue import Queue, evolve

__all__ = ["decide"]


def decide(state: Queue | None, command: c.QueueCommand, ctx: Context, queue: QueueId) -> Decided[Queue | None]:
    """The events of the command and the state after them."""
    if isinstance(command, c.MoveCursor) and not _moves(state, command):
        return Decided([], state, [])
    event = _event(state, command, ctx, queue)
    return Decided([event], evolve(state, event, queue), [])


def _moves(state: Queue | None, command: c.MoveCursor) -> bool:
    """Whether that is another cursor, and of the strategy that the queue still has."""
    return state is not None and state.settings.strategy == command.strategy and state.cursor != command.cursor


def _event(state: Queue | None, command: c.QueueCommand, ctx: Context, queue: QueueId) -> e.QueueEvent:
    if isinstance(command, c.ConfigureQueue):
        return e.QueueConfigured(settings=command.settings)
    if state is None:
        raise QueueNotFound(queue)
    match command:
        case c.JoinLine(conversation=conversation, invite=invite, is_exempt=is_exempt):
            own = state.settings.waiting_max
            limit = ctx.limits.waiting_max if own is None else own
            if state.waiting >= limit and not is_exempt:
                raise QueueFull(queue, limit)
            return e.LineJoined(conversation=conversation, invite=invite)
        case c.LeaveLine(conversation=conversation, invite=invite):
            return e.LineLeft(conversation=conversation, invite=invite)
        case c.MoveCursor(cursor=cursor):
            return e.CursorMoved(cursor=cursor)
        case c.DeleteQueue():
            if ctx.facts.queue_uses(queue):
                raise QueueInUse(queue, "an open conversation waits in it or would turn to it")
            if any(channel.queue == queue for channel in ctx.facts.channels().values()):
                raise QueueInUse(queue, "a channel routes to it")
            return e.QueueDeleted()
        case _:
            assert_never(command)
