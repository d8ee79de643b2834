"""The contract tests of this plugin, with updates as Telegram's documentation shows them.

`hookflash plugin check telegram` runs them.
"""

import json
from collections.abc import Mapping
from typing import ClassVar, Final

import httpx

from hookflash.sdk import HttpRequest
from hookflash.sdk.testing import WebhookContract

from .adapter import Telegram

__all__ = ["TestTelegram"]

_TOKEN: Final = "123456789:ABC-DEF1234ghIkl-zyx57W2v1u123ew11"  # noqa: S105 - of the documentation
_SECRET: Final = "a-Secret_of-the_webhook"  # noqa: S105 - nobody's
_SAID: Final = {
    "message_id": 1365,
    "from": {"id": 1111111, "is_bot": False, "first_name": "Test", "last_name": "Testman"},
    "chat": {"id": 1111111, "type": "private", "first_name": "Test", "last_name": "Testman"},
    "date": 1441645532,
}


def _update(**message: object) -> HttpRequest:
    return HttpRequest(
        method="POST",
        path="/channels/test",
        headers={"x-telegram-bot-api-secret-token": _SECRET, "content-type": "application/json"},
        body=json.dumps({"update_id": 10000, "message": {**_SAID, **message}}).encode(),
    )


def _answer(asked: httpx.Request) -> httpx.Response:
    is_said = asked.url.path.endswith(("/sendMessage", "/sendPhoto", "/sendAudio", "/sendVideo", "/sendDocument"))
    result: object = {**_SAID, "text": ""} if is_said else True
    return httpx.Response(200, json={"ok": True, "result": result})


class TestTelegram(WebhookContract):
    """By webhook, as the contract's public URL asks for."""

    adapter = Telegram
    settings: ClassVar[Mapping[str, str]] = {"token": "env:BOT", "webhook_secret": "env:HOOK"}
    environ: ClassVar[Mapping[str, str]] = {"BOT": _TOKEN, "HOOK": _SECRET}
    secrets = (_TOKEN, _SECRET)
    customer = "1111111"
    answer = staticmethod(_answer)
    signature_header = "x-telegram-bot-api-secret-token"
    signs_the_body = False
    sample = _update(text="/start")
    batch = sample
    unknown = _update(location={"latitude": 52.5, "longitude": 13.4})
    media = _update(caption="the bill", photo=[{"file_id": "s", "width": 90}, {"file_id": "l", "width": 1280}])
