"""What is looked up by other things than an address: a fold over the states of all live entities.

Each change is followed by the pair of states before and after, so a rollback is the same call with the two swapped.
"""

from collections import Counter
from collections.abc import Sequence

from hookflash.engine.domain.conversation.state import Conversation
from hookflash.engine.domain.states import State
from hookflash.sdk.types import ChannelId, ConversationId, QueueId

__all__ = ["Registry"]


class Registry:
    """Open conversations by customer, who came to a closed queue, and how many conversations use each queue."""

    def __init__(self) -> None:
        """Begin empty."""
        self._open: dict[tuple[ChannelId, str], ConversationId] = {}
        self._queues: Counter[QueueId] = Counter()
        self._channels: Counter[ChannelId] = Counter()
        self._shut_out: dict[ConversationId, tuple[float, QueueId]] = {}

    def conversation_at(self, channel: ChannelId, address: str) -> ConversationId | None:
        """The open conversation of that customer (R-G10)."""
        return self._open.get((channel, address))

    def queue_uses(self, queue: QueueId) -> int:
        """How many open conversations wait in that queue or would turn to it."""
        return self._queues[queue]

    def channel_uses(self, channel: ChannelId) -> int:
        """How many conversations have an open ChannelSession or an unsettled Delivery there."""
        return self._channels[channel]

    @property
    def shut_out(self) -> Sequence[tuple[ConversationId, QueueId]]:
        """The open conversations that found their queue closed and wait for its hours, the first to come first."""
        return [(name, queue) for name, (_, queue) in sorted(self._shut_out.items(), key=lambda each: each[1])]

    @property
    def open_conversations(self) -> int:
        """How many conversations are open."""
        return len(self._open)

    def change(self, before: State | None, after: State | None) -> None:
        """Follow a conversation's change; other kinds are not registered here."""
        was = before if isinstance(before, Conversation) else None
        is_ = after if isinstance(after, Conversation) else None
        if (was is None and is_ is None) or _only_talk(was, is_):
            return
        if (old_key := _key(was)) != (key := _key(is_)):
            if old_key is not None:
                del self._open[old_key]
            if is_ is not None and key is not None:
                self._open[key] = is_.id
        if (old_queues := _queues(was)) != (queues := _queues(is_)):
            self._queues.subtract(old_queues - queues)
            self._queues.update(queues - old_queues)
        if was is not None:
            self._shut_out.pop(was.id, None)
        if is_ is not None and is_.closed is None and is_.closed_queue is not None:
            self._shut_out[is_.id] = is_.opened_at, is_.closed_queue
        if (old_channel := _channel(was)) != (channel := _channel(is_)):
            self._channels.subtract(old_channel)
            self._channels.update(channel)


def _only_talk(was: Conversation | None, is_: Conversation | None) -> bool:
    """Spare the common case: what is said in an open session moves nothing here."""
    return (
        was is not None
        and is_ is not None
        and was.open_session is not None
        and was.sessions is is_.sessions
        and was.participants is is_.participants
        and was.invite is is_.invite
        and was.last_queue is is_.last_queue
        and was.closed is is_.closed
    )


def _key(state: Conversation | None) -> tuple[ChannelId, str] | None:
    if state is None or state.closed is not None:
        return None
    return state.channel, state.address


def _queues(state: Conversation | None) -> set[QueueId]:
    """Where it waits, and where it would turn to."""
    if state is None or state.closed is not None:
        return set()
    named = {participant.queue for participant in state.participants}
    named |= {state.last_queue, state.closed_queue}
    if state.invite is not None and state.invite.is_open:
        named.add(state.invite.target.queue)
    return {queue for queue in named if queue is not None}


def _channel(state: Conversation | None) -> tuple[ChannelId, ...]:
    if state is None or (state.open_session is None and state.is_settled):
        return ()
    return (state.channel,)
