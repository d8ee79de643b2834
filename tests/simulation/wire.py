"""What stands where gRPC stands: handlers are found by name, a context answers them, and the process may die meanwhile.

The handlers are those that `Server` gives to gRPC, guard and conversions included, so requests, answers and refusals
are the same bytes as on a real connection.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import grpc
from google.rpc.error_details_pb2 import ErrorInfo  # type: ignore[import-untyped]
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]

from hookflash.engine.server.link import Handlers
from hookflash.engine.settings import Settings

__all__ = ["CallContext", "Listener", "Reply", "reply_of"]

_DETAILS = "grpc-status-details-bin"


@dataclass(frozen=True, slots=True)
class Reply:
    """What a caller gets: a code, the reason word of a refusal, and the answer's bytes."""

    code: str
    reason: str = ""
    answer: bytes = b""
    sentence: str = ""

    @property
    def is_ok(self) -> bool:
        return self.code == "OK"

    @property
    def is_unknown(self) -> bool:
        """Whether the command may have been executed or not."""
        return self.code in ("UNAVAILABLE", "DEADLINE_EXCEEDED") and not self.reason


class _Aborted(grpc.aio.AbortError):
    def __init__(self, reply: Reply) -> None:
        super().__init__()
        self.reply = reply


class CallContext:
    """One call as handlers see it."""

    def __init__(
        self, token: str, left_s: Callable[[], float | None], write: Callable[[bytes], Awaitable[None]] | None
    ) -> None:
        self._token, self._left_s, self._write = token, left_s, write

    def invocation_metadata(self) -> Sequence[tuple[str, str]]:
        return (("authorization", f"Bearer {self._token}"),)

    def time_remaining(self) -> float | None:
        return self._left_s()

    def peer(self) -> str:
        return "ipv4:127.0.0.1:1"

    async def write(self, item: Any) -> None:  # noqa: ANN401  bytes or a message
        assert self._write is not None
        await self._write(item if isinstance(item, bytes) else item.SerializeToString())

    async def abort(self, code: grpc.StatusCode, details: str = "", trailing_metadata: Any = ()) -> NoReturn:  # noqa: ANN401
        reason = ""
        for name, value in trailing_metadata:
            if name == _DETAILS:
                for detail in Status.FromString(value).details:
                    if detail.Is(ErrorInfo.DESCRIPTOR):
                        reason = ErrorInfo.FromString(detail.value).reason
        raise _Aborted(Reply(code.name, reason, b"", details))


class Listener:
    """What brings calls in a simulated process."""

    def __init__(self) -> None:
        self._handlers: Handlers = {}
        self._at_work: set[asyncio.Task[Any]] = set()
        self.is_open = False

    async def start(self, settings: Settings, handlers: Handlers, **_: object) -> str:  # noqa: ARG002
        self._handlers, self.is_open = handlers, True
        return "here"

    async def stop(self, grace_s: float) -> None:
        """Take no more calls; those at work have the grace."""
        self.is_open = False
        if self._at_work:
            await asyncio.wait(list(self._at_work), timeout=grace_s)
        for task in list(self._at_work):
            task.cancel()

    async def call(self, path: str, request: bytes, context: CallContext) -> bytes:
        """Run the handler. Raises what `reply_of` understands."""
        task = asyncio.current_task()
        assert task is not None
        self._at_work.add(task)
        try:
            handler: Any = self._handlers[f"/hookflash.v1.{path}"]
            if handler.response_streaming:
                await handler.unary_stream(request, context)
                return b""
            encoded: bytes = handler.response_serializer(await handler.unary_unary(request, context))
            return encoded
        finally:
            self._at_work.discard(task)


def reply_of(task: "asyncio.Task[bytes]") -> Reply:
    """What the caller hears of a handler that has ended."""
    if task.cancelled():
        return Reply("CANCELLED")
    error = task.exception()
    if error is None:
        return Reply("OK", "", task.result())
    if isinstance(error, _Aborted):
        return error.reply
    return Reply("UNKNOWN", "", b"", f"{type(error).__name__}: {error}")
