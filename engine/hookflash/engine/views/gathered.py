"""The rows that a batch of records means for every table, computed without touching the file.

What changes more than once within the batch (a snapshot, an invite, a participation) is one row, its latest. Nothing
is folded here, with one exception: an invite that ended in a record whose end shows the next invite already.
"""

from collections.abc import Callable
from typing import Any, Final, TypeAlias, cast

from hookflash.engine.domain import events as e
from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.conversation.state import Conversation, state_of
from hookflash.engine.domain.states import State, evolve, is_live
from hookflash.engine.domain.timeline import timeline_event, transcript_event
from hookflash.engine.domain.values import Invite
from hookflash.engine.journal.state_codec import encode_state
from hookflash.engine.views.audience import audience
from hookflash.engine.views.payloads import encode_payload
from hookflash.engine.views.projection import Projection

__all__ = ["DAY_S", "Gathered", "Row", "opened_us"]

Row: TypeAlias = tuple[Any, ...]

DAY_S: Final = 86_400.0

_SAID: Final[frozenset[type[e.Event]]] = frozenset((e.MessageSent, e.WhisperSent, e.StaffNoticed, e.CustomerNoticed))
_OF_A_DELIVERY: Final[frozenset[type[e.Event]]] = frozenset((e.DeliverySettled, e.DeliveryReceived))
_OF_AN_INVITE: Final[frozenset[type[e.Event]]] = frozenset(
    (
        e.InvitePlaced,
        e.OfferMade,
        e.OfferEnded,
        e.InviteParkedAgain,
        e.StepOpened,
        e.PauseEnded,
        e.DecisionAsked,
        e.DecisionMade,
        e.InviteEnded,
    )
)
_Said: TypeAlias = e.MessageSent | e.WhisperSent | e.StaffNoticed | e.CustomerNoticed


def opened_us(conversation: Conversation) -> int:
    """When it was opened, in whole microseconds: exact in every place where it is written, read and compared."""
    return round(conversation.opened_at * 1e6)


