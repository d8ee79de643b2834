"""What the server makes of values and back: names, times, filters, ids; and that the enums know every word."""

import string
from datetime import UTC, datetime

import pytest
from google.protobuf.duration_pb2 import Duration
from hypothesis import given
from hypothesis import strategies as st

from hookflash.engine.domain import events as e
from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.events import Event
from hookflash.engine.domain.notices import NoticeKey, Style
from hookflash.engine.domain.refusals import CODES, BadField, BadId, InvalidSetting, Reason
from hookflash.engine.domain.values import (
    AgentSettings,
    AttributeKind,
    AttributeSettings,
    ChannelSettings,
    MediaDomainSettings,
    QueueSettings,
    Step,
    offer_id,
)
from hookflash.engine.journal.codec import EVENTS
from hookflash.engine.journal.record import Cause, CauseKind, Fact, Record
from hookflash.engine.server import names
from hookflash.engine.server.convert_event import events_to
from hookflash.engine.server.convert_site import Settings, etag_of, settings_from, settings_to
from hookflash.engine.server.convert_timeline import delivery_to, transcript_entry_to
from hookflash.engine.server.convert_values import duration, seconds_or_none, timestamp
from hookflash.engine.server.filters import filter_from
from hookflash.engine.server.methods import RolesMissingError, methods
from hookflash.engine.server.status import STATUS_CODES
from hookflash.engine.settings import Limits
from hookflash.sdk.types import AgentId, AttributeId, ChannelId, MediaDomainId, ParticipantRole, QueueId
from hookflash.v1 import errors_pb2, queue_pb2, queue_service_pb2
from tests.journal.every_event import any_event

IDS = st.from_regex(r"[a-z0-9][a-z0-9._-]{0,62}", fullmatch=True)
TEXTS = st.text(string.printable, max_size=20)
SECONDS = st.integers(1, 2_592_000_000_000).map(lambda micros: micros / 1_000_000)


@given(IDS, st.integers(1, 10**17))
def test_a_name_that_was_put_together_is_taken_apart_the_same(identifier: str, number: int) -> None:
    assert names.bare_id("name", names.name(Kind.QUEUE, identifier), Kind.QUEUE) == identifier
    name = names.numbered_name(identifier, "invites", number)
    assert names.numbered("name", name, "invites") == (identifier, number)
    assert names.offer("name", names.offer_name(offer_id(identifier, number))) == (identifier, number)


@given(st.text(max_size=80))
def test_whatever_else_comes_as_a_name_is_refused_and_not_repeated_in_the_sentence(text: str) -> None:
    for parse in (
        lambda: names.queue("name", text),
        lambda: names.offer("name", text),
        lambda: names.numbered("name", text, "deliveries"),
    ):
        try:
            parse()
        except (BadId, BadField) as refusal:
            assert refusal.field == "name"  # noqa: PT017  most texts are refused, and a few are names
            assert len(refusal.sentence) < 300  # noqa: PT017


