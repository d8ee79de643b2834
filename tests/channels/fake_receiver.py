"""Another system at the far end of the webhook channel and sink: it checks every signature with the public library.

It knows a message that comes again by its `webhook-id`, as Standard Webhooks asks of a receiver.
"""

import json
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from standardwebhooks import Webhook

from hookflash.sdk.channel import HttpRequest, HttpResponse
from hookflash.sdk.testing.fakes.loopback import Loopback, loopback

__all__ = ["SECRET", "FakeReceiver", "Trouble", "fake_receiver", "posted"]

SECRET = "whsec_Y2FuYXJ5LXNlY3JldC1vZi10aGUtd2ViaG9vaw=="  # noqa: S105 - a fake's

Trouble = HttpResponse | None
"""What a request is answered with instead; None resets the connection."""


def posted(kind: str, key: str, at: datetime, data: Mapping[str, Any], secret: str = SECRET) -> HttpRequest:
    """A request of that system's, signed by the public library."""
    body = json.dumps({"type": kind, "timestamp": at.isoformat(), "data": data}, ensure_ascii=False)
    return HttpRequest(
        method="POST",
        path="/channels/test",
        headers={
            "content-type": "application/json",
            "webhook-id": key,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": Webhook(secret).sign(key, at, body),
        },
        body=body.encode(),
    )


@dataclass
class FakeReceiver:
    """What was taken, by `webhook-id`; `troubles` holds what the next requests meet, first one first."""

    server: Loopback
    secrets: tuple[str, ...] = (SECRET,)
    taken: dict[str, dict[str, Any]] = field(default_factory=dict)
    repeats: int = 0
    forged: int = 0
    requests: list[HttpRequest] = field(default_factory=list)
    troubles: deque[Trouble] = field(default_factory=deque)
    files: dict[str, bytes] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"{self.server.url}/hook"

    def texts(self) -> list[str]:
        """What its customers were shown."""
        return [one["data"]["text"] for one in self.taken.values()]

    def entries(self) -> list[dict[str, Any]]:
        """What a sink brought, each entry once."""
        found = {entry["id"]: entry for one in self.taken.values() for entry in one["data"]["entries"]}
        return list(found.values())

    async def answer(self, request: HttpRequest) -> Trouble:
        if request.method == "GET":
            content = self.files.get(request.path)
            return HttpResponse(status=404) if content is None else HttpResponse(body=content)
        self.requests.append(request)
        if not self._is_genuine(request):
            self.forged += 1
            return HttpResponse(status=403)
        if self.troubles:
            trouble = self.troubles.popleft()
            if trouble is None:
                self._take(request)  # The answer is what was lost.
            return trouble
        self._take(request)
        return HttpResponse(body=b"ok")

    def _take(self, request: HttpRequest) -> None:
        key = request.headers["webhook-id"]
        self.repeats += key in self.taken
        self.taken.setdefault(key, json.loads(request.body))

    def _is_genuine(self, request: HttpRequest) -> bool:
        at = datetime.fromtimestamp(int(request.headers["webhook-timestamp"]), UTC)
        key, body = request.headers["webhook-id"], request.body.decode()
        made = {Webhook(secret).sign(key, at, body) for secret in self.secrets}
        return bool(made & set(request.headers["webhook-signature"].split(" ")))


@asynccontextmanager
async def fake_receiver() -> AsyncIterator[FakeReceiver]:
    """Run one on a free port."""
    made: list[FakeReceiver] = []

    async def answer(request: HttpRequest) -> HttpResponse | None:
        return await made[0].answer(request)

    async with loopback(answer) as server:
        made.append(FakeReceiver(server))
        yield made[0]
