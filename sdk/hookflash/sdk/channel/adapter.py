"""What a channel adapter is: the plugin class that speaks to customers through one kind of channel.

The engine makes one object per applied channel and keeps everything hard to itself: dedupe, order, retry, windows. An
adapter translates; it holds no conversation, and what it needs from outside it finds in its `ChannelContext`.
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, TypeAlias, final

from hookflash.sdk.channel.arrivals import Arrival, CustomerAddress
from hookflash.sdk.channel.deliveries import Capabilities, Delivery
from hookflash.sdk.config import DataclassLike, NoConfig
from hookflash.sdk.errors import BadSignature, ParseError, Permanent, SendError, Transient
from hookflash.sdk.messages import MediaRef
from hookflash.sdk.types import ChannelId, ExternalId

if TYPE_CHECKING:
    import httpx

__all__ = [
    "AsgiApp",
    "ChannelAdapter",
    "ChannelContext",
    "ChannelLog",
    "ChannelStore",
    "HttpRequest",
    "HttpResponse",
    "PullChannel",
]

_Message: TypeAlias = MutableMapping[str, Any]
AsgiApp: TypeAlias = Callable[
    [_Message, Callable[[], Awaitable[_Message]], Callable[[_Message], Awaitable[None]]], Awaitable[None]
]
"""An ASGI 3 application, such as Starlette's."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class HttpRequest:
    """A provider's call as it came: raw body, header names in lower case, `raw_query` as in the URL without the `?`.

    `query` has the last value of each name, decoded.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    raw_query: str = ""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class HttpResponse:
    """What the provider is answered."""

    status: int = 200
    content_type: str = "text/plain; charset=utf-8"
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class ChannelLog(Protocol):
    """Where an adapter writes what an admin should see: an event's name and its fields, never a customer's text."""

    def info(self, event: str, **fields: object) -> object:
        """Tell what is normal."""

    def warning(self, event: str, **fields: object) -> object:
        """Tell what is not."""


class ChannelStore(Protocol):
    """A small durable memory of one channel, for cursors: keys of at most 200 characters, values of at most 64 KiB.

    It outlives restarts and is gone with the channel. What is written is durable when `put` returns.
    """

    async def get(self, key: str) -> str | None:
        """Give what was put under the key; None where nothing was."""

    async def put(self, key: str, value: str) -> None:
        """Keep a value. Raises ValueError for one that is too large."""

    async def delete(self, key: str) -> None:
        """Forget a key; one that is not there is no error."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelContext:
    """What the engine gives an adapter. It never reads the wall clock or starts a task by itself.

    `run_id` differs between two starts of the adapter. Tasks made by `create_task` are ended by the engine at stop;
    `sleep` takes seconds. `public_url` is where the provider reaches this channel's webhook, as an admin wrote it.
    `http` is a client with limits and timeouts for all calls to the provider; the engine closes it. `take` hands over
    an arrival that neither `poll` nor a webhook brought: it is durable when that returns; raises NotTaken.
    """

    channel: ChannelId
    run_id: str
    log: ChannelLog
    clock: Callable[[], datetime]
    sleep: Callable[[float], Awaitable[None]]
    create_task: Callable[[Coroutine[Any, Any, None]], object]
    http: "httpx.AsyncClient"
    store: ChannelStore
    take: Callable[[Arrival], Awaitable[None]]
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

    def fetch_media(self, ref: MediaRef) -> AsyncIterator[bytes]:
        """Bring a medium's bytes, in pieces; the engine caps their number and the time. Raises SendError subclasses."""
        raise Permanent("media", f"this channel cannot fetch {ref.mime_type or 'media'}")

    async def typing(self, to: CustomerAddress, is_on: bool) -> None:  # noqa: B027, FBT001 - optional, and positional by contract
        """Show the customer that an agent types, or has stopped; nothing where the channel has no such sign."""

    async def mark_read(self, to: CustomerAddress, external_ids: Sequence[ExternalId]) -> None:  # noqa: B027 - optional by contract
        """Tell the provider that an agent has seen these; nothing where the channel has no such sign."""

    def app(self) -> AsgiApp | None:
        """Give an ASGI application served under this channel's path, for web sockets and pages; None: webhooks only."""
        return None


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
