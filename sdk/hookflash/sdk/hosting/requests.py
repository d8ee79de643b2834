"""What whoever serves a channel's webhook needs: Starlette's requests as adapters know them, and their answers.

For the engine and for `hookflash channel run`; it needs the extra `web`, so nothing else imports it.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive

from hookflash.sdk.channel import HttpRequest, HttpResponse

__all__ = ["BODY_S", "BodyTooLargeError", "BodyTooSlowError", "read_body", "request_of", "response_of"]

BODY_S: Final = 10.0
"""How long a body may take to come; in real time, for it is the network that is slow."""


class BodyTooLargeError(Exception):
    """The body is larger than is taken."""


class BodyTooSlowError(Exception):
    """The body does not come."""


async def read_body(receive: Receive, headers: Mapping[str, str], size_max: int) -> bytes:
    """Give the body, with never more than that in memory.

    Raises BodyTooLargeError, BodyTooSlowError and ClientDisconnect.
    """
    announced = headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > size_max:
        raise BodyTooLargeError
    pieces: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(BODY_S):
            while True:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise ClientDisconnect
                piece = message.get("body", b"")
                size += len(piece)
                if size > size_max:
                    raise BodyTooLargeError
                pieces.append(piece)
                if not message.get("more_body", False):
                    return b"".join(pieces)
    except TimeoutError:
        raise BodyTooSlowError from None


def request_of(request: Request, body: bytes) -> HttpRequest:
    """Give a request as adapters know it; a HEAD is asked like a GET."""
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return HttpRequest(
        method="GET" if request.method == "HEAD" else request.method,
        path=request.url.path,
        query=dict(request.query_params),
        headers=headers,
        body=body,
        raw_query=request.url.query,
    )


def response_of(answer: HttpResponse) -> Response:
    """Give an adapter's answer as it goes out."""
    headers = {**answer.headers, "content-type": answer.content_type, "x-content-type-options": "nosniff"}
    return Response(answer.body, status_code=answer.status, headers=headers)
