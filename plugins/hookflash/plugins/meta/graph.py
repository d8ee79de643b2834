"""Calls to Meta's Graph API with an access token.

Raises GraphError, an error of httpx, ValueError for an answer that cannot be read; `errors.named` knows them all.
"""

import json
from collections.abc import AsyncIterator
from typing import Any, Final, final
from urllib.parse import quote, urlsplit

import httpx

from hookflash.plugins.meta.errors import GraphError
from hookflash.plugins.meta.reading import Json, member, text
from hookflash.plugins.meta.settings import MetaConfig
from hookflash.sdk import Permanent

__all__ = ["Graph"]

_MEDIA_HOSTS: Final = (".fbcdn.net", ".fbsbx.com", ".cdninstagram.com", ".facebook.com", ".whatsapp.net")
_TEXT_LENGTH_MAX: Final = 200
_MINUTE_S: Final = 60.0


@final
class Graph:
    """The API at one place, in one version, with one token."""

    def __init__(self, http: httpx.AsyncClient, config: MetaConfig) -> None:
        """Keep the client and where to call; nothing is called yet."""
        self._http = http
        self._url = f"{config.api_url.rstrip('/')}/{config.graph_version}"
        self._host = urlsplit(config.api_url).hostname
        self._token = config.access_token

    async def post(self, *path: str, body: Json) -> Json:
        """Post JSON and give the answer's object."""
        return self._read(await self._http.post(self._at(path), json=body, headers=self._headers()))

    async def get(self, *path: str, **query: str) -> Json:
        """Get an object."""
        return self._read(await self._http.get(self._at(path), params=query, headers=self._headers()))

    async def stream(self, url: str, *, has_token: bool) -> AsyncIterator[bytes]:
        """Bring a medium's bytes from a place of Meta's own, with the token where that is asked for; no redirect."""
        parts = urlsplit(url)
        host = parts.hostname or ""
        # A customer can have any address sent along, and the token must not go there.
        if host != self._host and not (parts.scheme == "https" and host.endswith(_MEDIA_HOSTS)):
            raise Permanent("media", "the medium does not lie with Meta")
        headers = self._headers() if has_token else {}
        async with self._http.stream("GET", url, headers=headers, follow_redirects=False) as response:
            if not response.is_success:
                await response.aread()
                raise self._failed(response)
            async for piece in response.aiter_bytes():
                yield piece

    def _at(self, path: tuple[str, ...]) -> str:
        return "/".join((self._url, *(quote(part, safe="") for part in path)))

    def _headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self._token.reveal()}"}

    def _read(self, response: httpx.Response) -> Json:
        if not response.is_success:
            raise self._failed(response)
        answer = response.json()
        if not isinstance(answer, dict):
            raise ValueError("the answer is no object")  # noqa: TRY004 - what came in, not a programming error
        if "error" in answer:
            raise self._failed(response)
        return answer

    def _failed(self, response: httpx.Response) -> GraphError:
        try:
            body: Any = response.json()
        except ValueError:
            body = None
        error = member({"body": body}, "body", "error")
        said = text(error, "error_data", "details") or text(error, "message")
        return GraphError(
            response.status_code,
            _number(error, "code", -1),
            _number(error, "error_subcode", 0),
            said.replace(self._token.reveal(), "***")[:_TEXT_LENGTH_MAX],
            is_transient=error.get("is_transient") is True,
            retry_after_s=_retry_after(response.headers),
        )


def _number(error: Json, key: str, default: int) -> int:
    found = error.get(key)
    return found if type(found) is int else default


def _retry_after(headers: httpx.Headers) -> float | None:
    """Seconds, from `Retry-After`, or from how full the business use case is: minutes, the longest of all."""
    seconds = headers.get("retry-after", "")
    if seconds.isascii() and seconds.isdigit():
        return float(seconds)
    try:
        usage = json.loads(headers.get("x-business-use-case-usage", ""))
        minutes = [use["estimated_time_to_regain_access"] for uses in usage.values() for use in uses]
        return max(map(float, minutes)) * _MINUTE_S or None
    except (ValueError, TypeError, KeyError, AttributeError):
        return None
