"""From WhatsApp's webhook to arrivals: all entries, all changes, all messages and statuses.

An item that cannot be read is shown as such where it is known whose it is, and else counted; the others are not lost.
"""

from typing import Final

from hookflash.plugins.meta.reading import Json, Reading, UnreadableError, at_s, envelope, items, member, required, text
from hookflash.plugins.whatsapp.contents import Content, content_of
from hookflash.plugins.whatsapp.people import Person, address_of, person_of
from hookflash.sdk import (
    Arrival,
    ChannelId,
    DeliveryId,
    Edited,
    ExternalId,
    Inbound,
    Receipt,
    ReceiptState,
    Removed,
    Text,
    Unsupported,
)

__all__ = ["read"]

_STATES: Final = {
    "sent": ReceiptState.SENT,
    "delivered": ReceiptState.DELIVERED,
    "read": ReceiptState.READ,
    "played": ReceiptState.READ,
    "failed": ReceiptState.FAILED,
}


def read(body: bytes, channel: ChannelId, number: str) -> Reading:
    """Read a request's body for the business number with this id. Raises ParseError where it is not WhatsApp's."""
    reading = Reading()
    _, entries = envelope(body, "whatsapp_business_account")
    for entry in entries:
        for change in items(entry, "changes"):
            value = member(change, "value")
            field = text(change, "field")
            if field not in ("messages", "smb_message_echoes"):
                continue  # What an admin subscribed to besides: templates, quality, account updates.
            if text(value, "metadata", "phone_number_id") != number:
                reading.skip("another number")
            elif field == "messages":
                _read_value(reading, value, channel, number)
            else:
                _read_echoes(reading, value, channel, number)
    return reading


def _read_value(reading: Reading, value: Json, channel: ChannelId, number: str) -> None:
    for message in items(value, "messages"):
        try:
            reading.arrivals.append(_arrival(message, person_of(value, message, channel, number)))
        except UnreadableError:
            reading.skip("unreadable")
    for status in items(value, "statuses"):
        try:
            reading.arrivals.append(_receipt(status, channel, number))
        except UnreadableError:
            reading.skip("unreadable")
    for error in items(value, "errors"):
        reading.skip(f"account error {error.get('code')}")


def _arrival(message: Json, sender: Person) -> Arrival:
    key = required(message, "id")
    at = at_s(message, "timestamp")
    kind = text(message, "type")
    try:
        if kind == "edit":
            original = ExternalId(required(message, "edit", "original_message_id"))
            changed = _words(content_of(member(message, "edit", "message")))
            return Edited(dedupe_key=key, address=sender.address, external_id=original, text=changed, at=at)
        if kind == "revoke":
            original = ExternalId(required(message, "revoke", "original_message_id"))
            return Removed(dedupe_key=key, address=sender.address, external_id=original, at=at)
        content = content_of(message)
    except UnreadableError:
        content = f"{kind} that cannot be read".lstrip()
    if isinstance(content, str):
        return Unsupported(dedupe_key=key, address=sender.address, what=content, at=at, external_id=ExternalId(key))
    return Inbound(
        dedupe_key=key,
        address=sender.address,
        content=content,
        at=at,
        external_id=ExternalId(key),
        name=sender.name or None,
        reply_to=_reply_to(message),
    )


def _words(content: Content) -> str:
    """The text of an edited message, or the caption of an edited medium."""
    words = "" if isinstance(content, str) else content.text if isinstance(content, Text) else content.caption
    if not words:
        raise UnreadableError("an edit without words")
    return words


def _reply_to(message: Json) -> ExternalId | None:
    found = text(message, "context", "id")
    return ExternalId(found) if found else None


def _receipt(status: Json, channel: ChannelId, number: str) -> Receipt:
    external_id, word = required(status, "id"), required(status, "status")
    state = _STATES.get(word)
    if state is None:
        raise UnreadableError(f"the status {word}")
    ours = text(status, "biz_opaque_callback_data")
    ids = ("recipient_user_id", "recipient_id", "recipient_parent_user_id")
    return Receipt(
        dedupe_key=f"{external_id}:{word}",
        state=state,
        at=at_s(status, "timestamp"),
        external_id=ExternalId(external_id),
        delivery_id=DeliveryId(ours) if ours else None,
        error=_error(status) if state is ReceiptState.FAILED else None,
        address=address_of((text(status, each) for each in ids), channel, number),
    )


def _error(status: Json) -> str:
    error = next(iter(items(status, "errors")), {})
    said = text(error, "error_data", "details") or text(error, "title") or text(error, "message") or "failed"
    return f"{said} ({error['code']})" if type(error.get("code")) is int else said


def _read_echoes(reading: Reading, value: Json, channel: ChannelId, number: str) -> None:
    for message in items(value, "message_echoes"):
        try:
            reading.arrivals.append(_echo(message, person_of(value, message, channel, number, is_echo=True)))
        except UnreadableError:
            reading.skip("unreadable echo")


def _echo(message: Json, to: Person) -> Inbound:
    """What somebody of ours wrote in the WhatsApp Business app on his telephone."""
    key, content = required(message, "id"), content_of(message)
    if isinstance(content, str):
        raise UnreadableError("an echo that cannot be shown")
    return Inbound(
        dedupe_key=key,
        address=to.address,
        content=content,
        at=at_s(message, "timestamp"),
        external_id=ExternalId(key),
        reply_to=_reply_to(message),
        is_echo=True,
    )
