"""Every event comes back as it was, old versions are brought up, and unknown ones are refused by name."""

import json
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.events import Booted, Event, LineJoined, QueueConfigured
from hookflash.engine.domain.struct import changed
from hookflash.engine.domain.values import QueueSettings
from hookflash.engine.journal import codec
from hookflash.engine.journal.codec import EVENTS, GENESIS, UPCASTERS, VERSIONS, decode, encode, link, payload
from hookflash.engine.journal.port import Damaged, UnknownEvent
from hookflash.engine.journal.record import Cause, CauseKind, Fact, Record
from hookflash.sdk.types import ConversationId, QueueId
from tests.journal.every_event import any_event, of_class
from tests.journal.samples import record_at, record_of

JOINED = LineJoined(conversation=ConversationId("42"), invite=1)


def _again(record: Record) -> Record:
    return decode(encode(record, GENESIS)[0], record.position)


@pytest.mark.spec("I10")
@pytest.mark.parametrize("name", EVENTS)
def test_an_event_of_every_class_comes_back_as_it_was(name: str) -> None:
    @settings(max_examples=25, deadline=None, database=None)
    @given(of_class(EVENTS[name]))
    def comes_back(event: Event) -> None:
        (fact,) = _again(record_of(event)).facts
        assert fact.event == event
        assert type(fact.event) is EVENTS[name]
        assert json.loads(msgspec.json.encode(payload(event))).keys() == payload(event).keys()

    comes_back()


@pytest.mark.spec("I10")
@settings(max_examples=100, deadline=None, database=None)
@given(
    st.builds(
        Record,
        position=st.integers(1, 2**63 - 1),
        at=st.floats(allow_nan=False),
        principal=st.text(),
        cause=st.builds(Cause, st.sampled_from(CauseKind), st.text()),
        facts=st.lists(
            st.builds(Fact, st.builds(Address, st.sampled_from(Kind), st.text()), any_event()), max_size=4
        ).map(tuple),
        key=st.text(),
        digest=st.binary(),
        answer=st.binary(),
        tenant=st.text(),
    )
)
def test_any_record_comes_back_as_it_was_and_encodes_to_the_same_bytes_again(record: Record) -> None:
    encoded, chain = encode(record, GENESIS)
    again = decode(encoded, record.position)
    assert again == record
    assert encode(again, GENESIS) == (encoded, chain)


@pytest.mark.spec("I13")
def test_the_hash_depends_on_every_record_before_it() -> None:
    first, second = record_at(1), record_at(2)
    encoded, chain = encode(first, GENESIS)
    assert chain == link(GENESIS, encoded)
    _, other_chain = encode(changed(first, principal="AGENT:bob"), GENESIS)
    assert encode(second, chain)[0] == encode(second, other_chain)[0]
    assert encode(second, chain)[1] != encode(second, other_chain)[1]


def test_a_mapping_that_cannot_be_changed_is_journaled_like_a_dict() -> None:
    made = QueueSettings(id=QueueId("q"), strategy_options=MappingProxyType({"a": "b"}))
    (fact,) = _again(record_of(QueueConfigured(settings=made))).facts
    assert fact.event == QueueConfigured(settings=changed(made, strategy_options={"a": "b"}))


def test_what_is_no_plain_data_is_refused_before_anything_is_written() -> None:
    event = QueueConfigured(settings=QueueSettings(id=QueueId("q"), strategy_options={"x": object()}))  # type: ignore[dict-item]
    with pytest.raises(TypeError, match="cannot be journaled"):
        encode(record_of(event), GENESIS)


@pytest.fixture
def grow(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let LineJoined have the version and upcasters given, as a later release would."""

    def grown(version: int, *upcasters: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        monkeypatch.setattr(codec, "_CURRENT", {})
        monkeypatch.setitem(VERSIONS, LineJoined, version)
        for number, upcaster in enumerate(upcasters, 1):
            monkeypatch.setitem(UPCASTERS, ("LineJoined", number), upcaster)

    return grown


@pytest.mark.spec("I10")
def test_an_old_event_is_brought_up_through_every_version_between(grow: Callable[..., None]) -> None:
    encoded, _ = encode(record_of(JOINED, Booted(at=1.0, epoch=1, after_position=0)), GENESIS)
    grow(
        3,
        lambda old: {"talk": old["conversation"] + "-a", "invite": old["invite"]},
        lambda old: {"conversation": old["talk"] + "-b", "invite": old["invite"] + 10},
    )
    first, second = decode(encoded, 1).facts
    assert first.event == LineJoined(conversation=ConversationId("42-a-b"), invite=11)
    assert second.event == Booted(at=1.0, epoch=1, after_position=0)
    assert _again(record_of(JOINED)) == record_of(JOINED)


def test_an_event_of_a_newer_version_is_refused_with_what_to_do(grow: Callable[..., None]) -> None:
    grow(2)
    encoded, _ = encode(record_of(JOINED, position=7), GENESIS)
    grow(1)
    with pytest.raises(UnknownEvent, match=r"position 7 .* LineJoined version 2 is newer than version 1.*newer one\."):
        decode(encoded, 7)


def test_an_event_that_this_release_does_not_know_is_refused_with_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    encoded, _ = encode(record_of(JOINED), GENESIS)
    monkeypatch.setattr(codec, "_CURRENT", {})
    monkeypatch.setattr(codec, "EVENTS", {name: cls for name, cls in EVENTS.items() if cls is not LineJoined})
    with pytest.raises(UnknownEvent, match="knows no event LineJoined"):
        decode(encoded, 1)


def test_every_version_but_the_newest_has_its_upcaster() -> None:
    wanted = {(cls.__name__, number) for cls, newest in VERSIONS.items() for number in range(1, newest)}
    assert set(UPCASTERS) == wanted


@settings(max_examples=200, deadline=None, database=None)
@given(st.integers(0, 10_000), st.integers(0, 255))
def test_bytes_that_are_no_record_are_damage_or_another_record_but_no_crash(index: int, value: int) -> None:
    encoded = bytearray(encode(record_at(9), GENESIS)[0])
    encoded[index % len(encoded)] = value
    try:
        assert isinstance(decode(bytes(encoded), 9), Record)
    except Damaged as damage:
        assert damage.position == 9  # noqa: PT017  a flipped letter of a text is still a record


def test_a_record_at_another_place_than_its_own_is_damage() -> None:
    with pytest.raises(Damaged, match="says that it is at 9"):
        decode(encode(record_at(9), GENESIS)[0], 8)
