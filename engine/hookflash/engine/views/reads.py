"""What callers may read of the views. Every method may be called from any thread but the loop's: it reads a file.

Pages are named by where they end (a sequence, or a conversation's opening), so they neither shift nor repeat while
more is written.
"""

from collections.abc import Iterator
from typing import Any, Final, cast

from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.conversation.state import Conversation
from hookflash.engine.domain.events import CustomerNoticed, MessageSent, StaffNoticed, TimelineEvent
from hookflash.engine.domain.states import State
from hookflash.engine.domain.struct import Struct
from hookflash.engine.domain.values import Invite
from hookflash.engine.journal.state_codec import decode_state
from hookflash.engine.views import queries as q
from hookflash.engine.views.gathered import opened_us
from hookflash.engine.views.payloads import decode_entry, decode_invite, decode_outgoing
from hookflash.engine.views.projection import Violation
from hookflash.engine.views.schema import STREAM_ENTRIES_KEPT
from hookflash.engine.views.store import Views
from hookflash.sdk.types import AgentId, ChannelId, ConversationId, ConversationState

__all__ = ["ConversationRow", "DeliveryRow", "Reads", "StreamRow", "TimelineRow", "TranscriptRow"]

_SEQUENCE_MAX: Final = 2**63 - 1


class TimelineRow(Struct, frozen=True):
    """An entry; `agent` is set where the timeline is read for everybody and the entry is for that agent alone."""

    sequence: int
    at: float
    agent: AgentId | None
    event: TimelineEvent


class TranscriptRow(Struct, frozen=True):
    """An entry of the customer's view, under the customer's own number."""

    number: int
    at: float
    event: MessageSent | CustomerNoticed


class ConversationRow(Struct, frozen=True):
    """A conversation as of its last record, which is at `position`."""

    conversation: Conversation
    position: int

    @property
    def token(self) -> tuple[int, ConversationId]:
        """What names the page that ends here: give it as `before` to read on."""
        return opened_us(self.conversation), self.conversation.id


class DeliveryRow(Struct, frozen=True):
    """A delivery that is not settled, and the channel and customer address it goes to."""

    conversation: ConversationId
    delivery: int
    channel: ChannelId
    address: str
    event: MessageSent | CustomerNoticed
    position: int


class StreamRow(Struct, frozen=True):
    """What reached an agent's desk: the event at an index of the record at a position."""

    position: int
    index: int
    conversation: ConversationId
    event: TimelineEvent | StaffNoticed


