"""The adapter of kind `webchat`: customers on web sockets that the engine's HTTP edge brings to `app`.

A Delivery is settled when its frame is kept, for it is shown whenever the customer comes; that he got it, and read it,
are receipts.
"""

from collections.abc import Iterable
from importlib.util import find_spec
from typing import ClassVar, final

from hookflash.plugins.webchat.customers import TEXT_LENGTH_MAX, Customers
from hookflash.plugins.webchat.settings import WebchatConfig
from hookflash.sdk import (
    Arrival,
    AsgiApp,
    BadSignature,
    Capabilities,
    ChannelAdapter,
    ChannelContext,
    ConfigError,
    CustomerAddress,
    Delivery,
    ExternalId,
    HttpRequest,
    Idempotency,
    Level,
    MediaKind,
    ParseError,
    Receipts,
)

__all__ = ["Webchat"]


@final
class Webchat(ChannelAdapter):
    """A chat on your pages."""

    kind: ClassVar[str] = "webchat"
    Config: ClassVar[type[WebchatConfig]] = WebchatConfig
    capabilities: ClassVar[Capabilities] = Capabilities(
        image=Level.NATIVE,
        audio=Level.NATIVE,
        video=Level.NATIVE,
        file=Level.NATIVE,
        typing=Level.NATIVE,
        read=Level.NATIVE,
        text_size_max=TEXT_LENGTH_MAX,
        caption_size_max=dict.fromkeys(MediaKind, TEXT_LENGTH_MAX),
        receipts=Receipts.EACH,
        idempotency=Idempotency.KEY,
    )

    def __init__(self, context: ChannelContext, config: WebchatConfig) -> None:
        """Keep both; nobody is there yet."""
        super().__init__(context, config)
        self._settings = config
        self._customers = Customers(context, config)

    async def start(self) -> None:
        """Look whether the extra is here; raises ConfigError where it is not."""
        if find_spec("starlette") is None:
            raise ConfigError(("the web chat needs the extra `web`: pip install 'hookflash[web]'",))

    async def stop(self) -> None:
        """End every socket; customers come back to whoever serves the channel next."""
        self._customers.cut_all()

    def verify(self, request: HttpRequest) -> None:  # noqa: ARG002 - nothing in it could make it genuine
        """Refuse: a web chat is called on its sockets, never as a webhook."""
        raise BadSignature(is_absent=True)

    def parse(self, request: HttpRequest) -> Iterable[Arrival]:  # noqa: ARG002 - there is nothing to read
        """Refuse, as above."""
        raise ParseError("a web chat takes no webhooks; its sockets are under /app/socket")

    def app(self) -> AsgiApp | None:
        """Give the application with the socket and the plain HTTP beside it."""
        # Here, because the extra may be missing, and everything else of this plugin does without.
        from hookflash.plugins.webchat.application import make_application  # noqa: PLC0415

        return make_application(self._customers, self.context, self._settings)

    async def send(self, delivery: Delivery) -> ExternalId:
        """Show it on every socket of the customer, and keep it for those that come; once per key."""
        return await self._customers.deliver(delivery)

    async def typing(self, to: CustomerAddress, is_on: bool) -> None:  # noqa: FBT001 - positional by contract
        """Tell the customer that an agent types, or has stopped."""
        self._customers.hint(to.id, {"type": "typing", "is_on": is_on})
