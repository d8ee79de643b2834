"""Channels: what comes in, what goes out, and the adapter between an engine and a provider.

`arrivals` and `deliveries` are values; `adapter` is the contract. Nothing in here can hold a whisper (R-W3, I7).
"""

from hookflash.sdk.channel.adapter import (
    AsgiApp,
    ChannelAdapter,
    ChannelContext,
    ChannelLog,
    ChannelStore,
    HttpRequest,
    HttpResponse,
    PullChannel,
)
from hookflash.sdk.channel.arrivals import (
    Arrival,
    CustomerAddress,
    CustomerLeft,
    Edited,
    Inbound,
    Receipt,
    ReceiptState,
    Removed,
    Text,
    Typing,
    Unsupported,
    words_of,
)
from hookflash.sdk.channel.deliveries import (
    Capabilities,
    Delivery,
    Idempotency,
    Level,
    Receipts,
    TextUnit,
    with_link,
)
from hookflash.sdk.messages import CustomerNotice, Media, MediaKind, MediaRef, Message
from hookflash.sdk.types import ExternalId

__all__ = [
    "Arrival",
    "AsgiApp",
    "Capabilities",
    "ChannelAdapter",
    "ChannelContext",
    "ChannelLog",
    "ChannelStore",
    "CustomerAddress",
    "CustomerLeft",
    "CustomerNotice",
    "Delivery",
    "Edited",
    "ExternalId",
    "HttpRequest",
    "HttpResponse",
    "Idempotency",
    "Inbound",
    "Level",
    "Media",
    "MediaKind",
    "MediaRef",
    "Message",
    "PullChannel",
    "Receipt",
    "ReceiptState",
    "Receipts",
    "Removed",
    "Text",
    "TextUnit",
    "Typing",
    "Unsupported",
    "with_link",
    "words_of",
]
