"""What another system posts to the channel: one JSON object a request, `type`, `timestamp` and `data`.

`webhook-id` is the dedupe key, whatever is in the body; a type that is not known here is no arrival. The page
docs/channels/webhook.md describes every field.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final

from hookflash.sdk import (
    Arrival,
    ChannelId,
    CustomerAddress,
    CustomerLeft,
    DeliveryId,
    Edited,
    ExternalId,
    Inbound,
    Media,
    MediaKind,
    MediaRef,
    ParseError,
    Receipt,
    ReceiptState,
    Removed,
    Text,
    Typing,
    Unsupported,
)

__all__ = ["arrivals"]

_MESSAGE: Final = "message.created"

_Object = Mapping[str, object]


def arrivals(key: str, sent: str, body: bytes, channel: ChannelId) -> Iterator[Arrival]:
    """Read a body; `key` and `sent` are the headers `webhook-id` and `webhook-timestamp`. Raises ParseError."""
    said = _body(body)
    if not key:
        raise ParseError("there is no webhook-id")
    try:
        at = _time(said.get("timestamp"), sent)
        yield from _read(_text(said, "type"), _object(said, "data"), key, at, channel)
    except ParseError:
        raise
    except (ValueError, TypeError, OverflowError, OSError) as error:
        raise ParseError(f"the body is not as it must be: {_told(error)}") from error


def _body(body: bytes) -> _Object:
    try:
        said: object = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ParseError("the body is no JSON") from error
    if not isinstance(said, dict):
        raise ParseError("the body is no object")
    return said


def _read(kind: str, given: _Object, key: str, at: datetime, channel: ChannelId) -> Iterator[Arrival]:
    if kind == "delivery.receipt":
        yield _receipt(given, key, at)
        return
    if kind not in (_MESSAGE, "message.edited", "message.removed", "customer.typing", "customer.left"):
        return
    address = CustomerAddress(channel=channel, id=_text(given, "from"))
    match kind:
        case "message.created":
            yield _message(given, key, at, address)
        case "message.edited":
            text, changed = _text(given, "text"), ExternalId(_text(given, "id"))
            yield Edited(dedupe_key=key, address=address, external_id=changed, text=text, at=at)
        case "message.removed":
            yield Removed(dedupe_key=key, address=address, external_id=ExternalId(_text(given, "id")), at=at)
        case "customer.typing":
            yield Typing(address=address, is_on=given.get("is_on") is not False)
        case _:
            yield CustomerLeft(dedupe_key=key, address=address, at=at)


def _message(given: _Object, key: str, at: datetime, address: CustomerAddress) -> Arrival:
    external_id = ExternalId(_text(given, "id", key))
    content: Text | Media
    if isinstance(given.get("text"), str) and given["text"]:
        content = Text(text=_text(given, "text"))
    elif "media" in given:
        content = _media(_object(given, "media"))
    else:
        what = f"a {given['kind']}" if isinstance(given.get("kind"), str) else "a message of another kind"
        return Unsupported(dedupe_key=key, address=address, what=what, at=at, external_id=external_id)
    return Inbound(
        dedupe_key=key,
        address=address,
        content=content,
        at=at,
        external_id=external_id,
        name=_text(given, "name", "") or None,
        reply_to=ExternalId(_text(given, "reply_to", "")) or None,
    )


def _media(given: _Object) -> Media:
    size = given.get("size")
    ref = MediaRef(
        url=_text(given, "url"),
        mime_type=_text(given, "mime_type", ""),
        name=_text(given, "name", ""),
        size=size if type(size) is int else None,
    )
    return Media(kind=MediaKind(_text(given, "kind", "FILE")), ref=ref, caption=_text(given, "caption", ""))


def _receipt(given: _Object, key: str, at: datetime) -> Receipt:
    delivery, external_id = _text(given, "delivery", ""), _text(given, "id", "")
    if not (delivery or external_id):
        raise ParseError("a receipt names a `delivery` or an `id`")
    return Receipt(
        dedupe_key=key,
        state=ReceiptState(_text(given, "state")),
        at=at,
        delivery_id=DeliveryId(delivery) or None,
        external_id=ExternalId(external_id) or None,
        error=_text(given, "error", "") or None,
    )


def _time(told: object, sent: str) -> datetime:
    if told is None:
        return datetime.fromtimestamp(int(sent), UTC)
    if not isinstance(told, str):
        raise TypeError("`timestamp` must be a time")
    found = datetime.fromisoformat(told)
    return (found if found.tzinfo is not None else found.replace(tzinfo=UTC)).astimezone(UTC)


def _text(given: _Object, name: str, default: str | None = None) -> str:
    found = given.get(name, default)
    if not isinstance(found, str) or (default is None and not found):
        raise TypeError(f"`{name}` must be a text")
    return found


def _object(given: _Object, name: str) -> _Object:
    found = given.get(name)
    if not isinstance(found, dict):
        raise TypeError(f"`{name}` must be an object")
    return found


def _told(error: Exception) -> str:
    # Our own sentences only: those of others may repeat what the customer said.
    return str(error) if type(error) is TypeError else type(error).__name__
