"""Which agents hear which events of a record: the one rule of the live streams and of what is kept for a resume.

Who is in after the record hears all of its entries, also those before his joining. Who left in it hears those up to
his leaving and what is for him alone, so that he is told why; afterwards nothing reaches him any more (R-L9).
"""

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.conversation.state import Conversation
from hookflash.engine.domain.events import ParticipantLeft, StaffNoticed, TimelineEvent
from hookflash.engine.domain.states import State
from hookflash.engine.domain.timeline import hears, timeline_event
from hookflash.engine.journal.record import Record
from hookflash.sdk.types import AgentId

__all__ = ["Heard", "audience"]

Heard: TypeAlias = tuple[AgentId, int, Address, TimelineEvent | StaffNoticed]
"""Who hears it, its index in the record, its conversation, and the event."""


def audience(record: Record, states: Mapping[Address, State | None]) -> Iterator[Heard]:
    """Everything of the record that reaches an agent's desk, in the record's order.

    `states` are the touched entities' states after the record.
    """
    present: dict[Address, tuple[AgentId, ...]] = {}
    left = _leavings(record)
    for index, fact in enumerate(record.facts):
        conversation, event = fact.subject, fact.event
        if conversation.kind is not Kind.CONVERSATION:
            continue
        if isinstance(event, StaffNoticed) and event.sequence is None and event.agent is not None:
            yield event.agent, index, conversation, event  # A toast is his wherever he is.
            continue
        entry = event if isinstance(event, StaffNoticed) else timeline_event(event)
        if entry is None:
            continue
        agents = present.get(conversation)
        if agents is None:
            agents = present[conversation] = _present(states.get(conversation))
        for agent in agents:
            if hears(entry, agent):
                yield agent, index, conversation, entry
        for agent, at in left.get(conversation, {}).items():
            if agent in agents or not hears(entry, agent):
                continue
            if index <= at or (isinstance(entry, StaffNoticed) and entry.agent == agent):
                yield agent, index, conversation, entry


def _present(state: State | None) -> tuple[AgentId, ...]:
    return tuple(p.agent for p in state.participants) if isinstance(state, Conversation) else ()


def _leavings(record: Record) -> dict[Address, dict[AgentId, int]]:
    """For each conversation, who left in this record and at which index for the last time."""
    left: dict[Address, dict[AgentId, int]] = {}
    for index, fact in enumerate(record.facts):
        if isinstance(fact.event, ParticipantLeft):
            left.setdefault(fact.subject, {})[fact.event.agent] = index
    return left
