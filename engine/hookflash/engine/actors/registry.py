"""What is looked up by other things than an address: a fold over the states of all live entities.

Each change is followed by the pair of states before and after, so a rollback is the same call with the two swapped.
"""

from collections import Counter
from collections.abc import Iterator

from hookflash.engine.domain.conversation.state import Conversation
from hookflash.engine.domain.states import State
from hookflash.sdk.types import ChannelId, ConversationId, QueueId

__all__ = ["Registry"]


class Registry:
    """Open conversations by customer, and how many conversations use each queue and channel."""

    def __init__(self) -> None:
        """Begin empty."""
        self._open: dict[tuple[ChannelId, str], ConversationId] = {}
        self._queues: Counter[QueueId] = Counter()
        self._channels: Counter[ChannelId] = Counter()

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
    def open_conversations(self) -> int:
        """How many conversations are open."""
        return len(self._open)

    def change(self, before: State | None, after: State | None) -> None:
        """Follow a conversation's change; other kinds are not registered here."""
        was = before if isinstance(before, Conversation) else None
        is_ = after if isinstance(after, Conversation) else None
        if (was is None and is_ is None) or _only_talk(was, is_):
            return
        if _key(was) != _key(is_):
            if was is not None and (key := _key(was)) is not None:
                del self._open[key]
            if is_ is not None and (key := _key(is_)) is not None:
                self._open[key] = is_.id
        if was is None or is_ is None or _turns(was) != _turns(is_):
            self._queues.subtract(_queues(was))
            self._queues.update(_queues(is_))
        if _channel(was) != _channel(is_):
            self._channels.subtract(_channel(was))
            self._channels.update(_channel(is_))


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


def _turns(state: Conversation) -> tuple[object, ...]:
    return state.participants, state.invite, state.last_queue, state.closed


def _queues(state: Conversation | None) -> frozenset[QueueId]:
    if state is None or state.closed is not None:
        return frozenset()
    return frozenset(_named(state))


def _named(state: Conversation) -> Iterator[QueueId]:
    if state.last_queue is not None:
        yield state.last_queue
    for participant in state.participants:
        if participant.queue is not None:
            yield participant.queue
    invite = state.open_invite
    if invite is not None and invite.target.queue is not None:
        yield invite.target.queue


def _channel(state: Conversation | None) -> tuple[ChannelId, ...]:
    if state is None or (state.open_session is None and state.is_settled):
        return ()
    return (state.channel,)
