"""What the fake of Meta does wrong with one call, when it is told to.

A `Lost` call is taken, and shown to the customer; only its answer is lost or spoilt.
"""

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field

from hookflash.sdk.channel import HttpResponse

__all__ = ["BadJson", "Fault", "Hangs", "Lost", "Refused", "Resets", "answer_of", "error_answer"]


def answer_of(body: object, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """An answer in JSON."""
    content = json.dumps(body).encode()
    return HttpResponse(status=status, content_type="application/json", body=content, headers=headers or {})


def error_answer(
    status: int, code: int, text: str, headers: Mapping[str, str] | None = None, **more: object
) -> HttpResponse:
    """An answer with Meta's error object; `more` goes into it."""
    error = {"message": f"(#{code}) {text}", "type": "OAuthException", "code": code, "fbtrace_id": "AbCdEf", **more}
    return answer_of({"error": error}, status, headers)


class Fault(ABC):
    """Answers a call instead of the API."""

    @abstractmethod
    async def answer(self) -> HttpResponse | None:
        """What the caller gets; None: the connection is cut."""


@dataclass
class Refused(Fault):
    """An error object."""

    status: int
    code: int
    text: str = "refused"
    headers: Mapping[str, str] = field(default_factory=dict)
    more: Mapping[str, object] = field(default_factory=dict)

    async def answer(self) -> HttpResponse:
        """Refuse."""
        return error_answer(self.status, self.code, self.text, self.headers, **self.more)


@dataclass
class BadJson(Fault):
    """A page of some proxy's, with any status."""

    status: int = 200

    async def answer(self) -> HttpResponse:
        """Give the page."""
        body = b"<html>Sorry, something went wrong.</html>"
        return HttpResponse(status=self.status, content_type="text/html", body=body)


@dataclass
class Hangs(Fault):
    """No answer until `release` is set."""

    release: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self) -> HttpResponse:
        """Wait."""
        await self.release.wait()
        return HttpResponse(status=503)


@dataclass
class Resets(Fault):
    """The connection is cut."""

    async def answer(self) -> None:
        """Cut it."""
        return


@dataclass
class Lost(Fault):
    """The call was taken, and then this happens to its answer."""

    then: Fault

    async def answer(self) -> HttpResponse | None:
        """Spoil the answer."""
        return await self.then.answer()
