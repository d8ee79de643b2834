"""A Twilio REST API server on loopback that behaves like Twilio's, as far as its public documentation says.

Its calls to us are signed as the documentation says. A message is listed whether or not its webhook was answered; a
medium is behind the account's credentials, and then a redirect to a place that must not see them.
"""

import asyncio
import base64
import hmac
import json
from collections import deque
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

from hookflash.sdk.channel import HttpRequest, HttpResponse
from hookflash.sdk.testing.fakes.loopback import Loopback, call, loopback

__all__ = ["ACCOUNT", "OURS", "PUBLIC", "TOKEN", "FakeTwilio", "Trouble", "fake_twilio", "inbound", "refused", "signed"]

ACCOUNT = "AC" + "0123456789abcdef" * 2
TOKEN = "canary-auth-token-of-twilio"  # noqa: S105 - a fake's
OURS = "+15005550006"
PUBLIC = "https://hookflash.example/channels/test"

Trouble = HttpResponse | None
"""What a call is answered with instead; None resets the connection."""

_ROOT = f"/2010-04-01/Accounts/{ACCOUNT}"
_BODY_MAX = 1600


def inbound(number: int = 1, text: str = "Hello", sender: str = "+14155550100", **more: str) -> dict[str, str]:
    """The form of an incoming message, with the parameters that Twilio sends and some that it may send one day."""
    sid = f"SM{number:032x}"
    return {
        "ToCountry": "US", "ToState": "", "SmsMessageSid": sid, "NumMedia": "0", "ToCity": "", "FromZip": "94107",
        "SmsSid": sid, "FromState": "CA", "SmsStatus": "received", "FromCity": "SAN FRANCISCO", "Body": text,
        "FromCountry": "US", "To": OURS, "ToZip": "", "NumSegments": "1", "MessageSid": sid, "AccountSid": ACCOUNT,
        "From": sender, "ApiVersion": "2010-04-01", "AddedLastWeek": "ä=&+", **more,
    }  # fmt: skip


def signed(form: Mapping[str, str], url: str = PUBLIC) -> HttpRequest:
    """A call that Twilio makes."""
    whole = url + "".join(name + form[name] for name in sorted(form))
    return HttpRequest(
        method="POST",
        path="/channels/test",
        raw_query=url.partition("?")[2],
        headers={
            "content-type": "application/x-www-form-urlencoded; charset=UTF-8",
            "x-twilio-signature": base64.b64encode(hmac.digest(TOKEN.encode(), whole.encode(), "sha1")).decode(),
        },
        body=urlencode(form).encode(),
    )


def refused(status: int, code: int, message: str = "refused", **headers: str) -> HttpResponse:
    """An error as Twilio's API has them."""
    said = {"code": code, "message": message, "more_info": f"https://www.twilio.com/docs/errors/{code}"}
    body = json.dumps({**said, "status": status}).encode()
    return HttpResponse(status=status, content_type="application/json", body=body, headers=headers)


