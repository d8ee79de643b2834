"""A Telegram Bot API server on loopback that behaves like Telegram's, as far as its public documentation says.

Updates are kept until a later offset confirms them, or until a webhook answered 2xx. A poll beside a webhook, a wrong
token, a text that is too long, a customer who blocked the bot: each is refused as there.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from hookflash.sdk.channel import HttpRequest, HttpResponse
from hookflash.sdk.testing.fakes.loopback import Loopback, call, loopback

__all__ = ["DATE", "TOKEN", "FakeTelegram", "Trouble", "failed", "fake_telegram", "message", "throttled"]

TOKEN = "987654321:AAcanary-Token_of-the_bot0123456789"  # noqa: S105 - a fake's
DATE = 1767225600

Trouble = HttpResponse | None
"""What a call is answered with instead; None resets the connection."""

_TOO_LONG, _CAPTION_MAX, _DATA_MAX = 4096, 1024, 64
_MEDIA = {"sendPhoto": "photo", "sendAudio": "audio", "sendVideo": "video", "sendDocument": "document"}


def message(
    number: int,
    text: str | None = "Hello",
    *,
    chat: int = 42,
    sender: Mapping[str, object] | None = None,
    **fields: object,
) -> dict[str, Any]:
    """A private message as in the documentation's examples."""
    said: dict[str, Any] = {
        "message_id": number,
        "from": sender or {"id": chat, "is_bot": False, "first_name": "Carla", "last_name": "Weiß"},
        "chat": {"id": chat, "first_name": "Carla", "last_name": "Weiß", "username": "carla", "type": "private"},
        "date": DATE,
    }
    return {**said, **({} if text is None else {"text": text}), **fields}