@given(st.integers(0, 4_102_444_800_000_000))
def test_a_time_keeps_its_microseconds(micros: int) -> None:
    at = micros / 1_000_000
    shown = timestamp(at)
    assert shown.seconds * 1_000_000 + shown.nanos // 1_000 == pytest.approx(micros, abs=1)
    assert shown.ToDatetime(UTC) == datetime.fromtimestamp(shown.seconds, UTC).replace(microsecond=shown.nanos // 1_000)


@given(SECONDS)
def test_a_duration_comes_back_as_it_went(length_s: float) -> None:
    queue = queue_pb2.Queue(ttl=duration(length_s))
    assert seconds_or_none(queue, "ttl") == pytest.approx(length_s, abs=1e-6)


def test_a_duration_of_nothing_less_than_nothing_or_more_than_a_month_is_refused() -> None:
    for wrong in (Duration(), Duration(seconds=-1), Duration(nanos=-1), Duration(seconds=2_592_001)):
        with pytest.raises(InvalidSetting):
            seconds_or_none(queue_pb2.Queue(ttl=wrong), "ttl")
    assert seconds_or_none(queue_pb2.Queue(), "ttl") is None


def test_a_filter_is_equalities_joined_by_and() -> None:
    fields = ("state", "agent")
    assert filter_from("", *fields) == {}
    assert filter_from("state = ACTIVE AND agent = agents/ann", *fields) == {"state": "ACTIVE", "agent": "agents/ann"}
    assert filter_from('  agent="agents/ann"  ', *fields) == {"agent": "agents/ann"}
    for wrong in (
        "state",
        "state =",
        "= ACTIVE",
        "state = A B",
        "state != A",
        "state = A AND",
        "state = A and agent = b",
    ):
        with pytest.raises(BadField):
            filter_from(wrong, *fields)


SETTINGS = st.one_of(
    st.builds(
        QueueSettings,
        id=IDS.map(QueueId),
        display_name=TEXTS,
        media_domain=IDS.map(MediaDomainId),
        priority=st.integers(1, 10),
        strategy=IDS,
        strategy_options=st.dictionaries(IDS, TEXTS, max_size=3),
        offer_timeout_s=st.none() | SECONDS,
        ttl_s=st.none() | SECONDS,
        waiting_max=st.none() | st.integers(1, 1_000_000),
        steps=st.lists(st.builds(Step, expression=TEXTS, wait_s=SECONDS), max_size=3).map(tuple),
        overflow=st.none() | IDS.map(QueueId),
    ),
    st.builds(
        AgentSettings,
        id=IDS.map(AgentId),
        display_name=TEXTS,
        capacity=st.dictionaries(IDS.map(MediaDomainId), st.integers(0, 1_000), max_size=3),
        attributes=st.dictionaries(IDS.map(AttributeId), st.integers(0, 10), max_size=3),
        queues=st.lists(IDS.map(QueueId), max_size=3).map(tuple),
    ),
    st.builds(
        ChannelSettings,
        id=IDS.map(ChannelId),
        kind=IDS,
        is_external=st.booleans(),
        queue=st.none() | IDS.map(QueueId),
        media_domain=IDS.map(MediaDomainId),
        settings=st.dictionaries(IDS, TEXTS, max_size=3),
    ),
    st.builds(AttributeSettings, id=IDS.map(AttributeId), kind=st.sampled_from(AttributeKind)),
    st.builds(MediaDomainSettings, id=IDS.map(MediaDomainId), capacity=st.integers(0, 1_000)),
)


@given(SETTINGS)
def test_whatever_is_applied_comes_back_the_same(settings: Settings) -> None:
    again = settings_from(settings_to(settings), "it", Limits())
    # A float's last bits are not on the wire, which has microseconds.
    assert settings_to(again) == settings_to(settings)
    assert etag_of(again) == etag_of(settings)


def test_every_reason_has_its_value_on_the_wire_and_its_code_is_one_of_grpcs() -> None:
    words = {name.removeprefix("ERROR_REASON_") for name in errors_pb2.ErrorReason.keys()}  # noqa: SIM118
    assert words - {"UNSPECIFIED"} == {str(reason) for reason in Reason}
    assert all(STATUS_CODES[code].name == code for code in CODES.values())


def test_a_method_without_roles_keeps_the_server_from_starting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hookflash.engine.server.methods.ROLES", {})
    with pytest.raises(RolesMissingError, match="QueueService/GetQueue"):
        list(methods((queue_service_pb2.DESCRIPTOR,)))


@pytest.mark.spec("I7", "R-W3")
def test_nothing_but_a_message_and_a_customers_notice_can_become_an_entry_of_the_customers() -> None:
    message = e.MessageSent(
        at=1.0,
        number=1,
        sequence=1,
        transcript=1,
        delivery=1,
        role=ParticipantRole.PRIMARY,
        agent=AgentId("ann"),
        display_name="Ann",
        text="hello",
    )
    notice = e.CustomerNoticed(
        at=1.0, sequence=2, transcript=2, delivery=2, key=NoticeKey.JOIN_OTHERS_JOINED, text="Ann has joined"
    )
    assert transcript_entry_to("42", message).message.text == "hello"
    assert delivery_to("42", "kim", notice, 2, 1).notice.text == "Ann has joined"
    whisper = e.WhisperSent(
        at=1.0,
        number=1,
        sequence=3,
        role=ParticipantRole.PRIMARY,
        agent=AgentId("ann"),
        display_name="Ann",
        text="psst",
    )
    staff = e.StaffNoticed(
        at=1.0, sequence=4, key=NoticeKey.CONFERENCE_AGENTS_PLACED, style=Style.TIMELINE, text="by Ann"
    )
    for leak in (whisper, staff):
        with pytest.raises(TypeError):
            transcript_entry_to("42", leak)  # type: ignore[arg-type]
        with pytest.raises(TypeError):
            delivery_to("42", "kim", leak, 3, 1)  # type: ignore[arg-type]


@given(any_event())
def test_every_event_can_be_read_in_any_language(event: Event) -> None:
    record = Record(
        position=7,
        at=1_700_000_000.25,
        principal="ADMIN:admins/root",
        cause=Cause(CauseKind.COMMAND, "r1"),
        facts=(Fact(Address(Kind.CONVERSATION, "42"), event),),
    )
    (shown,) = events_to(record, is_said_shown=False)
    assert (shown.position, shown.index, shown.type, shown.cause) == (7, 0, type(event).__name__, "COMMAND:r1")
    assert EVENTS[shown.type] is type(event)
    (whole,) = events_to(record, is_said_shown=True)
    assert set(dict(shown.payload)) <= set(dict(whole.payload))
