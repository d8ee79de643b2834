"""A fake of Meta: its Graph API on this machine, and what it posts to a webhook.

It behaves as the real one does on a bad day: receipts come before its own answer, twice and in any order, answers get
lost after a message was shown, limits are kept, calls are throttled. What it is told to do wrong is in `faults`. An
adapter under test has the settings `ACCESS_TOKEN`, `APP_SECRET` and `VERIFY_TOKEN` of here, and `NUMBER` or `PAGE`.
"""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any

import httpx

from hookflash.sdk.channel import HttpRequest, HttpResponse
from hookflash.sdk.testing.fakes.loopback import Loopback, loopback, loopback_client
from hookflash.sdk.testing.fakes.meta_checks import problem_with
from hookflash.sdk.testing.fakes.meta_faults import Fault, Lost, answer_of, error_answer
from hookflash.sdk.testing.fakes.meta_payloads import (
    INSTAGRAM,
    NUMBER,
    PAGE,
    messenger_body,
    messenger_item,
    signature,
    whatsapp_body,
    whatsapp_status,
    whatsapp_text,
)

__all__ = ["ACCESS_TOKEN", "APP_SECRET", "VERIFY_TOKEN", "FakeMeta", "Shown", "fake_meta"]

APP_SECRET, VERIFY_TOKEN, ACCESS_TOKEN = "app-secret-0451", "verify-token-0452", "EAAG-access-token-0453"

Json = dict[str, Any]

_RETRIES_MAX = 20


@dataclass(frozen=True, slots=True)
class Shown:
    """A message that a customer sees: `to` is his id, `body` what was posted."""

    to: str
    text: str
    external_id: str
    body: Json


