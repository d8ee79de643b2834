"""What Telegram brings becomes arrivals: documented updates, and what is not as Telegram's are."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hookflash.plugins.telegram import Telegram
from hookflash.sdk import (
    Arrival,
    Edited,
    Inbound,
    Media,
    MediaKind,
    MediaRef,
    ParseError,
    Text,
    Unsupported,
)
from hookflash.sdk.testing import Wire, channel_context
from hookflash.sdk.testing.fakes.telegram import DATE, message
from hookflash.sdk.types import ExternalId
from tests.channels.telegram_adapter import BOT, address, config, pressed, request

AT = datetime.fromtimestamp(DATE, UTC)


def read(**update: Any) -> list[Arrival]:  # noqa: ANN401 - JSON
    return list(Telegram(channel_context(http=Wire().client()), config()).parse(request(**update)))


def test_a_text_is_read() -> None:
    answered = message(1364, "Which one?", sender=BOT)
    assert read(message=message(1365, "Hello", reply_to_message=answered)) == [
        Inbound(
            dedupe_key="10000",
            address=address(),
            content=Text(text="Hello"),
            at=AT,
            external_id=ExternalId("42/1365"),
            name="Carla Weiß",
            reply_to=ExternalId("42/1364"),
        )
    ]


@pytest.mark.parametrize(
    ("fields", "media"),
    [
        (
            {"voice": {"duration": 5, "mime_type": "audio/ogg", "file_id": "AwADBAAD", "file_size": 23000}},
            Media(kind=MediaKind.AUDIO, ref=MediaRef(id="AwADBAAD", mime_type="audio/ogg", size=23000)),
        ),
        (
            {
                "document": {
                    "file_name": "bill.pdf",
                    "mime_type": "application/pdf",
                    "file_id": "BQADBAAD",
                    "file_size": 1_000_000,
                },
                "caption": "the bill",
            },
            Media(
                kind=MediaKind.FILE,
                ref=MediaRef(id="BQADBAAD", mime_type="application/pdf", name="bill.pdf", size=1_000_000),
                caption="the bill",
            ),
        ),
        (
            {"photo": [{"file_id": "small", "width": 90}, {"file_id": "large", "width": 1280, "file_size": 9}]},
            Media(kind=MediaKind.IMAGE, ref=MediaRef(id="large", mime_type="image/jpeg", size=9)),
        ),
        (
            {"video_note": {"length": 240, "duration": 2, "file_id": "round"}},
            Media(kind=MediaKind.VIDEO, ref=MediaRef(id="round")),
        ),
    ],
)
def test_media_are_read_with_their_reference(fields: dict[str, Any], media: Media) -> None:
    (arrival,) = read(message=message(1, None, **fields))
    assert isinstance(arrival, Inbound)
    assert arrival.content == media


def test_an_edit_names_the_message_that_was_changed() -> None:
    (arrival,) = read(edited_message=message(1365, "Hello, Ann", edit_date=DATE + 60))
    assert arrival == Edited(
        dedupe_key="10000",
        address=address(),
        external_id=ExternalId("42/1365"),
        text="Hello, Ann",
        at=AT + timedelta(seconds=60),
    )


def test_a_pressed_button_says_what_stands_on_it() -> None:
    (arrival,) = read(callback_query=pressed("yes"))
    assert arrival == Inbound(
        dedupe_key="10000",
        address=address(),
        content=Text(text="Yes, please", choice_id="yes"),
        at=datetime(2026, 1, 1, tzinfo=UTC),
        external_id=ExternalId("button/4382bfdwdsb323b2d9"),
        name="Carla Weiß",
        reply_to=ExternalId("42/7"),
    )
    (gone,) = read(callback_query=pressed("no"))
    assert isinstance(gone, Inbound)
    assert gone.content == Text(text="no", choice_id="no")


@pytest.mark.parametrize("sort", ["group", "supergroup", "channel"])
def test_what_is_said_outside_a_private_chat_is_unsupported(sort: str) -> None:
    chat = {"id": -1001234, "title": "Friends", "type": sort}
    (arrival,) = read(message=message(5, "Hello all") | {"chat": chat})
    assert isinstance(arrival, Unsupported)
    assert (arrival.what, arrival.address.id) == (f"a message in a {sort}", "-1001234")
    assert "Hello" not in str(arrival)


def test_what_is_no_message_of_a_customer_brings_nothing() -> None:
    assert read(my_chat_member={"chat": {"id": 42, "type": "private"}}) == []
    assert read(message=message(1, "I am a bot", sender=BOT)) == []


@pytest.mark.parametrize(
    "update",
    [
        {"message": {"message_id": 1}},
        {"message": message(1, 5)},  # type: ignore[arg-type]
        {"message": message(1, "x", date=10**30)},
        {"callback_query": {"id": 5, "from": {"id": "x"}}},
    ],
)
def test_what_is_not_as_telegrams_are_is_a_parse_error(update: dict[str, Any]) -> None:
    with pytest.raises(ParseError):
        read(**update)
