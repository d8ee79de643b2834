"""The telegram adapter keeps the contract of every channel that its provider calls."""

import json
from typing import Any

import httpx

from hookflash.plugins.telegram import Telegram
from hookflash.sdk import HttpRequest
from hookflash.sdk.testing import WebhookContract
from tests.channels.fake_telegram import DATE, TOKEN, message

SECRET = "a-Secret_of-the_webhook"  # noqa: S105 - a test's


def request(**update: Any) -> HttpRequest:  # noqa: ANN401 - JSON
    return HttpRequest(
        method="POST",
        path="/channels/test",
        headers={"x-telegram-bot-api-secret-token": SECRET, "content-type": "application/json"},
        body=json.dumps({"update_id": 10000, **update}).encode(),
    )


def _answer(asked: httpx.Request) -> httpx.Response:
    result: object = True if not asked.url.path.endswith("/sendMessage") else {"message_id": 7, "date": DATE}
    return httpx.Response(200, json={"ok": True, "result": result})


class TestTelegram(WebhookContract):
    adapter = Telegram
    settings = {"token": "env:BOT", "webhook_secret": "env:HOOK"}  # noqa: RUF012 - declared by the contract
    environ = {"BOT": TOKEN, "HOOK": SECRET}  # noqa: RUF012 - declared by the contract
    secrets = (TOKEN, SECRET)
    customer = "42"
    answer = staticmethod(_answer)  # type: ignore[assignment]  # mypy takes the ClassVar for a method
    signature_header = "x-telegram-bot-api-secret-token"
    signs_the_body = False
    sample = request(message=message(1365, "/start"))
    batch = sample
    unknown = request(message=message(1366, None, location={"latitude": 52.5, "longitude": 13.4}))
    media = request(
        message=message(
            1367,
            None,
            caption="the bill",
            photo=[
                {"file_id": "small", "file_unique_id": "s", "width": 90, "height": 67, "file_size": 1103},
                {"file_id": "large", "file_unique_id": "l", "width": 1280, "height": 960, "file_size": 180_000},
            ],
        )
    )