class Reads:
    """Questions to the views; each is answered as of one moment at or after the watermark that was waited for."""

    def __init__(self, views: Views) -> None:
        self._views = views

    def watermark(self) -> int:
        """The position up to which everything is shown."""
        return self._views.watermark()

    def snapshot(self, address: Address) -> tuple[State, int] | None:
        """An entity's state and the position of the last record that touched it; None where there is none.

        Raises:
            StaleState: it was written by another release; rebuild the views.
        """
        row = self._one(q.SNAPSHOT, address.kind, address.id)
        return None if row is None else (_state(address.kind, row[0]), row[1])

    def live_snapshots(self) -> Iterator[tuple[Address, State, int]]:
        """The entities that recovery loads, with their states and last positions."""
        for name, entity, blob, position in self._views.reader().execute(q.LIVE_SNAPSHOTS):
            kind = Kind(name)
            yield Address(kind, entity), _state(kind, blob), position

    def timeline(
        self,
        conversation: ConversationId,
        agent: AgentId | None = None,
        after_sequence: int = 0,
        limit: int = 100,
        *,
        is_history_visible: bool = True,
    ) -> list[TimelineRow]:
        """Entries after a sequence, oldest first: as that agent may see them, or (None) all there are (R-G6).

        Who was in sees what was up to his last leaving, and later what is for him alone; who never was, and has no
        claim to it as history, sees only the latter.
        """
        if agent is None:
            rows = self._all(q.TIMELINE, conversation, after_sequence, limit)
            return [_timeline_row(row, AgentId(row[3]) if row[3] is not None else None) for row in rows]
        until = self._readable_until(conversation, agent, is_history_visible=is_history_visible)
        named = {"conversation": conversation, "after": after_sequence, "agent": agent, "until": until or 0}
        rows = self._all(q.TIMELINE_OF, **named, limit=limit)
        return [_timeline_row(row, None) for row in rows]

    def may_read(self, conversation: ConversationId, agent: AgentId, *, is_history_visible: bool) -> bool:
        """Whether R-G6 lets the agent read something there: he is or was in it, or it is his customer's history."""
        return self._readable_until(conversation, agent, is_history_visible=is_history_visible) is not None

    def transcript(self, conversation: ConversationId, after: int = 0, limit: int = 100) -> list[TranscriptRow]:
        """Entries of the customer's view after a number, oldest first."""
        found = []
        for number, name, payload in self._all(q.TRANSCRIPT, conversation, after, limit):
            event = decode_outgoing(name, payload)
            found.append(TranscriptRow(number, event.at, event))
        return found

    def conversations(
        self,
        *,
        state: ConversationState | None = None,
        agent: AgentId | None = None,
        readable_by: AgentId | None = None,
        is_history_visible: bool = True,
        before: tuple[int, ConversationId] | None = None,
        limit: int = 100,
    ) -> list[ConversationRow]:
        """Conversations, newest first: of that state, with that agent in it now, that `readable_by` may read."""
        clauses: list[str] = []
        parameters: list[Any] = []
        if state is not None:
            clauses.append(q.OF_STATE)
            parameters.append(state)
        if agent is not None:
            clauses.append(q.WITH_AGENT)
            parameters.append(agent)
        if readable_by is not None:
            clauses.append(q.READABLE_BY_HISTORY if is_history_visible else q.READABLE_BY)
            parameters.extend((readable_by, readable_by) if is_history_visible else (readable_by,))
        if before is not None:
            clauses.append(q.BEFORE)
            parameters.extend(before)
        rows = self._all(q.conversations(clauses), *parameters, limit)
        return [ConversationRow(cast("Conversation", _state(Kind.CONVERSATION, row[0])), row[1]) for row in rows]

    def invite(self, conversation: ConversationId, number: int) -> Invite | None:
        """Any invite of the conversation, past ones as they ended."""
        row = self._one(q.INVITE, conversation, number)
        return None if row is None else decode_invite(row[0])

    def unsettled_deliveries(self) -> Iterator[DeliveryRow]:
        """What has to go out, in the order in which it came up."""
        for conversation, delivery, channel, address, name, payload, position in self._views.reader().execute(
            q.UNSETTLED_DELIVERIES
        ):
            event = decode_outgoing(name, payload)
            yield DeliveryRow(conversation, delivery, channel, address, event, position)

    def stream(self, agent: AgentId, after_position: int, up_to_position: int) -> list[StreamRow] | None:
        """What reached the agent's desk in between, in order; None where that is more than is kept."""
        length = self._one(q.STREAM_LENGTH, agent=agent, after=after_position, limit=STREAM_ENTRIES_KEPT + 1)
        if length is not None and length[0] > STREAM_ENTRIES_KEPT:
            return None
        # Who left and came back in one record has two claims to its entries, and gets them once.
        heard = {(row[0], row[1]): row for row in self._all(q.STREAM, agent=agent, after=after_position)}
        return [
            StreamRow(position, index, conversation, decode_entry(name, payload))
            for position, index, conversation, name, payload in heard.values()
            if position <= up_to_position
        ]

    def position_of_key(self, key: str) -> int | None:
        """The position of the record that a repeat of that key is answered from."""
        row = self._one(q.POSITION_OF_KEY, key)
        return None if row is None else row[0]

    def keys(self) -> Iterator[str]:
        """Every request key and external id that is remembered: for the filter that the shard fills at its start."""
        for (key,) in self._views.reader().execute(q.ALL_KEYS):
            yield str(key)

    def violations(self) -> list[Violation]:
        """The rows that were put aside."""
        return [Violation(*row) for row in self._all(q.VIOLATIONS)]

    def _readable_until(self, conversation: ConversationId, agent: AgentId, *, is_history_visible: bool) -> int | None:
        """The sequence up to which the agent sees everything that agents see; None where he has no claim at all."""
        row = self._one(q.PARTICIPATION, agent, conversation)
        if row is not None and row[0] is None:
            return _SEQUENCE_MAX
        if is_history_visible and self._one(q.IS_HISTORY, conversation, agent) is not None:
            return _SEQUENCE_MAX
        return None if row is None else int(row[0])

    def _one(self, query: str, *parameters: object, **named: object) -> tuple[Any, ...] | None:
        row: tuple[Any, ...] | None = self._views.reader().execute(query, named or parameters).fetchone()
        return row

    def _all(self, query: str, *parameters: object, **named: object) -> list[tuple[Any, ...]]:
        return self._views.reader().execute(query, named or parameters).fetchall()


def _state(kind: Kind, blob: bytes) -> State:
    return cast("State", decode_state(kind, blob))


def _timeline_row(row: tuple[Any, ...], agent: AgentId | None) -> TimelineRow:
    event = decode_entry(row[1], row[2])
    return TimelineRow(row[0], event.at, agent, event)
