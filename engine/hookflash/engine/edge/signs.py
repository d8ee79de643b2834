"""Signs of typing, both ways: shown for a moment, kept nowhere, and dropped where there are too many.

A customer's sign goes to the desks of his conversation's agents; an agent's goes to the customer's channel and to
nobody else. Who whispers gives no sign: only SendTyping does, which is the agent's word that he writes to the customer.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Final, Protocol, final

from hookflash.engine.actors.clock import Clock
from hookflash.sdk.types import ChannelId, ConversationId

from .ports import EdgeShard
from .read_marks import Readers, ReadMarks

__all__ = ["TypingSigns"]

_KNOWN_MAX: Final = 10_000
_AGAIN_S: Final = 1.0

_Listener = Callable[[ConversationId, bool], None]


class _Channels(Readers, Protocol):
    """Channels that have such signs."""

    def show_typing(self, channel: ChannelId, address: str, *, is_typing: bool) -> None:
        """Show a customer that an agent types, where his channel has such a sign; never waits."""


@final
class TypingSigns:
    """Passes signs on; the same sign of the same customer is passed on once a second."""

    def __init__(self, shard: EdgeShard, clock: Clock) -> None:
        """Pass them to nobody before anybody listens; `reads` are the signs that something was read."""
        self._shard = shard
        self._clock = clock
        self.reads: Final = ReadMarks()
        self._channels: Sequence[_Channels] = ()
        self._listeners: list[_Listener] = []
        self._last: OrderedDict[tuple[str, ChannelId, str], tuple[bool, float]] = OrderedDict()

    def serve(self, *channels: _Channels) -> None:
        """Show agents' signs through these channels."""
        self._channels = channels
        self.reads.serve(*channels)

    def subscribe(self, listener: _Listener) -> Callable[[], None]:
        """Hear of customers' signs; the answer ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def customer(self, channel: ChannelId, address: str, *, is_typing: bool) -> None:
        """A customer types, or has stopped."""
        conversation = self._shard.facts.conversation_at(channel, address)
        if conversation is None or not self._is_news("customer", channel, address, is_typing=is_typing):
            return
        for listener in self._listeners:
            listener(conversation, is_typing)

    def agent(self, channel: ChannelId, address: str, *, is_typing: bool) -> None:
        """An agent types to a customer, or has stopped."""
        self.reads.seen(channel, address)
        if self._is_news("agent", channel, address, is_typing=is_typing):
            for channels in self._channels:
                channels.show_typing(channel, address, is_typing=is_typing)

    def _is_news(self, who: str, channel: ChannelId, address: str, *, is_typing: bool) -> bool:
        key, now = (who, channel, address), self._clock.now()
        before = self._last.pop(key, None)
        if before is not None and before[0] == is_typing and now - before[1] < _AGAIN_S:
            self._last[key] = before
            return False
        self._last[key] = (is_typing, now)
        if len(self._last) > _KNOWN_MAX:
            self._last.popitem(last=False)
        return True
