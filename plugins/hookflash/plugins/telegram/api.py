"""Calls of Telegram's Bot API.

The token is in the URL. Errors here name the method and what Telegram said, never the URL; and what httpx logs of a
call is cleaned of the token while `TokenFilter` is on its logger.
"""

import logging
from collections.abc import AsyncIterator, Mapping
from typing import Final, final

import httpx

from hookflash.sdk import AuthExpired, Blocked, ChannelContext, Permanent, Secret, SendError, Throttled, Transient
from hookflash.sdk.calls import error_by_status, exchange, json_object

from .config import TelegramConfig

__all__ = ["BotApi", "TokenFilter"]

_ANSWER_S: Final = 10.0
_PIECE_SIZE: Final = 65_536
_REJECTED: Final = 300


@final
class BotApi:
    """One bot's calls."""

    def __init__(self, context: ChannelContext, config: TelegramConfig) -> None:
        """Call through the channel's own client."""
        self._context = context
        self._token = config.token
        self._url = config.api_url.rstrip("/")

    async def call(self, method: str, *, within_s: float = _ANSWER_S, **fields: object) -> object:
        """Call a method and give its `result`; fields that are None are left out. Raises SendError."""
        http = self._context.http
        given = {name: value for name, value in fields.items() if value is not None}
        url = f"{self._url}/bot{self._token.reveal()}/{method}"
        response = await exchange(http, http.build_request("POST", url, json=given, timeout=within_s))
        answer = json_object(response)
        if answer.get("ok") is True:
            return answer.get("result")
        raise self._named(response, answer)

    async def file(self, file_id: str) -> AsyncIterator[bytes]:
        """Fetch a file that a customer sent, in pieces. Raises SendError."""
        found = await self.call("getFile", file_id=file_id)
        path = found.get("file_path") if isinstance(found, dict) else None
        if not isinstance(path, str) or ".." in path.split("/"):
            raise Permanent("media", "Telegram names no path for this file")
        http = self._context.http
        request = http.build_request("GET", f"{self._url}/file/bot{self._token.reveal()}/{path}")
        problem: SendError
        try:
            response = await http.send(request, stream=True, follow_redirects=False)
            try:
                if response.status_code < _REJECTED:
                    async for piece in response.aiter_bytes(_PIECE_SIZE):
                        yield piece
                    return
                problem = error_by_status(response, self._context.clock())
            finally:
                await response.aclose()
        except httpx.HTTPError as error:
            problem = Transient(f"the file was not fetched: {type(error).__name__}")
        raise problem

    def _named(self, response: httpx.Response, answer: Mapping[str, object]) -> SendError:
        """Name a refusal, by Telegram's own code first."""
        code, said = answer.get("error_code"), answer.get("description")
        text = said if isinstance(said, str) else f"HTTP {response.status_code}"
        parameters = answer.get("parameters")
        wait_s = parameters.get("retry_after") if isinstance(parameters, dict) else None
        match code:
            case 429:
                # Telegram does not say whether the chat or the bot is too fast; a chat is what is mostly meant.
                return Throttled(float(wait_s) if isinstance(wait_s, int | float) else 1.0, scope="address")
            case 403:
                return Blocked(text)
            # 404: no such bot, so this token was never one.
            case 401 | 404:
                return AuthExpired(text)
            case int() if code >= 500:  # noqa: PLR2004 - as in HTTP
                return Transient(text)
            case int() if code >= 400:  # noqa: PLR2004 - as in HTTP
                return Permanent(str(code), text)
            case _:
                return error_by_status(response, self._context.clock(), text=text)


@final
class TokenFilter(logging.Filter):
    """Takes a token out of what a logger writes."""

    def __init__(self, token: Secret) -> None:
        """Take this one out."""
        super().__init__()
        self._token = token

    def filter(self, record: logging.LogRecord) -> bool:
        """Clean the record and let it pass."""
        token = self._token.reveal()
        message = record.getMessage()
        if token in message:
            record.msg, record.args = message.replace(token, "***"), None
        return True
