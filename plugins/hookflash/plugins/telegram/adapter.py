"""The adapter of kind `telegram`.

With a public URL Telegram calls us, without one we poll: each excludes the other there, so a start settles which it is.
The cursor of polling moves only when everything before it was taken; brought again, an update has the same key.
"""

import json
import logging
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final, final

from hookflash.sdk import (
    Arrival,
    Capabilities,
    ChannelAdapter,
    ChannelContext,
    ConfigError,
    CustomerAddress,
    CustomerNotice,
    Delivery,
    ExternalId,
    HttpRequest,
    HttpResponse,
    Idempotency,
    Level,
    Media,
    MediaKind,
    MediaRef,
    Message,
    ParseError,
    Receipts,
    SendError,
    Throttled,
    Transient,
    with_link,
)
from hookflash.sdk.signing import telegram_secret

from .api import BotApi, TokenFilter
from .config import TelegramConfig
from .updates import ALLOWED, arrivals, pressed_button, read_update

__all__ = ["Telegram"]

_COUNTED_FOR: Final = timedelta(days=6)
_UPDATES_MAX: Final = 100
_BUTTON_SIZE_MAX: Final = 64
_FILE_SIZE_MAX: Final = 20 * 1024 * 1024
_PHOTO_SIZE_MAX: Final = 5 * 1024 * 1024
_CAPTION_LENGTH_MAX: Final = 1024
_FILES_BY_URL: Final = frozenset({"application/pdf", "application/zip", "image/gif"})
_CALLS: Final = {
    MediaKind.IMAGE: ("sendPhoto", "photo"),
    MediaKind.AUDIO: ("sendAudio", "audio"),
    MediaKind.VIDEO: ("sendVideo", "video"),
    MediaKind.FILE: ("sendDocument", "document"),
}
_RETRY_S: Final = 5.0
_RETRY_MAX_S: Final = 300.0
_POLL_GRACE_S: Final = 10.0


