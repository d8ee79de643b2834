"""A call that came through a front, as handlers see it: what they use of gRPC's own context."""

import asyncio
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any, Final, NoReturn

import grpc

from hookflash.engine.front.frames import Ended, FromEngine, Invoked, Item, Metadata

__all__ = ["ON_THE_WAY_BYTES", "FrontedCall"]

ON_THE_WAY_BYTES: Final = 64 * 1024
"""Of one stream; whoever writes more waits for its reader."""

_NAMES: Final = "x509_subject_alternative_name"


class FrontedCall:
    """One call. Stands in for `grpc.aio.ServicerContext`."""

    __slots__ = ("_invoked", "_on_the_way", "_room", "_send", "_serialized", "task")

    def __init__(
        self, invoked: Invoked, send: Callable[[FromEngine], None], serialized: Callable[[Any], bytes]
    ) -> None:
        """Take how it came, what sends to its front, and how items become bytes."""
        self._invoked, self._send, self._serialized = invoked, send, serialized
        self._on_the_way = 0
        self._room: asyncio.Future[None] | None = None
        self.task: asyncio.Task[None] | None = None

    def invocation_metadata(self) -> Metadata:
        """What came with the call, as names and values."""
        return self._invoked.metadata

    def peer(self) -> str:
        """Where it came from."""
        return self._invoked.peer

    def auth_context(self) -> Mapping[str, tuple[bytes, ...]]:
        """Who its client's certificate says it is, where one was asked for."""
        return {_NAMES: self._invoked.certificate_names}

    def time_remaining(self) -> float | None:
        """Seconds until its deadline; None where it has none."""
        deadline = self._invoked.deadline
        return None if deadline is None else deadline - monotonic()

    async def abort(self, code: grpc.StatusCode, details: str = "", trailing_metadata: Metadata = ()) -> NoReturn:
        """End the call with that status."""
        self._send(Ended(self._invoked.number, code.value[0], details, trailing_metadata))
        raise grpc.aio.AbortError

    async def write(self, item: object) -> None:
        """Send an item of a stream; waits while the reader is behind."""
        body = self._serialized(item)
        # Not before there is as much: fronts tell of a reader's progress in portions.
        while self._on_the_way >= ON_THE_WAY_BYTES:
            self._room = asyncio.get_running_loop().create_future()
            await self._room
        self._on_the_way += len(body)
        self._send(Item(self._invoked.number, body))

    def cancel(self) -> None:
        """Nobody waits for it any more."""
        if self.task is not None:
            self.task.cancel()

    def taken(self, size: int) -> None:
        """The reader has taken so many bytes more."""
        self._on_the_way -= size
        if self._room is not None and not self._room.done():
            self._room.set_result(None)
