"""Who calls, by what method: what every servicer is given besides the request."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import NamedTuple

from google.protobuf.message import Message

from hookflash.engine.server.methods import Method
from hookflash.sdk.types import Principal

__all__ = ["Caller"]


class Caller(NamedTuple):
    """A call that was let in.

    `write` sends one item of a stream and waits while its reader is behind; `token` is the id of the credential.
    `time_left_s` is how long the caller still waits; `while_waiting` is for a call that waits for somebody else: within
    it, the call does not count as one of those at work.
    """

    principal: Principal
    method: Method
    token: str
    write: Callable[[bytes | Message], Awaitable[None]]
    time_left_s: Callable[[], float | None]
    while_waiting: Callable[[], AbstractContextManager[None]]
