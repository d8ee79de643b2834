"""The adapters of the kinds `messenger` and `instagram`: what they can do, and their calls.

A message after the window goes out under a tag only where an agent wrote it and Meta has granted the tag to the page.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Final, Literal, final

from hookflash.plugins.messenger.errors import ERRORS
from hookflash.plugins.messenger.messages import read
from hookflash.plugins.messenger.sending import CHOICES_MAX, TITLE_LENGTH_MAX, body_of, with_tag
from hookflash.plugins.meta.adapter import DAY_S, MIB, MetaAdapter
from hookflash.plugins.meta.errors import ErrorTable
from hookflash.plugins.meta.reading import required
from hookflash.plugins.meta.settings import MetaConfig
from hookflash.sdk import (
    Arrival,
    Capabilities,
    ChannelContext,
    CustomerAddress,
    Delivery,
    ExternalId,
    HttpRequest,
    Idempotency,
    Level,
    MediaRef,
    Message,
    Receipts,
    TextUnit,
    WindowClosed,
)

__all__ = ["Instagram", "InstagramConfig", "Messenger", "MessengerConfig"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MessengerConfig(MetaConfig):
    """One page.

    `page_id` is its id at Meta; `tag` goes with what agents write after the reply window, where Meta has granted it.
    `app_secret` signs webhooks, `verify_token` is what their handshake has to bring, `access_token` is for sending;
    `api_url` and `graph_version` say where the Graph API is, and which.
    """

    page_id: str
    tag: Literal["", "HUMAN_AGENT"] = ""

    def __post_init__(self) -> None:
        """Refuse what no call could be made with."""
        MetaConfig.__post_init__(self)
        _require_id("page_id", self.page_id)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class InstagramConfig(MessengerConfig):
    """One Instagram account, `account_id`, and `page_id`, the page that it is linked to and that sends for it.

    `tag` goes with what agents write after the reply window, where Meta has granted it. `app_secret` signs webhooks,
    `verify_token` is what their handshake has to bring, `access_token` is for sending; `api_url` and `graph_version`
    say where the Graph API is, and which.
    """

    account_id: str

    def __post_init__(self) -> None:
        """Refuse what no webhook could be told by."""
        MessengerConfig.__post_init__(self)
        _require_id("account_id", self.account_id)


_IMAGES: Final = ("image/gif", "image/jpeg", "image/png")
_OTHERS: Final = (
    *("audio/aac", "audio/m4a", "audio/mp4", "audio/vnd.wave", "audio/wav", "audio/wave", "audio/x-m4a", "audio/x-wav"),
    *("video/avi", "video/mp4", "video/ogg", "video/quicktime", "video/webm", "video/x-msvideo"),
    "application/pdf",
)
"""What Instagram takes: AAC, M4A, WAV and MP4; MP4, OGG, AVI, MOV and WebM; PDF. Some have several names."""


class Messenger(MetaAdapter):
    """One page on Messenger."""

    kind: ClassVar[str] = "messenger"
    Config: ClassVar[type[MessengerConfig]] = MessengerConfig
    errors: ClassVar[ErrorTable] = ERRORS
    capabilities: ClassVar[Capabilities] = replace(
        MetaAdapter.capabilities,
        template=Level.REJECT,
        typing=Level.NATIVE,
        text_size_max=2000,
        choices_max=CHOICES_MAX,
        choice_title_size_max=TITLE_LENGTH_MAX,
        media_size_max={"image/*": 8 * MIB, "*/*": 25 * MIB},
        receipts=Receipts.WATERMARK,
        rate_per_s=300.0,
    )
    webhook_object: ClassVar[str] = "page"

    def __init__(self, context: ChannelContext, config: MessengerConfig) -> None:
        """Keep both; with a tag, this channel's window is as long as the tag's."""
        super().__init__(context, config)
        self._settings = config
        if config.tag:
            vars(self)["capabilities"] = replace(self.capabilities, reply_window_s=7 * DAY_S)

    @property
    def node(self) -> str:
        """The page's id at Meta."""
        return self._settings.page_id

    @property
    def account(self) -> str:
        """The id by which webhooks name us."""
        return self._settings.page_id

    def parse(self, request: HttpRequest) -> Iterable[Arrival]:
        """Read every item of every entry; raises ParseError where nothing can be."""
        reading = read(request.body, self.context.channel, self.webhook_object, self.account)
        return reading.tell(self.context.log)

    async def typing(self, to: CustomerAddress, is_on: bool) -> None:  # noqa: FBT001 - by contract
        """Show that an agent types, or has stopped."""
        await self._act(to, "typing_on" if is_on else "typing_off")

    async def mark_read(self, to: CustomerAddress, external_ids: Sequence[ExternalId]) -> None:
        """Mark the thread seen; Meta has no such mark for a single message."""
        if external_ids:
            await self._act(to, "mark_seen")

    async def _act(self, to: CustomerAddress, action: str) -> None:
        await self.called(self._post({"recipient": {"id": to.id}, "sender_action": action}))

    async def _send(self, delivery: Delivery) -> ExternalId:
        body = body_of(delivery)
        try:
            answer = await self._post(body)
        except Exception as error:
            is_late = isinstance(self.classify(error), WindowClosed)
            # The tag is for what people write: a notice of ours under it would cost the page the grant.
            if not (is_late and self._settings.tag and isinstance(delivery.content, Message)):
                raise
            answer = await self._post(with_tag(body, self._settings.tag))
        return ExternalId(required(answer, "message_id"))

    async def _post(self, body: dict[str, Any]) -> dict[str, Any]:
        return dict(await self.graph.post(self.node, "messages", body=body))

    async def _fetch(self, ref: MediaRef) -> AsyncIterator[bytes]:
        # The place is open to whoever knows it, so no token goes there.
        async for piece in self.graph.stream(ref.url, has_token=False):
            yield piece


@final
class Instagram(Messenger):
    """One Instagram account, reached through its page."""

    kind: ClassVar[str] = "instagram"
    Config: ClassVar[type[InstagramConfig]] = InstagramConfig
    capabilities: ClassVar[Capabilities] = replace(
        Messenger.capabilities,
        text_size_max=1000,
        text_unit=TextUnit.BYTE,
        media_size_max={**dict.fromkeys(_IMAGES, 8 * MIB), **dict.fromkeys(_OTHERS, 25 * MIB), "*/*": 0},
        echoes=False,
        receipts=Receipts.EACH,
        idempotency=Idempotency.NONE,
    )
    webhook_object: ClassVar[str] = "instagram"

    def __init__(self, context: ChannelContext, config: InstagramConfig) -> None:
        """Keep both."""
        super().__init__(context, config)
        self._account = config.account_id

    @property
    def account(self) -> str:
        """The id by which webhooks name us."""
        return self._account


def _require_id(name: str, given: str) -> None:
    if not (given.isascii() and given.isdigit()):
        raise ValueError(f"setting {name!r} must be an id at Meta: digits")
