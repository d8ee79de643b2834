"""The adapter of kind `webhook`: signed requests in, signed requests out.

The receiver knows a delivery that comes again by its `webhook-id`, the Delivery's own name. Once it has answered 410
nothing more is posted until the channel is applied anew or the engine starts again.
"""

import json
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import ClassVar, Final, final

import httpx

from hookflash.sdk import (
    Arrival,
    AuthExpired,
    Capabilities,
    ChannelAdapter,
    ChannelContext,
    Delivery,
    ExternalId,
    HttpRequest,
    Idempotency,
    Level,
    MediaKind,
    MediaRef,
    Message,
    Receipts,
    SendError,
    Transient,
)
from hookflash.sdk.calls import error_by_status
from hookflash.sdk.signing import standard_webhooks

from .bodies import arrivals
from .config import WebhookConfig
from .posting import GoneError, post, told_at

__all__ = ["Webhook"]

_PIECE_SIZE: Final = 65_536
_ID_SIZE_MAX: Final = 512
_CAPTION_LENGTH_MAX: Final = 4_096
_MEDIA_SIZE_MAX: Final = 16 * 1024 * 1024


@final
class Webhook(ChannelAdapter):
    """Any system that speaks Standard Webhooks; what its customers' addresses are, it decides."""

    kind: ClassVar[str] = "webhook"
    Config: ClassVar[type[WebhookConfig]] = WebhookConfig
    capabilities: ClassVar[Capabilities] = Capabilities(
        choice=Level.NATIVE,
        template=Level.NATIVE,
        caption_size_max=dict.fromkeys(MediaKind, _CAPTION_LENGTH_MAX),
        edit=Level.PARTIAL,
        delete=Level.PARTIAL,
        image=Level.PARTIAL,
        audio=Level.PARTIAL,
        video=Level.PARTIAL,
        file=Level.PARTIAL,
        choices_max=100,
        choice_title_size_max=200,
        media_size_max=dict.fromkeys(("image/*", "audio/*", "video/*", "application/*", "text/*"), _MEDIA_SIZE_MAX),
        receipts=Receipts.EACH,
        idempotency=Idempotency.KEY,
    )

    def __init__(self, context: ChannelContext, config: WebhookConfig) -> None:
        """Keep both; nothing is called yet."""
        super().__init__(context, config)
        self._settings = config
        self._is_gone = False

    def verify(self, request: HttpRequest) -> None:
        """Check the signature and the time."""
        standard_webhooks(self._settings.secrets, request.headers, request.body, self.context.clock())

    def parse(self, request: HttpRequest) -> Iterable[Arrival]:
        """Read the body."""
        key, sent = (request.headers.get(f"webhook-{name}", "") for name in ("id", "timestamp"))
        return list(arrivals(key, sent, request.body, self.context.channel))

    async def send(self, delivery: Delivery) -> ExternalId:
        """Post it; the receiver may name it in its answer, `{"id": "..."}`."""
        if self._is_gone:
            raise AuthExpired("the receiver has answered 410 Gone: apply the channel with another URL")
        try:
            response = await post(
                self.context.http,
                self._settings.url,
                self._settings.secrets,
                self.context.clock,
                delivery.id,
                {
                    "type": "delivery.created",
                    "timestamp": told_at(self.context.clock()),
                    "data": _told(delivery),
                },
            )
        except GoneError as error:
            self._is_gone = True
            raise AuthExpired(str(error)) from error
        return _named(response) or ExternalId(delivery.id)

    async def fetch_media(self, ref: MediaRef) -> AsyncIterator[bytes]:
        """Bring a medium from where the other system said it is, without any credential."""
        problem: SendError
        try:
            async with self.context.http.stream("GET", ref.url, follow_redirects=False) as response:
                if response.is_success:
                    async for piece in response.aiter_bytes(_PIECE_SIZE):
                        yield piece
                    return
                await response.aread()
                problem = error_by_status(response, self.context.clock())
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            problem = Transient(f"the medium was not fetched: {type(error).__name__}")
        raise problem


def _told(delivery: Delivery) -> Mapping[str, object]:
    content = delivery.content
    told: dict[str, object] = {
        "id": delivery.id,
        "conversation": delivery.conversation,
        "sequence": delivery.sequence,
        "attempt": delivery.attempt,
        "to": delivery.to.id,
        "text": content.text,
    }
    if delivery.reply_to is not None:
        told["reply_to"] = delivery.reply_to
    if not isinstance(content, Message):
        return {**told, "notice": content.key}
    told["sender_name"] = content.sender_name
    if content.choices:
        told["choices"] = [{"id": choice.id, "title": choice.title} for choice in content.choices]
    if (template := content.template) is not None:
        told["template"] = {"name": template.name, "language": template.language, "values": list(template.values)}
    if content.media is not None:
        told["media"] = content.media.told()
    return told


def _named(response: httpx.Response) -> ExternalId | None:
    """The receiver's own id of a delivery. Raises Transient for an answer that begins like JSON and was cut short."""
    if not response.content.lstrip().startswith(b"{"):
        return None
    try:
        answer: object = json.loads(response.content)
    except (ValueError, RecursionError) as error:
        raise Transient("the receiver's answer is no JSON") from error
    given = answer.get("id") if isinstance(answer, dict) else None
    is_name = isinstance(given, str) and 0 < len(given) <= _ID_SIZE_MAX and given.isprintable()
    return ExternalId(str(given)) if is_name else None