class Gathered:
    """What one batch writes; where a row holds bytes, it has their place in `blobs` (from 1) and their length.

    `state_before` gives an entity's state as the views have it before the batch.
    """

    def __init__(self, state_before: Callable[[Address], State | None]) -> None:
        self._state_before = state_before
        self.position = 0
        self.at = 0.0
        self.blobs = bytearray()
        self.entries: list[Row] = []
        self.transcript: list[Row] = []
        self.toasts: list[Row] = []
        self.deliveries: dict[tuple[str, int], Row] = {}
        self.settled: list[Row] = []
        self.request_keys: list[Row] = []
        self.leavings: list[Row] = []
        self._participations: dict[tuple[str, str], list[Row]] = {}
        self._invites: dict[tuple[str, int], Invite] = {}
        self._states: dict[Address, tuple[State | None, int]] = {}
        self._changed: dict[Address, None] = {}  # a set that keeps its order, so that a fence keeps out the later one

    def add(self, projection: Projection) -> None:
        """Take one record in."""
        record, states = projection.record, projection.states
        position = record.position
        for place, fact in enumerate(record.facts):
            subject, event = fact.subject, fact.event
            if subject[0] is not Kind.CONVERSATION:
                continue
            cls = type(event)
            if cls in _SAID:
                self._add_said(subject, cast("_Said", event), projection, place)
            elif cls in _OF_A_DELIVERY:
                if cls is e.DeliverySettled:
                    self._settle((subject.id, cast("e.DeliverySettled", event).delivery))
            else:
                self._changed[subject] = None
                self._add_moved(subject, event, projection, place)
        for address, state in states.items():
            self._states[address] = (state, position)
        if record.key:
            self.request_keys.append((*self._kept(record.key.encode()), position, int(record.at // DAY_S)))
        self.position, self.at = position, record.at

    def participations(self) -> list[Row]:
        """Rows of those who came in within the batch, and out again as the case may be."""
        return [row for rows in self._participations.values() for row in rows]

    def snapshots(self) -> list[Row]:
        """Rows of what is there after the batch."""
        return [
            (address.kind, address.id, position, is_live(state), *self._kept(encode_state(state)))
            for address, (state, position) in self._states.items()
            if state is not None
        ]

    def gone(self) -> list[Row]:
        """Keys of what is gone after the batch."""
        return [(address.kind, address.id) for address, (state, _) in self._states.items() if state is None]

    def conversations(self) -> list[Row]:
        """Rows of the list; closed ones first, since the next one of the same customer takes their place."""
        rows = [
            (state.id, opened_us(state), state_of(state), state.closed is None, state.channel, state.address)
            for address in self._changed
            if isinstance(state := self._states[address][0], Conversation)
        ]
        rows.sort(key=lambda row: row[3])
        return rows

    def invites(self) -> list[Row]:
        """Rows of invites; ended ones first, since the next one of the conversation takes their place."""
        rows = [
            (conversation, number, invite.is_open, *self._kept(encode_payload(invite)))
            for (conversation, number), invite in self._invites.items()
        ]
        rows.sort(key=lambda row: row[2])
        return rows

    def _add_said(self, subject: Address, event: _Said, projection: Projection, place: int) -> None:
        """A row for the agents, one for the customer, one for what is on its way to him: as the types allow."""
        entry, seen = timeline_event(event), transcript_event(event)
        payload, position = self._kept(encode_payload(event)), projection.record.position
        if entry is not None:
            only, but = (entry.agent, entry.except_agent) if isinstance(entry, e.StaffNoticed) else (None, None)
            name = type(entry).__name__
            self.entries.append((subject.id, entry.sequence, position, place, only, but, name, *payload))
        elif isinstance(event, e.StaffNoticed):
            self.toasts.extend(
                (agent, position, place, subject.id, *payload)
                for agent, index, _, _ in audience(projection.record, projection.states)
                if index == place
            )
        if seen is None:
            return
        name = type(seen).__name__
        self.transcript.append((subject.id, seen.transcript, name, *payload))
        state = projection.states.get(subject)
        if seen.delivery is not None and isinstance(state, Conversation):
            key = (subject.id, seen.delivery)
            self.deliveries[key] = (*key, position, state.channel, state.address, name, *payload)

    def _add_moved(self, subject: Address, event: e.Event, projection: Projection, place: int) -> None:
        """Comings and goings, and whatever else may change what the list of conversations says."""
        position = projection.record.position
        entry = timeline_event(event)
        if entry is not None:
            name, payload = type(entry).__name__, self._kept(encode_payload(entry))
            self.entries.append((subject.id, entry.sequence, position, place, None, None, name, *payload))
        if type(event) in _OF_AN_INVITE:
            self._add_invite(subject, event, projection)
        elif isinstance(event, e.ParticipantJoined):
            key = (event.agent, subject.id)
            self._participations.setdefault(key, []).append((*key, position, place, None, None, None))
        elif isinstance(event, e.ParticipantLeft):
            key = (event.agent, subject.id)
            left = (position, place, event.sequence)
            if stays := self._participations.get(key):
                stays[-1] = (*stays[-1][:4], *left)
            else:
                self.leavings.append((*key, *left))

    def _add_invite(self, subject: Address, event: e.Event, projection: Projection) -> None:
        after = projection.states.get(subject)
        if not isinstance(after, Conversation) or after.invite is None:
            return
        self._invites[subject.id, after.invite.number] = after.invite
        if isinstance(event, e.InviteEnded) and event.invite != after.invite.number:
            ended = self._ended_invite(subject, event, projection)
            if ended is not None:
                self._invites[subject.id, event.invite] = ended

    def _ended_invite(self, subject: Address, ended: e.InviteEnded, projection: Projection) -> Invite | None:
        """The invite as it ended; the state after the record shows the next one already, so this folds."""
        before = self._states[subject][0] if subject in self._states else self._state_before(subject)
        for fact in projection.record.facts:
            if fact.subject == subject:
                before = evolve(subject, before, fact.event)
                if fact.event is ended:
                    break
        return before.invite if isinstance(before, Conversation) else None

    def _kept(self, blob: bytes) -> tuple[int, int]:
        place = len(self.blobs) + 1
        self.blobs += blob
        return place, len(blob)

    def _settle(self, key: tuple[str, int]) -> None:
        if self.deliveries.pop(key, None) is None:
            self.settled.append(key)
