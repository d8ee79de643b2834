"""What an adapter brings, as it is kept: a plain value of our own, checked before anything is stored.

Plugins are not type-checked, so an arrival is read field by field, encoded and decoded again: what comes back has the
types that it says, and the same arrival gives the same bytes.
"""

from datetime import UTC, datetime
from typing import Final, TypeAlias, assert_never

import msgspec

from hookflash.sdk.channel import (
    Arrival,
    CustomerAddress,
    CustomerLeft,
    Edited,
    Inbound,
    Media,
    MediaKind,
    MediaRef,
    Receipt,
    ReceiptState,
    Removed,
    Text,
    Typing,
    Unsupported,
    words_of,
)
from hookflash.sdk.types import ChannelId, DeliveryId, ExternalId

from .contents import clean_choice_id, clean_external_id, clean_reason
from .inbox_file import ArrivalRow

__all__ = ["Echoed", "KeptMedia", "Left", "Pending", "Reported", "Said", "Stored", "pending_of", "read_body", "row_of"]


class KeptMedia(msgspec.Struct, frozen=True):
    """A medium that is to be fetched, as the provider names it; `place` is where we shall serve it."""

    kind: MediaKind
    id: str
    url: str
    mime_type: str
    name: str
    size: int | None
    place: str

    @property
    def ref(self) -> MediaRef:
        """What the adapter is asked for."""
        return MediaRef(id=self.id, url=self.url, mime_type=self.mime_type, name=self.name, size=self.size)


class Said(msgspec.Struct, frozen=True, tag=True):
    """A customer said something; `external_id` is what the provider calls it, by which it can be marked read.

    `choice_id` is that of the choice he picked, where he did.
    """

    key: str
    address: str
    name: str
    text: str
    media: KeptMedia | None = None
    is_standby: bool = False
    external_id: str = ""
    choice_id: str = ""


class Left(msgspec.Struct, frozen=True, tag=True):
    """A customer ended his session."""

    key: str
    address: str


class Echoed(msgspec.Struct, frozen=True, tag=True):
    """Somebody of ours wrote in the provider's own inbox; `delivery_id` or `external_id` may tell it is our own."""

    key: str
    address: str
    text: str
    external_id: str
    delivery_id: str


class Reported(msgspec.Struct, frozen=True, tag=True):
    """The provider says how far a delivery came, times in seconds."""

    key: str
    state: ReceiptState
    at: float
    external_id: str
    delivery_id: str
    up_to: float | None
    error: str
    address: str

    def receipt(self, channel: ChannelId) -> Receipt:
        """The receipt that it was kept of."""
        return Receipt(
            dedupe_key=self.key,
            state=self.state,
            at=datetime.fromtimestamp(self.at, UTC),
            external_id=ExternalId(self.external_id) if self.external_id else None,
            delivery_id=DeliveryId(self.delivery_id) if self.delivery_id else None,
            up_to=None if self.up_to is None else datetime.fromtimestamp(self.up_to, UTC),
            error=self.error or None,
            address=CustomerAddress(channel=channel, id=self.address) if self.address else None,
        )


Stored: TypeAlias = Inbound | Edited | Removed | CustomerLeft | Receipt | Unsupported
"""The arrivals that are kept."""

Pending: TypeAlias = Said | Left | Echoed | Reported
"""What is kept until it is done."""

_encode: Final = msgspec.msgpack.Encoder().encode
_decoder: Final[msgspec.msgpack.Decoder[Pending]] = msgspec.msgpack.Decoder(Pending)


def row_of(channel: ChannelId, arrival: Arrival, *, now: float, place: str) -> ArrivalRow | None:
    """The row of an arrival; None for what is never stored. Raises as `pending_of` does.

    `place` is the name under which its medium will be served, should it have one.
    """
    if isinstance(arrival, Typing):
        return None
    pending = pending_of(arrival, place)
    body = _encode(pending)
    read_body(body)  # Raises a ValueError where a field is not of its type.
    return ArrivalRow(str(channel), _account(arrival), pending.key, now, body)


def read_body(body: bytes) -> Pending:
    """Read what was kept."""
    return _decoder.decode(body)


def pending_of(arrival: Stored, place: str) -> Pending:
    """What is to be done for an arrival. Raises TypeError, ValueError or AssertionError for what is none."""
    match arrival:
        case Inbound(is_echo=True):
            return Echoed(
                key=_key(arrival),
                address=_address(arrival),
                text=_text(words_of(arrival)),
                external_id=clean_external_id(arrival.external_id) or "",
                delivery_id=arrival.delivery_id or "",
            )
        case Inbound():
            media = _media(arrival.content, place) if isinstance(arrival.content, Media) else None
            said = _said_by(arrival, media, name=clean_reason(arrival.name or ""))
            external_id = clean_external_id(arrival.external_id) or ""
            return msgspec.structs.replace(
                said, is_standby=arrival.is_standby, external_id=external_id, choice_id=_choice_id(arrival.content)
            )
        case Edited() | Removed() | Unsupported():
            return _said_by(arrival)
        case CustomerLeft():
            return Left(key=_key(arrival), address=_address(arrival))
        case Receipt():
            return _reported(arrival)
        case _:
            assert_never(arrival)  # What is untyped may bring anything, and gets an AssertionError here.


def _said_by(
    arrival: Inbound | Edited | Removed | Unsupported, media: KeptMedia | None = None, *, name: str = ""
) -> Said:
    return Said(key=_key(arrival), address=_address(arrival), name=name, text=_text(words_of(arrival)), media=media)


def _reported(receipt: Receipt) -> Reported:
    return Reported(
        key=_key(receipt),
        state=ReceiptState(receipt.state),
        at=receipt.at.timestamp(),
        external_id=clean_external_id(receipt.external_id or "") or "",
        delivery_id=receipt.delivery_id or "",
        up_to=None if receipt.up_to is None else receipt.up_to.timestamp(),
        error=clean_reason(receipt.error or ""),
        address="" if receipt.address is None else receipt.address.id,
    )


def _media(content: Media, place: str) -> KeptMedia:
    ref = content.ref
    return KeptMedia(
        kind=MediaKind(content.kind),
        id=ref.id,
        url=ref.url,
        mime_type=ref.mime_type,
        name=ref.name,
        size=ref.size,
        place=place,
    )


def _key(arrival: Stored) -> str:
    """The key by which a repeat is known; accounts of one channel may count alike."""
    key = clean_external_id(arrival.dedupe_key)
    if not key:
        raise TypeError("an arrival has a dedupe key, a text")
    account = _account(arrival)
    return f"{account}/{key}" if account else key


def _account(arrival: Stored) -> str:
    return "" if arrival.address is None else _text(arrival.address.account)


def _address(arrival: Inbound | Edited | Removed | Unsupported | CustomerLeft) -> str:
    return _text(arrival.address.id)


def _choice_id(content: Text | Media) -> str:
    return (clean_choice_id(content.choice_id) or "") if isinstance(content, Text) else ""


def _text(given: object) -> str:
    if type(given) is not str:
        raise TypeError("texts and addresses of an arrival are texts")
    return given
