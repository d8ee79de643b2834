"""From the forms that Twilio posts to arrivals: messages, and what became of ours.

Twilio adds parameters at any time, so whatever is not known here is passed over. It tells no time: the moment of
reading stands for it.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl

from hookflash.sdk import (
    Arrival,
    ChannelId,
    CustomerAddress,
    ExternalId,
    Inbound,
    Media,
    MediaKind,
    MediaRef,
    ParseError,
    Receipt,
    ReceiptState,
    Text,
    Unsupported,
)

__all__ = ["arrivals", "kind_of", "media_key", "read_form"]

_FIELDS_MAX: Final = 1_000
_MEDIA_MAX: Final = 10
_ID_SIZE_MAX: Final = 100
_STATES: Final = {
    "sent": ReceiptState.SENT,
    "delivered": ReceiptState.DELIVERED,
    "read": ReceiptState.READ,
    "undelivered": ReceiptState.FAILED,
    "failed": ReceiptState.FAILED,
    "canceled": ReceiptState.FAILED,
}
"""The others (accepted, scheduled, queued, sending) say nothing that the engine does not know."""


def read_form(body: bytes) -> Mapping[str, str]:
    """Read a form; of a name that comes twice the last value. Raises ParseError."""
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_FIELDS_MAX))
    except ValueError as error:
        raise ParseError("the body is no form") from error


def arrivals(form: Mapping[str, str], channel: ChannelId, now: datetime) -> Iterator[Arrival]:
    """Read what a form brings: a message's text and each of its media, or a receipt. Raises ParseError."""
    sid = form.get("MessageSid") or form.get("SmsSid", "")
    if not sid or len(sid) > _ID_SIZE_MAX:
        raise ParseError("a form of Twilio's has a MessageSid")
    if status := form.get("MessageStatus"):
        yield from _receipt(sid, status, form.get("ErrorCode", ""), now)
        return
    if not form.get("From"):
        raise ParseError("a message of Twilio's has a From")
    address = CustomerAddress(channel=channel, account=form.get("To", ""), id=form["From"])
    contents: dict[str, Text | Media] = {}
    if form.get("Body"):
        contents[sid] = Text(text=form["Body"])
    for number in range(_media_count(form)):
        if url := form.get(f"MediaUrl{number}"):
            kind = form.get(f"MediaContentType{number}", "")
            contents[media_key(sid, url)] = Media(kind=kind_of(kind), ref=MediaRef(url=url, mime_type=kind))
    for key, content in contents.items():
        yield Inbound(dedupe_key=key, address=address, content=content, at=now, external_id=ExternalId(key))
    if not contents:
        what = "an empty message"
        yield Unsupported(dedupe_key=sid, address=address, what=what, at=now, external_id=ExternalId(sid))


def media_key(sid: str, url: str) -> str:
    """The key of a medium: its own id ends its URL, in a webhook and in the message list alike."""
    return f"{sid}/{url.rpartition('/')[2][:_ID_SIZE_MAX]}"


def kind_of(mime_type: str) -> MediaKind:
    """What a desk calls it."""
    match mime_type.partition("/")[0]:
        case "image":
            return MediaKind.IMAGE
        case "audio":
            return MediaKind.AUDIO
        case "video":
            return MediaKind.VIDEO
        case _:
            return MediaKind.FILE


def _receipt(sid: str, status: str, code: str, now: datetime) -> Iterator[Arrival]:
    state = _STATES.get(status)
    if state is None:
        return
    yield Receipt(
        dedupe_key=f"{sid}/{status}",
        state=state,
        at=now,
        external_id=ExternalId(sid),
        error=(f"Twilio's error {code}" if code else status) if state is ReceiptState.FAILED else None,
    )


def _media_count(form: Mapping[str, str]) -> int:
    given = form.get("NumMedia", "0")
    return min(int(given), _MEDIA_MAX) if given.isascii() and given.isdigit() else 0
