"""From Telegram's updates to arrivals.

Pure, but for the time of a pressed button, which Telegram does not tell. A message's number counts within its chat
only, so ids are `CHAT/NUMBER`.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from hookflash.sdk import (
    Arrival,
    ChannelId,
    CustomerAddress,
    Edited,
    ExternalId,
    Inbound,
    Media,
    MediaKind,
    MediaRef,
    ParseError,
    Text,
    Unsupported,
)

__all__ = ["ALLOWED", "arrivals", "pressed_button", "read_update", "update_id"]

ALLOWED: Final = ("message", "edited_message", "callback_query")
"""The kinds of update that are asked for."""

_MEDIA: Final = {
    "photo": MediaKind.IMAGE,
    "sticker": MediaKind.IMAGE,
    "voice": MediaKind.AUDIO,
    "audio": MediaKind.AUDIO,
    "video": MediaKind.VIDEO,
    "video_note": MediaKind.VIDEO,
    "animation": MediaKind.VIDEO,
    "document": MediaKind.FILE,
}
_NAMED: Final = ("location", "venue", "contact", "poll", "dice", "game", "story", "invoice", "checklist")

_Object = Mapping[str, object]


def read_update(body: bytes) -> _Object:
    """Read an update's JSON. Raises ParseError."""
    try:
        update: object = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ParseError("the body is no JSON") from error
    if not isinstance(update, dict):
        raise ParseError("the body is no update")
    return update


def update_id(update: _Object) -> int:
    """An update's number, which it keeps however often it is brought. Raises ParseError where it has none."""
    number = update.get("update_id")
    if type(number) is not int:
        raise ParseError("an update has an update_id")
    return number


def pressed_button(update: _Object) -> str | None:
    """The id of the callback query in an update, which has to be answered; None where there is none."""
    query = update.get("callback_query")
    number = query.get("id") if isinstance(query, dict) else None
    return number if isinstance(number, str) else None


def arrivals(update: _Object, channel: ChannelId, account: str, now: datetime) -> Iterator[Arrival]:
    """Read what an update brings. Raises ParseError for one that is not as Telegram's are."""
    key = str(update_id(update))
    try:
        if isinstance(message := update.get("message"), dict):
            yield from _said(key, message, channel, account)
        elif isinstance(message := update.get("edited_message"), dict):
            yield from _edited(key, message, channel, account)
        elif isinstance(query := update.get("callback_query"), dict):
            yield from _pressed(key, query, channel, account, now)
    except (KeyError, TypeError, ValueError, OverflowError, OSError, AttributeError, IndexError) as error:
        raise ParseError(f"update {key} cannot be read: {type(error).__name__}") from error


def _said(key: str, message: _Object, channel: ChannelId, account: str) -> Iterator[Arrival]:
    if _is_from_bot(message):
        return
    address, external_id, at = _address(message, channel, account), _external_id(message), _time(message["date"])
    content = _content(message)
    if not _is_private(message):
        content = f"a message in a {_text(_object(message['chat'])['type'])}"
    if isinstance(content, str):
        yield Unsupported(dedupe_key=key, address=address, what=content, at=at, external_id=external_id)
        return
    answered = message.get("reply_to_message")
    yield Inbound(
        dedupe_key=key,
        address=address,
        content=content,
        at=at,
        external_id=external_id,
        name=_name(message.get("from")),
        reply_to=_external_id(answered) if isinstance(answered, dict) else None,
    )


def _edited(key: str, message: _Object, channel: ChannelId, account: str) -> Iterator[Arrival]:
    if _is_from_bot(message) or not _is_private(message):
        return
    text = message.get("text", message.get("caption", ""))
    yield Edited(
        dedupe_key=key,
        address=_address(message, channel, account),
        external_id=_external_id(message),
        text=_text(text),
        at=_time(message.get("edit_date", message["date"])),
    )


def _pressed(key: str, query: _Object, channel: ChannelId, account: str, now: datetime) -> Iterator[Arrival]:
    asked = query.get("message")
    customer = _object(query["from"])
    is_private = isinstance(asked, dict) and _is_private(asked)
    address = CustomerAddress(channel=channel, account=account, id=str(_number(customer["id"])))
    external_id = ExternalId(f"button/{_text(query['id'])}")
    if not (is_private and isinstance(asked, dict)):
        yield Unsupported(dedupe_key=key, address=address, what="a button", at=now, external_id=external_id)
        return
    yield Inbound(
        dedupe_key=key,
        address=address,
        content=Text(text=_title(asked, query.get("data")), choice_id=_choice_id(query.get("data"))),
        at=now,
        external_id=external_id,
        name=_name(customer),
        reply_to=_external_id(asked),
    )


def _title(asked: _Object, pressed: object) -> str:
    """What stands on the button; its own word where the message does not show it any more."""
    markup = asked.get("reply_markup")
    rows = markup.get("inline_keyboard", ()) if isinstance(markup, dict) else ()
    for row in rows:
        for button in row:
            if button.get("callback_data") == pressed:
                return _text(button["text"])
    return _text(pressed)


def _choice_id(pressed: object) -> str:
    return pressed if isinstance(pressed, str) else ""


def _content(message: _Object) -> Text | Media | str:
    """What was said; as a str, the name of what cannot be read."""
    if "text" in message:
        return Text(text=_text(message["text"]))
    for name, kind in _MEDIA.items():
        if name in message:
            given = message[name]
            # Of a photo every size is listed, the largest last.
            found = _object(given[-1] if isinstance(given, list) else given)
            return Media(kind=kind, ref=_ref(name, found), caption=_text(message.get("caption", "")))
    return next((f"a {name}" for name in _NAMED if name in message), "a message of another kind")


def _ref(name: str, found: _Object) -> MediaRef:
    size, kind = found.get("file_size"), "image/jpeg" if name == "photo" else ""
    return MediaRef(
        id=_text(found["file_id"]),
        mime_type=_text(found.get("mime_type", kind)),
        name=_text(found.get("file_name", "")),
        size=size if type(size) is int else None,
    )


def _address(message: _Object, channel: ChannelId, account: str) -> CustomerAddress:
    return CustomerAddress(channel=channel, account=account, id=str(_number(_object(message["chat"])["id"])))


def _external_id(message: _Object) -> ExternalId:
    return ExternalId(f"{_number(_object(message['chat'])['id'])}/{_number(message['message_id'])}")


def _is_private(message: _Object) -> bool:
    return _object(message["chat"]).get("type") == "private"


def _is_from_bot(message: _Object) -> bool:
    sender = message.get("from")
    return isinstance(sender, dict) and sender.get("is_bot") is True


def _name(sender: object) -> str | None:
    if not isinstance(sender, dict):
        return None
    parts = [_text(sender[part]) for part in ("first_name", "last_name") if sender.get(part)]
    return " ".join(parts) or None


def _time(seconds: object) -> datetime:
    return datetime.fromtimestamp(_number(seconds), UTC)


def _object(given: object) -> _Object:
    if not isinstance(given, dict):
        raise TypeError("an object is missing")
    return given


def _number(given: object) -> int:
    if type(given) is not int:
        raise TypeError("a number is missing")
    return given


def _text(given: object) -> str:
    if not isinstance(given, str):
        raise TypeError("a text is missing")
    return given
