"""What a channel adapter is: the plugin class that speaks to customers through one kind of channel.

Nothing here can hold a whisper, a note or a notice for agents: a `Delivery` is made of a `Message` or `CustomerNotice`,
which mypy checks and, because plugins may be untyped, the constructor checks again (R-W3, I7).
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar, Protocol, TypeAlias, final

from hookflash.sdk.config import DataclassLike, NoConfig
from hookflash.sdk.errors import BadSignature, ParseError, SendError, Transient
from hookflash.sdk.messages import CustomerNotice, Message
from hookflash.sdk.types import ChannelId, ConversationId, DeliveryId, ExternalId

__all__ = [
    "Arrival",
    "Capabilities",
    "ChannelAdapter",
    "ChannelContext",
    "ChannelLog",
    "CustomerAddress",
    "CustomerLeft",
    "CustomerNotice",
    "Delivery",
    "ExternalId",
    "HttpRequest",
    "HttpResponse",
    "Idempotency",
    "Inbound",
    "Level",
    "Message",
    "PullChannel",
    "Receipt",
    "ReceiptState",
    "Receipts",
    "Text",
    "Unsupported",
]


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
    """A customer's text, as he wrote it."""

    text: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """Something a customer said; `dedupe_key` is the same whenever the provider brings it again.

    `at` is the provider's time (aware, UTC); `name` the customer's, where the provider tells it.
    """

    dedupe_key: str
    address: CustomerAddress
    content: Text
    at: datetime
    external_id: ExternalId
    name: str | None = None
    reply_to: ExternalId | None = None


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


Arrival: TypeAlias = Inbound | CustomerLeft | Receipt | Unsupported


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One Message or CustomerNotice on its way out; settled once.

    `id` is the idempotency key; `sequence` counts the conversation's deliveries from 1 without a gap; `attempt` from 1.
    Raises TypeError for any other content, also for a look-alike or a subclass.
    """

    id: DeliveryId
    conversation: ConversationId
    sequence: int
    to: CustomerAddress
    content: Message | CustomerNotice
    reply_to: ExternalId | None = None
    attempt: int = 1

    def __post_init__(self) -> None:
        """Check the exact type: this is the customer port, and plugins are not type-checked."""
        if type(self.content) is not Message and type(self.content) is not CustomerNotice:
            # The content stays out of the sentence: it may be a whisper.
            message = f"a Delivery takes a Message or a CustomerNotice, not {type(self.content).__name__}"
            raise TypeError(message)


class Level(StrEnum):
    """How well a channel does one thing; FALLBACK is the engine's work, REJECT is told to the agent."""

    NATIVE = "NATIVE"
    PARTIAL = "PARTIAL"
    FALLBACK = "FALLBACK"
    DROP = "DROP"
    REJECT = "REJECT"


class Receipts(StrEnum):
    """Which receipts a provider sends."""

    NONE = "NONE"
    EACH = "EACH"
    WATERMARK = "WATERMARK"


class Idempotency(StrEnum):
    """What a provider does with a delivery sent twice: drop it by key, return our id later, or show it twice."""

    KEY = "KEY"
    RELINK = "RELINK"
    NONE = "NONE"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a kind of channel can do; sizes in characters, `reply_window_s` in seconds (None: no limit)."""

    text: Level = Level.NATIVE
    typing: Level = Level.DROP
    read: Level = Level.DROP
    text_size_max: int = 4096
    reply_window_s: float | None = None
    echoes: bool = False
    receipts: Receipts = Receipts.NONE
    idempotency: Idempotency = Idempotency.NONE
    rate_per_s: float | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """A provider's call as it came: raw body, header names in lower case."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """What the provider is answered."""

    status: int = 200
    content_type: str = "text/plain; charset=utf-8"
    body: bytes = b""


class ChannelLog(Protocol):
    """Where an adapter writes what an admin should see: an event's name and its fields, never a customer's text."""

    def info(self, event: str, **fields: object) -> object:
        """Tell what is normal."""

    def warning(self, event: str, **fields: object) -> object:
        """Tell what is not."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelContext:
    """What the engine gives an adapter. It never reads the wall clock or starts a task by itself.

    `run_id` differs between two starts of the adapter. Tasks made by `create_task` are ended by the engine at stop;
    `sleep` takes seconds. `public_url` is where the provider reaches us, as an admin wrote it.
    """

    channel: ChannelId
    run_id: str
    log: ChannelLog
    clock: Callable[[], datetime]
    sleep: Callable[[float], Awaitable[None]]
    create_task: Callable[[Coroutine[Any, Any, None]], object]
    public_url: str = ""


class ChannelAdapter(ABC):
    """One configured channel of one kind; made by the engine as `cls(context, config)`, without network in `__init__`.

    `verify` and `parse` are PURE (50 ms, no I/O); everything async is IO (send 10 s, others 5 s).
    """

    kind: ClassVar[str]
    Config: ClassVar[type[DataclassLike]] = NoConfig
    capabilities: ClassVar[Capabilities] = Capabilities()

    def __init__(self, context: ChannelContext, config: Any) -> None:  # noqa: ANN401 - an instance of the class's own Config
        """Keep the context; `config` is an instance of the class's own `Config`."""
        self.context = context
        self.config = config

    @abstractmethod
    def verify(self, request: HttpRequest) -> None:
        """Check the provider's signature over the raw body in constant time; raises BadSignature."""

    @abstractmethod
    def parse(self, request: HttpRequest) -> Iterable[Arrival]:
        """Read what the provider brought, 0 to n arrivals; raises ParseError only. Pure: no clock, no state."""

    @abstractmethod
    async def send(self, delivery: Delivery) -> ExternalId:
        """Hand a delivery to the provider and give its id there; raises SendError subclasses only."""

    def handshake(self, request: HttpRequest) -> HttpResponse:  # noqa: ARG002 - for those who override it
        """Answer the provider's GET challenge; the default knows none."""
        return HttpResponse(status=404)

    def ack(self, request: HttpRequest) -> HttpResponse:  # noqa: ARG002 - for those who override it
        """Answer a taken request."""
        return HttpResponse()

    def classify(self, error: Exception) -> SendError:
        """Name what `send` let through; the default takes it for passing."""
        return error if isinstance(error, SendError) else Transient(type(error).__name__)

    async def start(self) -> None:  # noqa: B027 - optional by contract
        """Open what is needed; raising keeps the channel from starting."""

    async def stop(self) -> None:  # noqa: B027 - optional by contract
        """Close what `start` opened."""

    async def health(self) -> None:  # noqa: B027 - optional by contract
        """Raise a SendError if the provider would not take a delivery now."""

    async def poll(self) -> AsyncIterator[Arrival]:
        """Bring arrivals without being called (pull channels); ends when there can be no more."""
        nothing: tuple[Arrival, ...] = ()
        for arrival in nothing:
            yield arrival


class PullChannel(ChannelAdapter):
    """An adapter that asks its provider instead of being called: no request is ever genuine."""

    def verify(self, request: HttpRequest) -> None:  # noqa: ARG002 - nothing in it could make it genuine
        """Refuse: nobody calls a pull channel."""
        raise BadSignature(is_absent=True)

    def parse(self, request: HttpRequest) -> Iterable[Arrival]:  # noqa: ARG002 - there is nothing to read
        """Refuse: nobody calls a pull channel."""
        message = "this channel fetches its arrivals and takes no requests"
        raise ParseError(message)

    @abstractmethod
    def poll(self) -> AsyncIterator[Arrival]:
        """Bring arrivals; ends when there can be no more."""
