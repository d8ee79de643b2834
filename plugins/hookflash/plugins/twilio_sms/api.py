"""Calls of Twilio's REST API: messages out, the list of messages in, media.

Every call is authorised by the account's own token, which goes to `api_url` only: a medium that lies elsewhere is
fetched from there without it.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, final
from urllib.parse import urljoin, urlsplit

import httpx

from hookflash.sdk import ChannelContext, Permanent, SendError, Transient
from hookflash.sdk.calls import exchange, json_object

from .config import TwilioConfig
from .errors import named

__all__ = ["TwilioApi", "sent_at"]

_PAGE_SIZE: Final = 200
_PAGES_MAX: Final = 50
_PIECE_SIZE: Final = 65_536
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_REJECTED: Final = 300

_Object = Mapping[str, object]


@final
class TwilioApi:
    """One account's calls."""

    def __init__(self, context: ChannelContext, config: TwilioConfig) -> None:
        """Call through the channel's own client."""
        self._context = context
        self._auth = httpx.BasicAuth(config.account_sid, config.auth_token.reveal())
        self._url = config.api_url.rstrip("/")
        self._account = f"{self._url}/2010-04-01/Accounts/{config.account_sid}"

    async def account(self) -> None:
        """Ask whether the account may be used. Raises SendError."""
        await self._ask("GET", f"{self._account}.json")

    async def send(self, fields: Mapping[str, str]) -> str:
        """Send a message and give its sid. Raises SendError."""
        sid = (await self._ask("POST", f"{self._account}/Messages.json", fields)).get("sid")
        if not isinstance(sid, str) or not sid:
            raise Transient("Twilio took a message without telling its sid")
        return sid

    async def messages(self, since: datetime, to: str) -> list[_Object]:
        """List what came in since then, the oldest first; `to` is the number it came to, or empty for all."""
        found: list[_Object] = []
        # Twilio filters by whole days.
        query = {"DateSent>": since.date().isoformat(), "PageSize": str(_PAGE_SIZE), **({"To": to} if to else {})}
        url = f"{self._account}/Messages.json?{httpx.QueryParams(query)}"
        for _ in range(_PAGES_MAX):
            page = await self._ask("GET", url)
            listed = page.get("messages")
            entries = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
            found += [one for one in entries if one.get("direction") == "inbound" and sent_at(one) >= since]
            following = page.get("next_page_uri")
            if not isinstance(following, str) or not following.startswith("/"):
                break
            url = self._url + following
        else:
            self._context.log.warning("twilio_list_too_long", entries_read=len(found))
        return sorted(found, key=sent_at)

    async def media_of(self, sid: str) -> list[tuple[str, str]]:
        """List a message's media: URL and MIME type of each."""
        listed = (await self._ask("GET", f"{self._account}/Messages/{sid}/Media.json")).get("media_list")
        entries = listed if isinstance(listed, list) else []
        return [
            (f"{self._account}/Messages/{sid}/Media/{one['sid']}", str(one.get("content_type", "")))
            for one in entries
            if isinstance(one, dict) and isinstance(one.get("sid"), str)
        ]

    async def medium(self, url: str) -> AsyncIterator[bytes]:
        """Fetch a medium in pieces; one redirect, to where Twilio keeps it, is followed. Raises SendError."""
        if urlsplit(url)[:2] != urlsplit(self._url)[:2]:
            raise Permanent("media", "the medium does not lie at Twilio's")
        http = self._context.http
        auth: httpx.Auth | None = self._auth
        problem: SendError = Permanent("media", "Twilio redirects more than once")
        try:
            for _ in range(2):
                response = await http.send(
                    http.build_request("GET", url), auth=auth, stream=True, follow_redirects=False
                )
                try:
                    if response.status_code < _REJECTED:
                        async for piece in response.aiter_bytes(_PIECE_SIZE):
                            yield piece
                        return
                    if response.status_code not in _REDIRECTS:
                        await response.aread()
                        problem = named(response, self._context.clock())
                        break
                    url, auth = urljoin(url, response.headers.get("location", "")), None
                finally:
                    await response.aclose()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            problem = Transient(f"the medium was not fetched: {type(error).__name__}")
        raise problem

    async def _ask(self, method: str, url: str, fields: Mapping[str, str] | None = None) -> _Object:
        http = self._context.http
        response = await exchange(http, http.build_request(method, url, data=fields), auth=self._auth)
        if response.status_code >= _REJECTED:
            raise named(response, self._context.clock())
        return json_object(response)


def sent_at(message: _Object) -> datetime:
    """When a listed message was sent; the beginning of time for one that does not say."""
    given = message.get("date_sent") or message.get("date_created")
    try:
        found = parsedate_to_datetime(given) if isinstance(given, str) else None
    except (ValueError, IndexError):
        found = None
    if found is None:
        return datetime.min.replace(tzinfo=UTC)
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)
