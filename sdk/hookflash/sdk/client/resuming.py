"""Streams that come back by themselves: what is tried again, after how long, and from where.

A stream is taken up again after a lost connection, a restart of the server or a reader that fell behind; never after a
refusal, and never after TAKEN_OVER, for then two desks would throw each other out for ever. The first attempt is not
repeated either: who starts against a server that is not there should hear of it.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from google.protobuf.message import Message

from hookflash.sdk.client.errors import HookflashError, Unreachable
from hookflash.v1.agent_service_pb2 import AttachResponse

__all__ = ["AttachCursor", "Backoff", "Interruption", "resumed"]

_Item = TypeVar("_Item", bound=Message)

_RESUMED_REASONS: Final = ("DRAINING", "SLOW_CONSUMER", "JOURNAL_UNAVAILABLE", "RATE_LIMITED")
# What gRPC itself reports when a stream breaks under way, beside UNAVAILABLE.
_BROKEN_CODES: Final = ("UNKNOWN", "INTERNAL", "CANCELLED")

Interruption = Callable[[HookflashError, float], None]
"""Told of each interruption: why, and in how many seconds the stream is opened again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """How long to wait before a stream is opened again: a random part of a bound that doubles with each failure."""

    first_s: float = 0.25
    max_s: float = 10.0

    def pause_s(self, failures: int, draw: Callable[[float, float], float] = random.uniform) -> float:
        """Return a pause in seconds after this many failures in a row (from 1 on)."""
        # Drawn from the whole range, so that desks that lost one server do not come back in step.
        return draw(0.0, min(self.max_s, self.first_s * 2.0 ** min(failures - 1, 30)))


class AttachCursor:
    """Where a desk's stream is: what has been seen, so that nothing comes twice and nothing is left out.

    All updates of one record have one position, and a stream may break between two of them. So the cursor asks again
    from before the last position, and drops what it has already handed out.
    """

    def __init__(self, after_position: int | None) -> None:
        """Start after this position; None: with what Welcome says."""
        self._after = after_position
        self._seen_next: set[bytes] = set()

    @property
    def after_position(self) -> int | None:
        """What to ask for when the stream is opened (again)."""
        return self._after

    def is_new(self, item: AttachResponse) -> bool:
        """Note an item of the stream; False when it was handed out before."""
        match item.WhichOneof("update"):
            case "welcome":
                # On a resumed stream older updates follow Welcome: its position must not hide them.
                if self._after is None:
                    self._after = item.welcome.position
                return True
            case "timeline_update":
                return self._is_new_at(item.timeline_update.position, item)
            case "agent_notice":
                return self._is_new_at(item.agent_notice.position, item)
            case _:
                return True

    def _is_new_at(self, position: int, item: AttachResponse) -> bool:
        if position <= 0:
            return True
        if self._after is None or position - 1 > self._after:
            self._after = position - 1
            self._seen_next.clear()
        if position <= self._after:
            return True
        key = item.SerializeToString(deterministic=True)
        is_new = key not in self._seen_next
        self._seen_next.add(key)
        return is_new


class _Paused(Generic[_Item]):
    """The loop of one stream: open, hand on, and after an interruption wait and open again."""

    def __init__(self, backoff: Backoff, on_interruption: Interruption | None) -> None:
        self._backoff = backoff
        self._on_interruption = on_interruption
        self._failures = 0
        self._was_open = False

    async def items(self, open_stream: Callable[[], AsyncGenerator[_Item, None]]) -> AsyncGenerator[_Item, None]:
        while True:
            retry_s: float | None = None
            try:
                # Closed here and now: a stream left to the garbage collector goes on counting as an agent's presence.
                async with aclosing(open_stream()) as stream:
                    async for item in stream:
                        self._was_open, self._failures = True, 0
                        retry_s = _asked_delay_s(item)
                        yield item
            except HookflashError as error:
                if not (self._was_open and _is_interruption(error)):
                    raise
                await self._pause(error, retry_s)
            else:
                if retry_s is None:
                    return
                await self._pause(Unreachable("DRAINING", "The server is stopping.", code="UNAVAILABLE"), retry_s)

    async def _pause(self, error: HookflashError, retry_s: float | None) -> None:
        self._failures += 1
        pause_s = self._backoff.pause_s(self._failures)
        if error.retry_delay is not None:
            retry_s = error.retry_delay.total_seconds()
        if retry_s is not None:
            # The server says when it is back; the jitter keeps its clients apart.
            pause_s += retry_s
        if self._on_interruption is not None:
            self._on_interruption(error, pause_s)
        await asyncio.sleep(pause_s)


def resumed(
    open_stream: Callable[[], AsyncGenerator[_Item, None]], backoff: Backoff, on_interruption: Interruption | None
) -> AsyncGenerator[_Item, None]:
    """Return the items of a stream that is opened again whenever it is interrupted.

    `open_stream` is called for each opening and says itself from where; its errors are HookflashErrors.
    """
    return _Paused[_Item](backoff, on_interruption).items(open_stream)


def _is_interruption(error: HookflashError) -> bool:
    return (
        isinstance(error, Unreachable)
        or error.reason in _RESUMED_REASONS
        or (error.reason == error.code and error.code in _BROKEN_CODES)
    )


def _asked_delay_s(item: Message) -> float | None:
    """Return the delay of a Goodbye that asks to come back, else None."""
    if (
        isinstance(item, AttachResponse)
        and item.WhichOneof("update") == "goodbye"
        and item.goodbye.reason == "DRAINING"
    ):
        return item.goodbye.retry_delay.ToTimedelta().total_seconds()
    return None
