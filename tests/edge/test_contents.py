"""Only what is for the customer becomes a Delivery: by exact type, whatever it looks like."""

from dataclasses import replace
from typing import Any, cast

import pytest
from msgspec.structs import asdict

from hookflash.engine.domain import events as e
from hookflash.engine.domain.notices import NoticeKey, Style
from hookflash.engine.edge.contents import Outgoing, delivery_of, read_delivery_name
from hookflash.sdk.channel import CustomerNotice, Delivery, Media, MediaKind, MediaRef, Message
from hookflash.sdk.messages import Whisper
from hookflash.sdk.types import AgentId, ChannelId, ConversationId, ParticipantRole

PRIVATE = "he is a difficult one"


def _deliver(event: object) -> Delivery:
    return delivery_of(
        cast("Outgoing", event),
        channel=ChannelId("web"),
        address="carl",
        conversation=ConversationId("1"),
        attempt=1,
    )


def _message(delivery: int | None) -> e.MessageSent:
    return e.MessageSent(
        at=1.0,
        number=1,
        sequence=1,
        transcript=1,
        delivery=delivery,
        role=ParticipantRole.PRIMARY,
        agent=AgentId("ann"),
        display_name="Ann",
        text="hello",
    )


def test_a_message_and_a_customer_notice_are_handed_out_as_what_they_are() -> None:
    notice = e.CustomerNoticed(
        at=1.0, sequence=1, transcript=1, delivery=7, key=NoticeKey.CLOSE_CUSTOMER_CLOSED, text="bye"
    )
    assert _deliver(_message(3)).content == Message(sender_name="Ann", text="hello")
    assert _deliver(notice).content == CustomerNotice(key="close.customer.closed", text="bye")


@pytest.mark.spec("R-W3", "I7", "A-29")
def test_a_whisper_a_notice_for_agents_a_note_and_a_look_alike_never_become_a_delivery() -> None:
    whisper = e.WhisperSent(
        at=1.0, number=1, sequence=1, role=ParticipantRole.PRIMARY, agent=AgentId("ann"), display_name="", text=PRIVATE
    )
    staff = e.StaffNoticed(at=1.0, sequence=1, key=NoticeKey.CUSTOMER_AGENTS_LEFT, style=Style.TIMELINE, text=PRIVATE)

    class Alike(e.MessageSent, frozen=True, kw_only=True):
        """A subclass is another type."""

    alike = Alike(**asdict(_message(3)))
    for event in (whisper, staff, alike, PRIVATE):
        with pytest.raises(TypeError) as refused:
            _deliver(event)
        assert PRIVATE not in str(refused.value)


@pytest.mark.spec("R-W3", "I7")
def test_a_medium_holds_nothing_but_texts_and_has_no_caption_beside_its_messages_text() -> None:
    picture = Media(kind=MediaKind.IMAGE, ref=MediaRef(url="https://files.example/1.png"))
    assert Message(sender_name="Ann", text="", media=picture).media == picture
    whisper: Any = Whisper(sender_name="Ann", text=PRIVATE)
    wrong: list[Any] = [whisper]
    wrong += [replace(picture, **{name: whisper}) for name in ("kind", "ref", "caption")]
    wrong += [replace(picture, ref=replace(picture.ref, **{name: whisper})) for name in ("id", "url", "name", "size")]
    for media in wrong:
        with pytest.raises(TypeError) as refused:
            Message(sender_name="Ann", text="", media=media)
        assert PRIVATE not in str(refused.value)
    with pytest.raises(ValueError, match="is its text"):
        Message(sender_name="Ann", text="", media=replace(picture, caption="my cat"))


def test_a_customers_own_message_does_not_go_out_to_him() -> None:
    with pytest.raises(TypeError):
        _deliver(_message(None))


@pytest.mark.parametrize(
    "name", ["conversations/1/deliveries/0", "conversations/1", "x", "conversations/A/deliveries/1"]
)
def test_what_is_no_name_of_a_delivery_is_read_as_none(name: str) -> None:
    assert read_delivery_name(name) is None
    assert read_delivery_name("conversations/4.2/deliveries/10") == ("4.2", 10)