@dataclass
class FakeTelegram:
    """One bot's server; `troubles` holds what the next calls of a method meet, first one first.

    `webhook_at` is where the URL that was given to setWebhook leads on this machine.
    """

    server: Loopback
    updates: list[dict[str, Any]] = field(default_factory=list)
    sent: list[dict[str, Any]] = field(default_factory=list)
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    blocked: set[int] = field(default_factory=set)
    files: dict[str, bytes] = field(default_factory=dict)
    troubles: dict[str, deque[Trouble]] = field(default_factory=dict)
    webhook: dict[str, Any] = field(default_factory=dict)
    webhook_at: str = ""
    offsets: list[int | None] = field(default_factory=list)
    number: int = 1000
    has_new: asyncio.Event = field(default_factory=asyncio.Event)
    polls: int = 0

    def adds(self, **update: object) -> dict[str, Any]:
        """Something happened: an update waits to be fetched."""
        self.number += 1
        made = {"update_id": self.number, **update}
        self.updates.append(made)
        self.has_new.set()
        return made

    async def brings(self, update: Mapping[str, Any], times: int = 1) -> list[HttpResponse]:
        """Call the webhook with an update, more often where an answer was lost on the way."""
        request = HttpRequest(
            method="POST",
            path="/",
            headers={"x-telegram-bot-api-secret-token": self.webhook["secret_token"]},
            body=json.dumps(update).encode(),
        )
        return [await call(self.webhook_at, request) for _ in range(times)]

    def texts(self) -> list[str]:
        """What customers were shown."""
        return [one["text"] for one in self.sent if "text" in one]

    async def answer(self, request: HttpRequest) -> Trouble:
        """Answer a call; None resets the connection."""
        if request.path.startswith(f"/file/bot{TOKEN}/"):
            content = self.files.get(request.path.removeprefix(f"/file/bot{TOKEN}/"))
            return HttpResponse(status=404) if content is None else HttpResponse(body=content)
        bot, _, method = request.path.removeprefix("/bot").partition("/")
        if bot != TOKEN:
            return _refused(401, "Unauthorized")
        fields: dict[str, Any] = json.loads(request.body or b"{}")
        self.calls.append((method, fields))
        troubles = self.troubles.get(method)
        if troubles:
            return troubles.popleft()
        return await self._method(method, fields)

    async def _method(self, method: str, fields: dict[str, Any]) -> HttpResponse:
        match method:
            case "getUpdates":
                return await self._get_updates(fields)
            case "sendMessage":
                return self._send(fields)
            case "sendPhoto" | "sendAudio" | "sendVideo" | "sendDocument":
                return self._send_medium(_MEDIA[method], fields)
            case "setWebhook":
                self.webhook = fields
                return _ok(True)  # noqa: FBT003 - as Telegram has it
            case "deleteWebhook":
                self.webhook = {}
                return _ok(True)  # noqa: FBT003 - as Telegram has it
            case "getMe":
                return _ok({"id": int(TOKEN.partition(":")[0]), "is_bot": True, "first_name": "Bot"})
            case "getFile":
                return _ok({"file_id": fields["file_id"], "file_path": f"photos/{fields['file_id']}.jpg"})
            case "sendChatAction" | "answerCallbackQuery":
                return _ok(True)  # noqa: FBT003 - as Telegram has it
            case _:
                return _refused(404, "Not Found")

    async def _get_updates(self, fields: dict[str, Any]) -> HttpResponse:
        if self.webhook:
            return _refused(409, "Conflict: can't use getUpdates method while webhook is active")
        if self.polls:
            return _refused(409, "Conflict: terminated by other getUpdates request")
        offset = fields.get("offset")
        self.offsets.append(offset)
        if offset is not None:
            self.updates = [update for update in self.updates if update.get("update_id", offset) >= offset]
        self.polls += 1
        try:
            async with asyncio.timeout(fields.get("timeout", 0)):
                while not self.updates:
                    self.has_new.clear()
                    await self.has_new.wait()
        except TimeoutError:
            pass
        finally:
            self.polls -= 1
        return _ok(self.updates[: fields.get("limit", 100)])

    def _send_medium(self, kind: str, fields: dict[str, Any]) -> HttpResponse:
        if not str(fields.get(kind, "")).startswith("https://"):
            return _refused(400, "Bad Request: wrong file identifier/HTTP URL specified")
        if len(fields.get("caption", "")) > _CAPTION_MAX:
            return _refused(400, "Bad Request: message caption is too long")
        if kind == "document" and not fields[kind].endswith((".pdf", ".zip", ".gif")):
            return _refused(400, "Bad Request: wrong type of the web page content")
        return self._send({**fields, "text": ""})

    def _send(self, fields: dict[str, Any]) -> HttpResponse:
        if fields["chat_id"] in self.blocked:
            return _refused(403, "Forbidden: bot was blocked by the user")
        if not isinstance(fields["chat_id"], int):
            return _refused(400, "Bad Request: chat not found")
        if len(fields["text"]) > _TOO_LONG:
            return _refused(400, "Bad Request: message is too long")
        rows = fields.get("reply_markup", {}).get("inline_keyboard", [])
        if any(len(button["callback_data"].encode()) > _DATA_MAX for row in rows for button in row):
            return _refused(400, "Bad Request: BUTTON_DATA_INVALID")
        self.sent.append({key: each for key, each in fields.items() if key != "text" or each})
        return _ok(message(len(self.sent), fields["text"], chat=fields["chat_id"]))


def throttled(retry_after_s: int) -> HttpResponse:
    """The answer to who is too fast."""
    said = f"Too Many Requests: retry after {retry_after_s}"
    return _refused(429, said, parameters={"retry_after": retry_after_s})


def failed(status: int = 500) -> HttpResponse:
    """The answer of a server that is in trouble itself."""
    return _refused(status, "Internal Server Error")


def _ok(result: object) -> HttpResponse:
    return _json(200, {"ok": True, "result": result})


def _refused(code: int, description: str, **more: object) -> HttpResponse:
    return _json(code, {"ok": False, "error_code": code, "description": description, **more})


def _json(status: int, said: Mapping[str, object]) -> HttpResponse:
    return HttpResponse(status=status, content_type="application/json", body=json.dumps(said).encode())


@asynccontextmanager
async def fake_telegram() -> AsyncIterator[FakeTelegram]:
    """Run one on a free port."""
    made: list[FakeTelegram] = []

    async def answer(request: HttpRequest) -> HttpResponse | None:
        return await made[0].answer(request)

    async with loopback(answer) as server:
        made.append(FakeTelegram(server))
        yield made[0]
