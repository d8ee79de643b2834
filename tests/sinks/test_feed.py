"""What sinks are shown: for customers the transcript and nothing that tells of a whisper, for agents everything."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from hookflash.engine.domain.conversation.state import Conversation
from hookflash.engine.domain.events import MessageSent, StaffNoticed, WhisperSent
from hookflash.engine.domain.notices import NoticeKey, Style
from hookflash.engine.edge.contents import said_of
from hookflash.engine.edge.sinks.cursors import Place
from hookflash.engine.edge.sinks.feed import BATCH_MAX, Feed
from hookflash.engine.journal.port import Journal
from hookflash.sdk.messages import Message, Whisper
from hookflash.sdk.sinks import Audience, Said
from hookflash.sdk.types import AgentId, ConversationId, ParticipantRole
from tests.actors.running import running
from tests.sinks.telling import CANARY, conference

ONE = ConversationId("1")


def _all(journal: Journal, audience: Audience) -> list[tuple[Any, ...]]:
    feed, place, batches = Feed(journal, audience), Place(0), []
    while True:
        batch = feed.next(place)
        if batch.items:
            batches.append(batch.items)
        elif batch.place == place:
            return batches
        place = batch.place


async def _batches(
    whispers: Callable[[int], str | None], audience: Audience = Audience.CUSTOMER, rounds: int = 120
) -> list[tuple[Any, ...]]:
    async with running() as run:
        await conference(run, whispers, rounds)
        return _all(run.engine.journal, audience)


def _bytes(batches: list[tuple[Any, ...]]) -> bytes:
    return msgspec.json.encode(batches)


@pytest.mark.spec("I7", "INV-5", "R-G11")
async def test_whispers_changed_or_left_out_leave_every_byte_of_a_customers_sink_as_it_was() -> None:
    whispered = await _batches(lambda number: f"{CANARY} {number}")
    changed = await _batches(lambda number: f"something much longer, {number} times over" * (1 + number % 7))
    without = await _batches(lambda _: None)
    assert len(whispered) > 2, "the transcript must be more than one batch, or its cut shows nothing"
    assert _bytes(whispered) == _bytes(changed) == _bytes(without)
    assert CANARY.encode() not in _bytes(whispered)


@pytest.mark.spec("I7")
async def test_the_same_comparison_finds_a_sink_that_is_told_of_whispers() -> None:
    whispered = await _batches(lambda _: CANARY, Audience.AGENTS, rounds=3)
    without = await _batches(lambda _: None, Audience.AGENTS, rounds=3)
    assert _bytes(whispered) != _bytes(without)
    assert CANARY.encode() in _bytes(whispered)


async def test_a_customers_sink_gets_the_transcript_numbered_from_one_without_a_gap() -> None:
    batches = await _batches(lambda _: CANARY)
    entries = [said for batch in batches for said in batch]
    assert [said.sequence for said in entries] == list(range(1, len(entries) + 1))
    assert all(len(batch) <= BATCH_MAX for batch in batches)
    texts = [said.content.text for said in entries if said.content.text.startswith(("asked", "answered"))]
    assert texts[:4] == ["asked 0", "answered 0", "asked 1", "answered 1"]
    assert {said.is_from_customer for said in entries if said.content.text.startswith("asked")} == {True}
    assert {said.is_from_customer for said in entries if said.content.text.startswith("answered")} == {False}


async def test_an_agents_sink_gets_every_event_as_event_service_tells_it() -> None:
    async with running() as run:
        await conference(run, lambda _: CANARY, rounds=3)
        shown = [event for batch in _all(run.engine.journal, Audience.AGENTS) for event in batch]
        facts = [(s.record, index, fact) for s in run.sealed for index, fact in enumerate(s.record.facts)]
    # The first record, that the engine has booted, was durable before the test listened.
    shown = [event for event in shown if event.position >= facts[0][0].position]
    assert [(event.position, event.index, event.kind, event.subject) for event in shown] == [
        (record.position, index, type(fact.event).__name__, str(fact.subject)) for record, index, fact in facts
    ]
    whisper = next(event for event in shown if event.kind == "WhisperSent")
    assert (whisper.payload["text"], whisper.payload["agent"], whisper.cause) == (CANARY, "ann", "COMMAND")


async def test_a_place_in_the_middle_of_a_record_goes_on_there() -> None:
    async with running() as run:
        await run.site(*(f"a{number}" for number in range(150)))
        feed = Feed(run.engine.journal, Audience.AGENTS)
        first = feed.next(Place(0))
        second = feed.next(first.place)
    assert first.place.facts > 0, "applying so many agents is one record that no batch holds"
    keys = [(event.position, event.index) for event in (*first.items, *second.items)]
    assert keys == sorted(set(keys))


WHISPER = WhisperSent(
    at=1.0, number=1, sequence=1, role=ParticipantRole.PRIMARY, agent=AgentId("ann"), display_name="Ann", text=CANARY
)
NOTICE = StaffNoticed(at=1.0, sequence=1, key=next(iter(NoticeKey)), style=next(iter(Style)), text=CANARY)


class _LookAlike(MessageSent, frozen=True, kw_only=True):
    """A subclass, as untyped code could make one."""

    text: str = CANARY


LOOK_ALIKE = _LookAlike(
    at=1.0, number=1, sequence=1, transcript=1, delivery=1, role=ParticipantRole.PRIMARY, agent=None, display_name=""
)


@pytest.mark.spec("R-W3", "I7")
@pytest.mark.parametrize(
    "event",
    [
        WHISPER,
        NOTICE,
        LOOK_ALIKE,
        Conversation,
    ],
)
def test_nothing_but_the_two_events_of_the_transcript_becomes_an_entry(event: Any) -> None:  # noqa: ANN401  as untyped code
    with pytest.raises(TypeError) as refused:
        said_of(event, conversation=ONE)
    assert CANARY not in str(refused.value)


@pytest.mark.spec("R-W3", "I7")
@pytest.mark.parametrize("content", [Whisper(sender_name="Ann", text=CANARY), CANARY, None, NOTICE])
def test_an_entry_refuses_what_does_not_type_check(content: Any) -> None:  # noqa: ANN401  as untyped code
    with pytest.raises(TypeError) as refused:
        Said(conversation=ONE, sequence=1, at=1.0, content=content)
    assert CANARY not in str(refused.value)
    assert Said(conversation=ONE, sequence=1, at=1.0, content=Message(sender_name="Ann", text="hi")).sequence == 1
