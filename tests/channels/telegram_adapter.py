"""What the telegram tests share: the adapter before a fake server, and what its updates look like."""

import json
from typing import Any

import httpx

from hookflash.plugins.telegram import Telegram, TelegramConfig
from hookflash.sdk import CustomerAddress, HttpRequest, Secret
from hookflash.sdk.testing import RecordedLog, RecordedStore, channel_context
from hookflash.sdk.testing.fakes.telegram import TOKEN, FakeTelegram, message
from hookflash.sdk.types import ChannelId

__all__ = ["BOT", "PUBLIC", "SECRET", "adapter_at", "address", "config", "pressed", "request"]

BOT = {"id": 987654321, "is_bot": True, "first_name": "Bot"}
SECRET = "a-Secret_of-the_webhook"  # noqa: S105 - a test's
PUBLIC = "https://hookflash.example/channels/test"


def config(url: str = "https://api.telegram.org") -> TelegramConfig:
    return TelegramConfig(token=Secret(TOKEN), webhook_secret=Secret(SECRET), api_url=url, poll_s=1)


def adapter_at(
    telegram: FakeTelegram,
    http: httpx.AsyncClient,
    *,
    store: RecordedStore | None = None,
    log: RecordedLog | None = None,
    public_url: str = "",
) -> Telegram:
    context = channel_context(http=http, store=store, log=log, public_url=public_url)
    return Telegram(context, config(telegram.server.url))


def address(chat: int = 42) -> CustomerAddress:
    return CustomerAddress(channel=ChannelId("test"), account="987654321", id=str(chat))


def pressed(data: str) -> dict[str, Any]:
    keyboard = {"inline_keyboard": [[{"text": "Yes, please", "callback_data": "yes"}]]}
    asked = message(7, "More?", reply_markup=keyboard, sender=BOT)
    customer = {"id": 42, "is_bot": False, "first_name": "Carla", "last_name": "Weiß"}
    return {"id": "4382bfdwdsb323b2d9", "from": customer, "message": asked, "chat_instance": "-1", "data": data}


def request(**update: Any) -> HttpRequest:  # noqa: ANN401 - JSON
    """A call of Telegram's with the update 10000."""
    return HttpRequest(
        method="POST",
        path="/channels/test",
        headers={"x-telegram-bot-api-secret-token": SECRET, "content-type": "application/json"},
        body=json.dumps({"update_id": 10000, **update}).encode(),
    )
