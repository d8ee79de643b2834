"""Reading a request's body: whole, within a size and a time."""

import asyncio
from collections.abc import Mapping
from typing import Final

from starlette.requests import ClientDisconnect
from starlette.types import Receive

__all__ = ["BODY_S", "BodyTooLargeError", "BodyTooSlowError", "read_body"]

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
