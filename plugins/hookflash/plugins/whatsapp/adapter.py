"""The adapter of kind `whatsapp`: what it can do, and its calls.

A typing sign is about a message of the customer's, so it needs the last one that was marked read.
"""

from collections import OrderedDict
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Final, final

from hookflash.plugins.meta.adapter import MIB, MetaAdapter
from hookflash.plugins.meta.errors import ErrorTable
from hookflash.plugins.meta.reading import items, required
from hookflash.plugins.meta.settings import MetaConfig
from hookflash.plugins.whatsapp.errors import ERRORS
from hookflash.plugins.whatsapp.messages import read
from hookflash.plugins.whatsapp.sending import (
    CAPTION_LENGTH_MAX,
    DOCUMENTS,
    LIST_MAX,
    PLAYED,
    ROW_TITLE_LENGTH_MAX,
    TITLE_LENGTH_MAX,
    body_of,
)
from hookflash.sdk import (
    Arrival,
    Capabilities,
    ChannelContext,
    CustomerAddress,
    Delivery,
    ExternalId,
    HttpRequest,
    Level,
    MediaKind,
    MediaRef,
    Receipts,
)

__all__ = ["WhatsApp", "WhatsAppConfig"]

_SEEN_MAX: Final = 10_000


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WhatsAppConfig(MetaConfig):
    """One business number.

    `phone_number_id` is its id at Meta, `list_button` the word on the button that opens a list of choices. `app_secret`
    signs webhooks, `verify_token` is what their handshake has to bring, `access_token` is for sending; `api_url` and
    `graph_version` say where the Graph API is, and which.
    """

    phone_number_id: str
    list_button: str = "Choose"

    def __post_init__(self) -> None:
        """Refuse what no call could be made with."""
        MetaConfig.__post_init__(self)
        if not (self.phone_number_id.isascii() and self.phone_number_id.isdigit()):
            raise ValueError("setting 'phone_number_id' must be the number's id at Meta: digits")
        if not 1 <= len(self.list_button) <= TITLE_LENGTH_MAX:
            raise ValueError(f"setting 'list_button' must have 1 to {TITLE_LENGTH_MAX} characters")


@final
class WhatsApp(MetaAdapter):
    """One business number on WhatsApp."""

    kind: ClassVar[str] = "whatsapp"
    Config: ClassVar[type[WhatsAppConfig]] = WhatsAppConfig
    errors: ClassVar[ErrorTable] = ERRORS
    capabilities: ClassVar[Capabilities] = replace(
        MetaAdapter.capabilities,
        template=Level.NATIVE,
        typing=Level.PARTIAL,
        text_size_max=4096,
        choices_max=LIST_MAX,
        choice_title_size_max=ROW_TITLE_LENGTH_MAX,
        media_size_max={
            **dict.fromkeys(PLAYED[MediaKind.IMAGE], 5 * MIB),
            **dict.fromkeys(PLAYED[MediaKind.AUDIO], 16 * MIB),
            **dict.fromkeys(PLAYED[MediaKind.VIDEO], 16 * MIB),
            **dict.fromkeys(DOCUMENTS, 100 * MIB),
            "*/*": 0,
        },
        # A sound has none.
        caption_size_max=dict.fromkeys((MediaKind.IMAGE, MediaKind.VIDEO, MediaKind.FILE), CAPTION_LENGTH_MAX),
        receipts=Receipts.EACH,
        rate_per_s=80.0,
    )

    def __init__(self, context: ChannelContext, config: WhatsAppConfig) -> None:
        """Keep both; nothing is called yet."""
        super().__init__(context, config)
        self._settings = config
        self._seen: OrderedDict[str, ExternalId] = OrderedDict()

    @property
    def node(self) -> str:
        """The number's id at Meta."""
        return self._settings.phone_number_id

    def parse(self, request: HttpRequest) -> Iterable[Arrival]:
        """Read every message and status of every change of every entry; raises ParseError where nothing can be."""
        reading = read(request.body, self.context.channel, self.node)
        return reading.tell(self.context.log)

    async def typing(self, to: CustomerAddress, is_on: bool) -> None:  # noqa: FBT001 - by contract
        """Show that an agent types, for 25 s or until the next message; there is no way to take it back."""
        last = self._seen.get(to.id)
        if is_on and last is not None:
            await self._mark(last, {"typing_indicator": {"type": "text"}})

    async def mark_read(self, to: CustomerAddress, external_ids: Sequence[ExternalId]) -> None:
        """Mark the last one read, which marks those before it too."""
        if not external_ids:
            return
        self._seen[to.id] = external_ids[-1]
        self._seen.move_to_end(to.id)
        if len(self._seen) > _SEEN_MAX:
            self._seen.popitem(last=False)
        await self._mark(external_ids[-1], {})

    async def _mark(self, message: ExternalId, more: dict[str, object]) -> None:
        body = {"messaging_product": "whatsapp", "status": "read", "message_id": message, **more}
        await self.called(self.graph.post(self.node, "messages", body=body))

    async def _send(self, delivery: Delivery) -> ExternalId:
        body = body_of(delivery, self._settings.list_button)
        answer = await self.graph.post(self.node, "messages", body=body)
        (message,) = items(answer, "messages")
        return ExternalId(required(message, "id"))

    async def _fetch(self, ref: MediaRef) -> AsyncIterator[bytes]:
        # The place is good for five minutes, so it is asked for when it is needed.
        answer = await self.graph.get(ref.id, phone_number_id=self.node)
        async for piece in self.graph.stream(required(answer, "url"), has_token=True):
            yield piece