@dataclass
class FakeTwilio:
    """One account; `troubles` holds what the next calls that send or list meet, first one first.

    With `webhook_at`, where the public URL leads on this machine, every message is reported on: as delivered before its
    sid is answered, then once more, and as sent last of all.
    """

    server: Loopback
    sent: list[dict[str, str]] = field(default_factory=list)
    listed: list[dict[str, Any]] = field(default_factory=list)
    media: dict[str, list[tuple[str, str, bytes]]] = field(default_factory=dict)
    stopped: set[str] = field(default_factory=set)
    troubles: deque[Trouble] = field(default_factory=deque)
    public_url: str = PUBLIC
    webhook_at: str = ""
    reporting: list["asyncio.Task[HttpResponse]"] = field(default_factory=list)
    page_size: int = 50
    cdn_saw: list[Mapping[str, str]] = field(default_factory=list)

    async def brings(self, form: Mapping[str, str], at: datetime | None = None, times: int = 1) -> list[HttpResponse]:
        """A message comes in: it is listed, and the webhook is called, more often where an answer was lost."""
        if at is not None:
            self.lists(form, at)
        return [await call(self.webhook_at, signed(form, self.public_url)) for _ in range(times)]

    async def reports(self, sid: str, status: str, **more: str) -> HttpResponse:
        """Call the status callback."""
        form = {"MessageSid": sid, "SmsSid": sid, "MessageStatus": status, "SmsStatus": status, "AccountSid": ACCOUNT}
        told = {**form, "To": "+14155550100", "From": OURS, "ApiVersion": "2010-04-01", **more}
        return await call(self.webhook_at, signed(told, self.public_url))

    def lists(self, form: Mapping[str, str], at: datetime, **more: str) -> None:
        """Put a message onto the list, the newest first."""
        entry = {
            "sid": form["MessageSid"], "from": form["From"], "to": form["To"], "body": form["Body"],
            "num_media": form["NumMedia"], "direction": "inbound", "status": "received",
            "date_sent": format_datetime(at), "date_created": format_datetime(at), **more,
        }  # fmt: skip
        self.listed.insert(0, entry)

    async def answer(self, request: HttpRequest) -> Trouble:
        """Answer a call; None resets the connection."""
        if request.path.startswith("/cdn/"):
            self.cdn_saw.append(request.headers)
            found = [
                content for files in self.media.values() for sid, _, content in files if request.path.endswith(sid)
            ]
            return HttpResponse(content_type="image/png", body=found[0]) if found else HttpResponse(status=404)
        credentials = base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {credentials}":
            return refused(401, 20003, "Authenticate")
        return await self._resource(request)

    async def _resource(self, request: HttpRequest) -> Trouble:
        *_, sid, name = ["", "", *request.path.removeprefix(_ROOT).split("/")]
        if request.path == f"{_ROOT}.json":
            return _json(200, {"sid": ACCOUNT, "status": "active"})
        if name == "Media.json":
            kept = [{"sid": medium, "content_type": kind} for medium, kind, _ in self.media.get(sid, [])]
            return _json(200, {"media_list": kept})
        if sid == "Media":
            return HttpResponse(status=307, headers={"location": f"{self.server.url}/cdn/{name}"})
        if self.troubles:
            return self.troubles.popleft()
        return await self._send(request) if request.method == "POST" else self._list(request)

    async def _send(self, request: HttpRequest) -> HttpResponse:
        form = dict(parse_qsl(request.body.decode()))
        if form["To"] in self.stopped:
            return refused(400, 21610, "Attempt to send to unsubscribed recipient")
        if not (form.get("Body") or form.get("MediaUrl")):
            return refused(400, 21602, "Message body is required.")
        if "MediaUrl" in form and not form["MediaUrl"].startswith("https://"):
            return refused(400, 21620, "Invalid media URL(s)")
        if len(form.get("Body", "").encode("utf-16-le")) > 2 * _BODY_MAX:
            return refused(400, 21617, "The concatenated message body exceeds the 1600 character limit")
        self.sent.append(form)
        sid = f"SM{len(self.sent):032x}"
        if self.webhook_at:
            await self.reports(sid, "delivered")
            self.reporting += [asyncio.ensure_future(self.reports(sid, status)) for status in ("delivered", "sent")]
        return _json(201, {"sid": sid, "status": "queued", "error_code": None})

    def _list(self, request: HttpRequest) -> HttpResponse:
        found = [one for one in self.listed if request.query.get("To", one["to"]) == one["to"]]
        page = int(request.query.get("Page", "0"))
        begin = page * self.page_size
        more = urlencode({**request.query, "Page": str(page + 1)})
        following = f"{_ROOT}/Messages.json?{more}" if begin + self.page_size < len(found) else None
        return _json(200, {"messages": found[begin : begin + self.page_size], "next_page_uri": following})


def _json(status: int, said: Mapping[str, object]) -> HttpResponse:
    return HttpResponse(status=status, content_type="application/json", body=json.dumps(said).encode())


@asynccontextmanager
async def fake_twilio() -> AsyncIterator[FakeTwilio]:
    """Run one on a free port."""
    made: list[FakeTwilio] = []

    async def answer(request: HttpRequest) -> HttpResponse | None:
        return await made[0].answer(request)

    async with loopback(answer) as server:
        made.append(FakeTwilio(server))
        yield made[0]
        await asyncio.gather(*made[0].reporting)
