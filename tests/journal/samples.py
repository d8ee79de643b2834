"""Records for tests of journals: all of it follows from the position, so a reader can tell what must be there."""

from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.events import Event, MessageSent, SlotReleased
from hookflash.engine.journal.record import Cause, CauseKind, Fact, Record
from hookflash.sdk.types import AgentId, ConversationId, ParticipantRole

__all__ = ["record_at", "record_of", "records_from"]


def record_at(position: int) -> Record:
    """The one record that a test writes at a position: two facts about two entities."""
    said = MessageSent(
        at=float(position),
        number=position,
        sequence=position,
        transcript=position,
        delivery=position if position % 2 else None,
        role=ParticipantRole.PRIMARY,
        agent=AgentId("ann"),
        display_name="Ann",
        text=f"text {position} ü " + "x" * (position % 90),
    )
    return Record(
        position=position,
        at=position * 0.5,
        principal="AGENT:ann",
        cause=Cause(CauseKind.COMMAND, f"request-{position}"),
        facts=(
            Fact(Address(Kind.CONVERSATION, "42"), said),
            Fact(Address(Kind.AGENT, "ann"), SlotReleased(at=float(position), conversation=ConversationId("42"))),
        ),
        key=f"AGENT:ann/SendMessage/request-{position}",
        digest=bytes([position % 256]) * 32,
        answer=b"answer %d" % position,
    )


def records_from(first: int, count: int) -> list[Record]:
    """Consecutive records."""
    return [record_at(position) for position in range(first, first + count)]


def record_of(*events: Event, position: int = 1) -> Record:
    """A record of the engine's own that holds those events."""
    facts = tuple(Fact(Address(Kind.SITE, "main"), event) for event in events)
    return Record(position=position, at=1.0, principal="ENGINE:", cause=Cause(CauseKind.BOOT), facts=facts)
