"""What comes in through a channel: what customers say and do there, and what the provider reports of our deliveries.

Values only. Every arrival has a dedupe key, which is the same whenever the provider brings it again.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias, assert_never, final

from hookflash.sdk.messages import Media
from hookflash.sdk.types import ChannelId, DeliveryId, ExternalId

__all__ = [
    "Arrival",
    "CustomerAddress",
    "CustomerLeft",
    "Edited",
    "Inbound",
    "Receipt",
    "ReceiptState",
    "Removed",
    "Text",
    "Typing",
    "Unsupported",
    "words_of",
]


WHAT_LENGTH_MAX = 300


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerAddress:
    """Where a customer is reached: `id` is opaque, `account` is ours at the provider, `aliases` are his other ids."""

    channel: ChannelId
    id: str
    account: str = ""
    aliases: tuple[str, ...] = ()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A customer's text, as he wrote it; or the title of the choice he picked, and that choice's `choice_id`."""

    text: str
    choice_id: str = ""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """Something a customer said; `dedupe_key` is the same whenever the provider brings it again.

    `at` is the provider's time (aware, UTC); `name` the customer's, where the provider tells it. `is_echo`: it was not
    the customer but somebody of ours, typing in the provider's own inbox; `delivery_id` then tells our own deliveries.
    `is_standby`: another application answers him now, so this is only to be seen, where a conversation is open.
    """

    dedupe_key: str
    address: CustomerAddress
    content: Text | Media
    at: datetime
    external_id: ExternalId
    name: str | None = None
    reply_to: ExternalId | None = None
    is_echo: bool = False
    delivery_id: DeliveryId | None = None
    is_standby: bool = False


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """The customer changed the text of what he had said as `external_id`."""

    dedupe_key: str
    address: CustomerAddress
    external_id: ExternalId
    text: str
    at: datetime


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Removed:
    """The customer took back what he had said as `external_id`."""

    dedupe_key: str
    address: CustomerAddress
    external_id: ExternalId
    at: datetime


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Typing:
    """The customer types, or has stopped; shown for a moment and never stored, so it needs no dedupe key."""

    address: CustomerAddress
    is_on: bool = True


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerLeft:
    """The customer ended his session on this channel."""

    dedupe_key: str
    address: CustomerAddress
    at: datetime


class ReceiptState(StrEnum):
    """How far a delivery got; states only rise, except that a late DELIVERED corrects FAILED."""

    SENT = "SENT"
    DELIVERED = "DELIVERED"
    READ = "READ"
    FAILED = "FAILED"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What the provider tells about a delivery, named by its own id, by ours, or by a watermark `up_to`.

    A watermark covers the earlier deliveries to `address`: DELIVERED those before that time, READ also the one at it.
    """

    dedupe_key: str
    state: ReceiptState
    at: datetime
    external_id: ExternalId | None = None
    delivery_id: DeliveryId | None = None
    up_to: datetime | None = None
    error: str | None = None
    address: CustomerAddress | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Unsupported:
    """Something a customer sent that this adapter cannot read; it is shown as such, `what` in a word or two."""

    dedupe_key: str
    address: CustomerAddress
    what: str
    at: datetime
    external_id: ExternalId


Arrival: TypeAlias = Inbound | Edited | Removed | CustomerLeft | Receipt | Typing | Unsupported


def words_of(arrival: Inbound | Edited | Removed | Unsupported) -> str:
    """Give what the timeline shows of it: a customer's words, or what stands for something that is no text."""
    match arrival:
        case Inbound(content=Text(text=text)):
            return text
        case Inbound(content=Media() as media):
            return f"({media.kind.lower()}) {media.caption}".rstrip()
        case Inbound():
            raise TypeError("what a customer said is a Text or a Media")
        case Edited():
            if type(arrival.text) is not str:
                raise TypeError("an edited text is a text")
            return f"(edited) {arrival.text}"
        case Removed():
            return "(took back a message)"
        case Unsupported():
            line = "".join(sign if sign.isprintable() else " " for sign in arrival.what[:WHAT_LENGTH_MAX])
            return f"({line})"
        case _:
            assert_never(arrival)