@dataclass
class FakeMeta:
    """One app with a WhatsApp number and a page, which may be an Instagram account's. It posts to `webhook`."""

    webhook: str = ""
    is_instagram: bool = False
    faults: deque[Fault] = field(default_factory=deque)
    clock: Callable[[], float] = lambda: 1_700_000_000.0
    has_early_receipts: bool = True
    copies: int = 2
    is_shuffled: bool = True
    media: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    shown: list[Shown] = field(default_factory=list)
    acts: list[Json] = field(default_factory=list)
    calls: list[bytes] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin with nothing shown."""
        self.account = INSTAGRAM if self.is_instagram else PAGE
        self.served: Loopback
        self._serial = count(1)
        self._random = Random(1)  # noqa: S311  repeatable by intent
        self._posting: set[asyncio.Task[None]] = set()
        self._http: httpx.AsyncClient | None = None

    @property
    def url(self) -> str:
        """Where its Graph API is."""
        return self.served.url

    # --- what customers do

    async def whatsapp_says(self, sender: str, text: str) -> str:
        """A customer writes on WhatsApp; returns when the webhook has taken it. Gives the message's id."""
        external_id = f"wamid.{next(self._serial):06}"
        contact = {"profile": {"name": "Carl"}, "wa_id": sender, "user_id": f"US.{sender}"}
        message = whatsapp_text(external_id, sender, text, self._now_s())
        await self._brought(whatsapp_body(messages=[message], contact=contact))
        return external_id

    async def messenger_says(self, sender: str, text: str) -> str:
        """A customer writes on Messenger or Instagram; returns when the webhook has taken it. Gives its id."""
        mid = f"m_{next(self._serial):06}"
        item = messenger_item(sender, self.account, self._now_ms(), message={"mid": mid, "text": text})
        await self._brought(self._of_page(item))
        return mid

    async def messenger_reads(self, sender: str) -> None:
        """A customer on Messenger looks at all that was written to him."""
        await self._brought(
            messenger_body(messenger_item(sender, PAGE, self._now_ms(), read={"watermark": self._now_ms()}))
        )

    async def settle(self) -> None:
        """Wait until everything that it had to post is taken."""
        while self._posting:
            await asyncio.gather(*self._posting)

    async def close(self) -> None:
        """Post no more."""
        for task in self._posting:
            task.cancel()
        if self._http is not None:
            await self._http.aclose()

    async def subscribe(self, token: str = VERIFY_TOKEN) -> tuple[int, str]:
        """Do the handshake: status and body of the answer."""
        query = {"hub.mode": "subscribe", "hub.verify_token": token, "hub.challenge": "1158201444"}
        answer = await self._client().get(self.webhook, params=query)
        return answer.status_code, answer.text

    # --- the Graph API

    async def answer(self, request: HttpRequest) -> HttpResponse | None:
        """Answer a call; None cuts the connection."""
        if request.headers.get("authorization") != f"Bearer {ACCESS_TOKEN}":
            return error_answer(401, 190, "Invalid OAuth access token.")
        match request.method, request.path.split("/")[1:]:
            case "POST", [_version, _account, "messages"]:
                return await self._messages(request)
            case "GET", ["files", medium]:
                mime_type, content = self.media[medium]
                return HttpResponse(content_type=mime_type, body=content)
            case "GET", [_version, node]:
                return self._node(node)
            case _:
                return error_answer(404, 2500, "Unknown path components")

    async def _messages(self, request: HttpRequest) -> HttpResponse | None:
        body: Json = json.loads(request.body)
        if body.get("status") == "read" or "sender_action" in body:
            # Read marks and typing signs come at any time, so neither are they counted nor do they meet a fault.
            self.acts.append(body)
            return answer_of({"success": True})
        self.calls.append(request.body)
        fault = self.faults.popleft() if self.faults else None
        if fault is not None and not isinstance(fault, Lost):
            return await fault.answer()
        problem = problem_with(body, is_instagram=self.is_instagram)
        if problem is not None:
            return error_answer(400, 100, problem)
        answer = await self._accept(body)
        return await fault.answer() if fault is not None else answer_of(answer)

    async def _accept(self, body: Json) -> Json:
        if "messaging_product" in body:
            return await self._accept_whatsapp(body)
        return await self._accept_messenger(body)

    async def _accept_whatsapp(self, body: Json) -> Json:
        external_id = f"wamid.{next(self._serial):06}"
        to = body.get("to") or body["recipient"]
        text = body["text"]["body"] if body["type"] == "text" else json.dumps(body[body["type"]])
        self.shown.append(Shown(to, text, external_id, body))
        ours = body.get("biz_opaque_callback_data")
        statuses = [
            whatsapp_status(external_id, word, to, self._now_s(), ours) for word in ("sent", "delivered", "read")
        ]
        await self._report([whatsapp_body(statuses=[status]) for status in statuses])
        contacts = [{"input": to, "wa_id": to}]
        return {"messaging_product": "whatsapp", "contacts": contacts, "messages": [{"id": external_id}]}

    async def _accept_messenger(self, body: Json) -> Json:
        mid = f"m_{next(self._serial):06}"
        to, message, at_ms = body["recipient"]["id"], body["message"], self._now_ms()
        said: Json = {"text": message["text"]} if "text" in message else {"attachments": [message["attachment"]]}
        self.shown.append(Shown(to, said.get("text") or json.dumps(message["attachment"]), mid, body))
        echo = {"is_echo": True, "app_id": 1517776481860111, "mid": mid, **said}
        if self.is_instagram:
            receipts = [messenger_item(to, self.account, at_ms, read={"mid": mid})]
        else:
            echo["metadata"] = message["metadata"]
            delivery = {"mids": [mid], "watermark": at_ms}
            receipts = [
                messenger_item(to, self.account, at_ms, delivery=delivery),
                messenger_item(to, self.account, at_ms, read={"watermark": at_ms}),
            ]
        items = [messenger_item(self.account, to, at_ms, message=echo), *receipts]
        await self._report([self._of_page(item) for item in items])
        return {"recipient_id": to, "message_id": mid}

    def _node(self, node: str) -> HttpResponse:
        if node in (NUMBER, PAGE):
            return answer_of({"id": node})
        if node not in self.media:
            return error_answer(400, 100, "Unsupported get request. Object does not exist.")
        mime_type, content = self.media[node]
        url = f"{self.url}/files/{node}"
        return answer_of({"url": url, "mime_type": mime_type, "file_size": len(content), "id": node})

    # --- the webhook

    async def _report(self, bodies: list[bytes]) -> None:
        """Post receipts: some are taken before the call that they are about is answered."""
        posts = bodies * self.copies
        if self.is_shuffled:
            self._random.shuffle(posts)
        for body in posts[:2] if self.has_early_receipts else ():
            await self._brought(body)
        for body in posts[2:] if self.has_early_receipts else posts:
            task = asyncio.get_running_loop().create_task(self._brought(body))
            self._posting.add(task)
            task.add_done_callback(self._posting.discard)

    async def _brought(self, body: bytes) -> None:
        """Post until it is taken."""
        if not self.webhook:
            return
        headers = {"content-type": "application/json", "x-hub-signature-256": signature(APP_SECRET, body)}
        for _ in range(_RETRIES_MAX):
            answer = await self._client().post(self.webhook, content=body, headers=headers)
            self.answers.append(answer.status_code)
            if answer.is_success:
                return
            await asyncio.sleep(0.01)
        raise AssertionError(f"the webhook answered {answer.status_code} {_RETRIES_MAX} times")

    def _client(self) -> httpx.AsyncClient:
        if self._http is None:
            self._http = loopback_client()
        return self._http

    def _of_page(self, item: Json) -> bytes:
        return messenger_body(item, kind="instagram" if self.is_instagram else "page", account=self.account)

    def _now_ms(self) -> int:
        return self._now_s() * 1000

    def _now_s(self) -> int:
        return int(self.clock())


@asynccontextmanager
async def fake_meta(**settings: Any) -> AsyncIterator[FakeMeta]:  # noqa: ANN401  the fields of FakeMeta
    """A fake that answers at `url` until the block ends."""
    meta = FakeMeta(**settings)
    async with loopback(meta.answer) as meta.served:
        try:
            yield meta
        finally:
            await meta.close()
