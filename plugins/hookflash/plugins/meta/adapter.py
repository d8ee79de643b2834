"""What every adapter of Meta's does alike: the handshake, the signature, naming what went wrong.

A webhook carries no time, so one that is replayed is genuine; the engine drops it by its dedupe keys.
"""

import hmac
from abc import abstractmethod
from collections.abc import AsyncIterator, Awaitable
from typing import ClassVar, Final, TypeVar

from hookflash.plugins.meta.errors import ErrorTable, named
from hookflash.plugins.meta.graph import Graph
from hookflash.plugins.meta.settings import MetaConfig
from hookflash.sdk import (
    Capabilities,
    ChannelAdapter,
    ChannelContext,
    Delivery,
    ExternalId,
    HttpRequest,
    HttpResponse,
    Idempotency,
    Level,
    MediaRef,
    Secret,
    SendError,
)
from hookflash.sdk.signing import meta_sha256

__all__ = ["DAY_S", "MIB", "MetaAdapter"]

T = TypeVar("T")

DAY_S: Final = 86_400.0
MIB: Final = 1 << 20

_FORBIDDEN: Final = 403


class MetaAdapter(ChannelAdapter):
    """A channel behind the Graph API; its subclass says how things look there, and brings the table of errors."""

    errors: ClassVar[ErrorTable]
    capabilities: ClassVar[Capabilities] = Capabilities(
        text=Level.NATIVE,
        # By URL: Meta fetches it.
        image=Level.PARTIAL,
        audio=Level.PARTIAL,
        video=Level.PARTIAL,
        file=Level.PARTIAL,
        choice=Level.NATIVE,
        read=Level.NATIVE,
        reply_window_s=DAY_S,
        echoes=True,
        idempotency=Idempotency.RELINK,
    )

    def __init__(self, context: ChannelContext, config: MetaConfig) -> None:
        """Keep both; nothing is called yet."""
        super().__init__(context, config)
        self.graph = Graph(context.http, config)
        self._app_secret = config.app_secret
        self._verify_token = config.verify_token

    def handshake(self, request: HttpRequest) -> HttpResponse:
        """Answer the subscription: the challenge, where mode and verify token are right."""
        is_ours = _is_equal(self._verify_token, request.query.get("hub.verify_token", ""))
        if request.query.get("hub.mode") != "subscribe" or not is_ours:
            return HttpResponse(status=_FORBIDDEN)
        # As plain text, and to be taken for nothing else: it is whatever the caller sent.
        headers = {"x-content-type-options": "nosniff"}
        return HttpResponse(body=request.query.get("hub.challenge", "").encode(), headers=headers)

    def verify(self, request: HttpRequest) -> None:
        """Check the app's signature over the raw body; raises BadSignature."""
        meta_sha256(self._app_secret, request.body, request.headers.get("x-hub-signature-256"))

    async def send(self, delivery: Delivery) -> ExternalId:
        """Send, and give Meta's id; raises SendError subclasses only."""
        return await self.called(self._send(delivery))

    async def health(self) -> None:
        """Ask for the account itself; raises a SendError where it would not send."""
        await self.called(self.graph.get(self.node, fields="id"))

    async def called(self, call: Awaitable[T]) -> T:
        """Await a call to the Graph API; raises SendError subclasses only."""
        try:
            return await call
        except Exception as error:  # noqa: BLE001 - `classify` knows a name for all of them
            raise self.classify(error) from None  # What httpx raised holds the request with its token.

    async def fetch_media(self, ref: MediaRef) -> AsyncIterator[bytes]:
        """Bring a medium's bytes; raises SendError subclasses only."""
        try:
            async for piece in self._fetch(ref):
                yield piece
        except Exception as error:  # noqa: BLE001 - `classify` knows a name for all of them
            raise self.classify(error) from None

    def classify(self, error: Exception) -> SendError:
        """Name it by Meta's code, else by the HTTP status."""
        return named(error, self.errors)

    @property
    @abstractmethod
    def node(self) -> str:
        """The id at Meta of what sends: a number or a page."""

    @abstractmethod
    async def _send(self, delivery: Delivery) -> ExternalId:
        """Send; may raise what a call to the Graph API raises."""

    @abstractmethod
    def _fetch(self, ref: MediaRef) -> AsyncIterator[bytes]:
        """Bring a medium; may raise what a call to the Graph API raises."""


def _is_equal(secret: Secret, given: str) -> bool:
    return hmac.compare_digest(secret.reveal().encode(), given.encode(errors="surrogatepass"))
