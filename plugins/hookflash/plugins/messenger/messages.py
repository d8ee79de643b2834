"""From Messenger's and Instagram's webhook to arrivals: all entries, all items, those on standby too.

One message may hold a text and several attachments: it becomes that many arrivals, whose keys are its id and a number.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from hookflash.plugins.meta.reading import (
    Json,
    Reading,
    UnreadableError,
    at_ms,
    envelope,
    items,
    member,
    required,
    text,
)
from hookflash.sdk import (
    Arrival,
    ChannelId,
    CustomerAddress,
    DeliveryId,
    Edited,
    ExternalId,
    Inbound,
    Media,
    MediaKind,
    MediaRef,
    Receipt,
    ReceiptState,
    Removed,
    Text,
    Unsupported,
)

__all__ = ["read"]

_MEDIA: Final = {
    "image": MediaKind.IMAGE,
    "audio": MediaKind.AUDIO,
    "video": MediaKind.VIDEO,
    "file": MediaKind.FILE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    """One item of a request, and whom it is with."""

    of: Json
    address: CustomerAddress

    @property
    def at(self) -> datetime:
        return at_ms(self.of, "timestamp")


def read(body: bytes, channel: ChannelId, kind: str, account: str) -> Reading:
    """Read a request's body for the page or account with this id; `kind` is Meta's word, `page` or `instagram`.

    Instagram's echoes bring no word of ours and may overtake the answer that brings their id. They could be taken for
    somebody else's, so they are left out. Raises ParseError where the body is not about that.
    """
    reading = Reading()
    _, entries = envelope(body, kind)
    for entry in entries:
        if text(entry, "id") != account:
            reading.skip("another page")
            continue
        for of in items(entry, "messaging"):
            reading.arrivals += _read_item(reading, of, channel, account)
        for of in items(entry, "standby"):
            reading.arrivals += _on_standby(_read_item(reading, of, channel, account))
    if kind == "instagram":
        reading.arrivals = [each for each in reading.arrivals if not (isinstance(each, Inbound) and each.is_echo)]
    return reading


def _read_item(reading: Reading, of: Json, channel: ChannelId, account: str) -> list[Arrival]:
    is_echo = member(of, "message").get("is_echo") is True
    try:
        customer = required(of, "recipient" if is_echo else "sender", "id")
        item = _Item(of=of, address=CustomerAddress(channel=channel, id=customer, account=account))
        return list(_arrivals(item, is_echo=is_echo))
    except UnreadableError:
        reading.skip("unreadable")
        return []


def _on_standby(arrivals: list[Arrival]) -> list[Arrival]:
    """Another application answers him now: his words are marked so, reactions and edits are that one's business."""
    marked = [replace(each, is_standby=True) if isinstance(each, Inbound) else each for each in arrivals]
    return [each for each in marked if isinstance(each, Inbound | Receipt)]


def _arrivals(item: _Item, *, is_echo: bool) -> Iterator[Arrival]:
    """What an item brings; nothing where it is about the thread, the app or an advertisement."""
    of = item.of
    if member(of, "message"):
        yield from _message(item, member(of, "message"), is_echo=is_echo)
    elif member(of, "message_edit"):
        yield _edit(item, member(of, "message_edit"))
    elif member(of, "postback"):
        yield _postback(item, member(of, "postback"))
    elif member(of, "reaction"):
        yield _reaction(item, member(of, "reaction"))
    elif member(of, "delivery"):
        yield from _receipts(item, member(of, "delivery"), ReceiptState.DELIVERED)
    elif member(of, "read"):
        yield from _receipts(item, member(of, "read"), ReceiptState.READ)


def _message(item: _Item, message: Json, *, is_echo: bool) -> Iterator[Arrival]:
    mid = required(message, "mid")
    external_id = ExternalId(mid)
    if message.get("is_deleted") is True:
        yield Removed(dedupe_key=f"{mid}:deleted", address=item.address, external_id=external_id, at=item.at)
        return
    ours, reply_to = text(message, "metadata"), text(message, "reply_to", "mid")
    for number, content in enumerate(_contents(message)):
        key = f"{mid}:{number}" if number else mid
        if isinstance(content, str):
            if not is_echo:  # Shown as the customer's it would be wrong.
                yield Unsupported(
                    dedupe_key=key, address=item.address, what=content, at=item.at, external_id=external_id
                )
            continue
        yield Inbound(
            dedupe_key=key,
            address=item.address,
            content=content,
            at=item.at,
            external_id=external_id,
            reply_to=ExternalId(reply_to) if reply_to else None,
            is_echo=is_echo,
            delivery_id=DeliveryId(ours) if is_echo and ours else None,
        )


def _contents(message: Json) -> list[Text | Media | str]:
    words = text(message, "text")
    found: list[Text | Media | str] = (
        [Text(text=words, choice_id=text(message, "quick_reply", "payload"))] if words else []
    )
    for attachment in items(message, "attachments"):
        kind, url = text(attachment, "type"), text(attachment, "payload", "url")
        if kind in _MEDIA and url:
            found.append(Media(kind=_MEDIA[kind], ref=MediaRef(url=url)))
        elif kind != "fallback":
            found.append(kind.replace("_", " ") or "attachment")
        elif not words:  # A link, which otherwise stands in the text.
            link = text(attachment, "url") or url or text(attachment, "title")
            found.append(Text(text=link) if link else "link")
    return found or ["unsupported message"]


def _edit(item: _Item, edit: Json) -> Edited:
    mid = required(edit, "mid")
    return Edited(
        dedupe_key=f"{mid}:edit:{edit.get('num_edit')}",
        address=item.address,
        external_id=ExternalId(mid),
        text=required(edit, "text"),
        at=item.at,
    )


def _postback(item: _Item, postback: Json) -> Inbound:
    """A button that he pressed. Older ones have no id of their own, and on standby the payload is missing."""
    words = text(postback, "title") or required(postback, "payload")
    key = text(postback, "mid") or f"postback:{item.address.id}:{item.at.timestamp():.3f}"
    return Inbound(
        dedupe_key=key,
        address=item.address,
        content=Text(text=words, choice_id=text(postback, "payload")),
        at=item.at,
        external_id=ExternalId(key),
    )


def _reaction(item: _Item, reaction: Json) -> Unsupported:
    mid, action = required(reaction, "mid"), text(reaction, "action")
    sign = text(reaction, "emoji") or text(reaction, "reaction")
    key = f"{mid}:{action}:{item.address.id}:{item.at.timestamp():.3f}"
    what = "took back a reaction" if action == "unreact" else f"reaction {sign}".rstrip()
    return Unsupported(dedupe_key=key, address=item.address, what=what, at=item.at, external_id=ExternalId(key))


def _receipts(item: _Item, of: Json, state: ReceiptState) -> Iterator[Receipt]:
    """By id where ids are told, and by the watermark: either may be missing."""
    word = state.lower()
    named = of.get("mids")
    mids = [each for each in named if isinstance(each, str)] if isinstance(named, list) else [text(of, "mid")]
    for mid in filter(None, mids):
        yield Receipt(
            dedupe_key=f"{mid}:{word}",
            state=state,
            at=item.at if "timestamp" in item.of else at_ms(of, "watermark"),
            external_id=ExternalId(mid),
            address=item.address,
        )
    if "watermark" in of:
        up_to = at_ms(of, "watermark")
        key = f"{item.address.id}:{word}:{up_to.timestamp():.3f}"
        yield Receipt(dedupe_key=key, state=state, at=up_to, up_to=up_to, address=item.address)
