"""That a customer's messages were seen, told to his channel: when an agent joins, answers, or begins to.

A whisper gives no sign. Like typing it is kept nowhere, and dropped where the provider does not take it. What was not
told before a restart is told with the next, for a provider takes the last one's mark for all before it.
"""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final, Protocol, final

from hookflash.engine.actors.calls import Sealed
from hookflash.engine.domain.conversation.state import Conversation
from hookflash.engine.domain.events import ConversationClosed, MessageSent, ParticipantJoined
from hookflash.sdk.types import ChannelId, ExternalId, ParticipantRole

__all__ = ["UNREAD_MAX", "ReadMarks", "Readers"]

_CUSTOMERS_MAX: Final = 10_000
UNREAD_MAX: Final = 100
"""Messages of one customer that are told of at once, the last ones."""


class Readers(Protocol):
    """Channels that have such a sign; nothing is to be done for those that are not theirs."""

    def mark_read(self, channel: ChannelId, address: str, external_ids: Sequence[ExternalId]) -> bool:
        """Tell a customer that an agent has seen these; never waits. False: another time, one is under way."""


@final
class ReadMarks:
    """What customers wrote that no agent has seen, by the ids that their providers gave it."""

    def __init__(self) -> None:
        """Tell nobody before anybody serves."""
        self._channels: Sequence[Readers] = ()
        self._unread: OrderedDict[tuple[ChannelId, str], list[ExternalId]] = OrderedDict()

    def serve(self, *channels: Readers) -> None:
        """Tell customers through these channels."""
        self._channels = channels

    def arrived(self, channel: ChannelId, address: str, external_id: str) -> None:
        """A customer wrote that, and it is on the timeline."""
        if not external_id:
            return
        ids = self._unread.setdefault((channel, address), [])
        ids.append(ExternalId(external_id))
        del ids[:-UNREAD_MAX]
        self._unread.move_to_end((channel, address))
        if len(self._unread) > _CUSTOMERS_MAX:
            self._unread.popitem(last=False)

    def unread(self, channel: ChannelId, address: str) -> Sequence[ExternalId]:
        """What of a customer's is not told to have been seen."""
        return tuple(self._unread.get((channel, address), ()))

    def seen(self, channel: ChannelId, address: str) -> None:
        """An agent has seen all that this customer wrote."""
        ids = self._unread.pop((channel, address), None)
        if ids and not all(channels.mark_read(channel, address, ids) for channels in self._channels):
            self._unread[channel, address] = ids

    def follow(self, group: Sequence[Sealed]) -> None:
        """See who joins, answers and goes: the shard's listener."""
        if not self._unread:
            return
        for sealed in group:
            for fact in sealed.record.facts:
                state = sealed.states.get(fact.subject)
                if not isinstance(state, Conversation):
                    continue
                match fact.event:
                    case ParticipantJoined(role=ParticipantRole.PRIMARY) | MessageSent(role=ParticipantRole.PRIMARY):
                        self.seen(state.channel, state.address)
                    case ConversationClosed():
                        self._unread.pop((state.channel, state.address), None)
                    case _:
                        pass