@final
class Telegram(ChannelAdapter):
    """A bot; its customers' addresses are the numbers of their private chats with it."""

    kind: ClassVar[str] = "telegram"
    Config: ClassVar[type[TelegramConfig]] = TelegramConfig
    capabilities: ClassVar[Capabilities] = Capabilities(
        choice=Level.NATIVE,
        typing=Level.NATIVE,
        edit=Level.PARTIAL,
        image=Level.PARTIAL,
        audio=Level.PARTIAL,
        video=Level.PARTIAL,
        file=Level.PARTIAL,
        text_size_max=4096,
        choices_max=50,
        choice_title_size_max=64,
        media_size_max=dict.fromkeys(("image/*", "audio/*", "video/*", "application/*", "text/*"), _FILE_SIZE_MAX),
        caption_size_max=dict.fromkeys(MediaKind, _CAPTION_LENGTH_MAX),
        receipts=Receipts.NONE,
        idempotency=Idempotency.NONE,
        rate_per_s=30.0,
    )

    def __init__(self, context: ChannelContext, config: TelegramConfig) -> None:
        """Keep both; nothing is called yet."""
        super().__init__(context, config)
        self._settings = config
        self._api = BotApi(context, config)
        self._filter = TokenFilter(config.token)
        # Of this bot: another one's updates are counted by themselves.
        self._cursor_key = f"cursor {config.account}"
        self._is_settled = False

    async def start(self) -> None:
        """Tell Telegram how updates come; raises AuthExpired or Permanent, and goes on trying where it is down."""
        is_telegrams_own = self._settings.api_url.startswith("https://api.telegram.org")
        if self.context.public_url.startswith("http://") and is_telegrams_own:
            raise ConfigError(("the channel's public URL must begin with https://: Telegram calls no other",))
        logging.getLogger("httpx").addFilter(self._filter)
        try:
            await self._settle()
        except (Transient, Throttled) as error:
            self.context.log.warning("telegram_not_reached", error=str(error))
            if self.context.public_url:
                self.context.create_task(self._settle_later())

    async def stop(self) -> None:
        """Leave the webhook set: Telegram keeps what comes meanwhile and brings it again."""
        logging.getLogger("httpx").removeFilter(self._filter)

    async def health(self) -> None:
        """Ask Telegram who we are."""
        await self._api.call("getMe")

    def verify(self, request: HttpRequest) -> None:
        """Check the secret token."""
        telegram_secret(self._settings.secret_token, request.headers.get("x-telegram-bot-api-secret-token"))

    def parse(self, request: HttpRequest) -> Iterable[Arrival]:
        """Read the update."""
        return list(self._arrivals(read_update(request.body)))

    def ack(self, request: HttpRequest) -> HttpResponse:
        """Answer; a pressed button is answered in the same breath, which ends its sign of waiting."""
        with suppress(ParseError):
            if (button := pressed_button(read_update(request.body))) is not None:
                answer = {"method": "answerCallbackQuery", "callback_query_id": button}
                return HttpResponse(content_type="application/json", body=json.dumps(answer).encode())
        return HttpResponse()

    async def poll(self) -> AsyncIterator[Arrival]:
        """Fetch updates for as long as there is no webhook."""
        if self.context.public_url:
            return
        if not self._is_settled:
            await self._settle()
        while True:
            updates = await self._updates(await self._cursor())
            for update in updates:
                for arrival in self._readable(update):
                    yield arrival
                await self._answer_button(update)
            # Asked for the next arrival, the last one is durable; and only now Telegram may forget these.
            await self._advance(updates)

    async def send(self, delivery: Delivery) -> ExternalId:
        """Send the text, with its choices as buttons below it, or a medium by its URL, with the text as its caption."""
        content = delivery.content
        method, said = _said(content)
        sent = await self._api.call(
            method,
            chat_id=_chat(delivery.to),
            **said,
            reply_markup=_buttons(content) if isinstance(content, Message) and content.choices else None,
            reply_parameters=_answered(delivery.reply_to),
        )
        number = sent.get("message_id") if isinstance(sent, dict) else None
        if type(number) is not int:
            raise Transient("Telegram took a message without telling its number")
        return ExternalId(f"{delivery.to.id}/{number}")

    def fetch_media(self, ref: MediaRef) -> AsyncIterator[bytes]:
        """Bring a file; Telegram gives bots no more than 20 MB of one."""
        return self._api.file(ref.id)

    async def typing(self, to: CustomerAddress, is_on: bool) -> None:  # noqa: FBT001 - positional by contract
        """Show that an agent types, for five seconds or until a message; there is no sign for having stopped."""
        if is_on:
            await self._api.call("sendChatAction", chat_id=_chat(to), action="typing")

    async def _settle(self) -> None:
        if self.context.public_url:
            await self._api.call(
                "setWebhook",
                url=self.context.public_url,
                secret_token=self._settings.secret_token.reveal(),
                allowed_updates=ALLOWED,
                max_connections=self._settings.max_connections,
            )
        else:
            await self._api.call("deleteWebhook")
        self._is_settled = True

    async def _settle_later(self) -> None:
        wait_s = _RETRY_S
        while not self._is_settled:
            await self.context.sleep(wait_s)
            wait_s = min(wait_s * 2, _RETRY_MAX_S)
            try:
                await self._settle()
            except SendError as error:
                self.context.log.warning("telegram_not_reached", error=str(error))

    def _arrivals(self, update: Mapping[str, object]) -> Iterable[Arrival]:
        return arrivals(update, self.context.channel, self._settings.account, self.context.clock())

    def _readable(self, update: Mapping[str, object]) -> list[Arrival]:
        try:
            return list(self._arrivals(update))
        except ParseError as error:
            # Passed over, or it would be brought for ever and nothing after it.
            self.context.log.warning("telegram_update_unreadable", error=str(error))
            return []

    async def _updates(self, cursor: int | None) -> list[Mapping[str, object]]:
        wait_s = self._settings.poll_s
        found = await self._api.call(
            "getUpdates",
            within_s=wait_s + _POLL_GRACE_S,
            offset=cursor,
            timeout=wait_s,
            limit=_UPDATES_MAX,
            allowed_updates=ALLOWED,
        )
        if not isinstance(found, list):
            raise Transient("Telegram answered a poll without a list")
        return [update for update in found if isinstance(update, dict)]

    async def _answer_button(self, update: Mapping[str, object]) -> None:
        if (button := pressed_button(update)) is not None:
            try:
                await self._api.call("answerCallbackQuery", callback_query_id=button)
            except SendError as error:
                self.context.log.warning("telegram_button_unanswered", error=str(error))

    async def _cursor(self) -> int | None:
        """The number of the first update not taken; None where it was kept so long ago that Telegram counts anew."""
        kept = await self.context.store.get(self._cursor_key)
        if kept is None:
            return None
        number, _, at = kept.partition(" ")
        is_recent = self.context.clock() - datetime.fromisoformat(at) < _COUNTED_FOR
        return int(number) if is_recent else None

    async def _advance(self, taken: Sequence[Mapping[str, object]]) -> None:
        if not taken:
            return
        numbers = [number for update in taken if isinstance(number := update.get("update_id"), int)]
        if not numbers:
            raise Transient("Telegram brought updates without numbers")
        await self.context.store.put(self._cursor_key, f"{max(numbers) + 1} {self.context.clock().isoformat()}")


def _chat(to: CustomerAddress) -> int | str:
    return int(to.id) if to.id.lstrip("-").isascii() and to.id.lstrip("-").isdigit() else to.id


def _said(content: Message | CustomerNotice) -> tuple[str, dict[str, Any]]:
    """The method and what it says; what Telegram would not fetch by its URL is a link in the text."""
    if not isinstance(content, Message) or content.media is None:
        return "sendMessage", {"text": content.text}
    if not _is_fetched(content.media):
        return "sendMessage", {"text": with_link(content).text}
    method, field = _CALLS[content.media.kind]
    return method, {field: content.media.ref.url, **({"caption": content.text} if content.text else {})}


def _is_fetched(media: Media) -> bool:
    match media.kind:
        case MediaKind.IMAGE:
            return media.ref.size is None or media.ref.size <= _PHOTO_SIZE_MAX
        case MediaKind.FILE:
            return media.ref.mime_type in _FILES_BY_URL
        case _:
            return True


def _buttons(message: Message) -> Mapping[str, object]:
    rows = [
        [{"text": choice.title, "callback_data": choice.id if _fits(choice.id) else f"#{number}"}]
        for number, choice in enumerate(message.choices, start=1)
    ]
    return {"inline_keyboard": rows}


def _fits(choice: str) -> bool:
    return 0 < len(choice.encode()) <= _BUTTON_SIZE_MAX


def _answered(reply_to: ExternalId | None) -> Mapping[str, object] | None:
    number = (reply_to or "").rpartition("/")[2]
    if not number.isascii() or not number.isdigit():
        return None
    return {"message_id": int(number), "allow_sending_without_reply": True}
