"""A stream's buffer: bounded, so that a slow reader costs itself its stream and nobody else anything."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from hookflash.engine.domain.refusals import Refusal, SlowConsumer

__all__ = ["Outlet"]


class Outlet:
    """Items on their way to one reader, each with the journal position it comes from."""

    def __init__(self, size_max: int, overflowed: Callable[[], None] | None = None) -> None:
        """Begin empty; `size_max` items may wait, and `overflowed` is told when there was one too many.

        Told at once: a reader who reads nothing may keep the item that is being written, and so the stream, for ever.
        """
        self._size_max, self._overflowed = size_max, overflowed
        self._items: deque[tuple[int, bytes]] = deque()
        self._awake = asyncio.Event()
        self._refusal: Refusal | None = None
        self._is_ended = False
        self._sent = 0
        self._first_lost: int | None = None

    def put(self, position: int, item: bytes) -> None:
        """Add an item; what is one too many ends the stream (SLOW_CONSUMER)."""
        if self._is_ended:
            return
        if len(self._items) >= self._size_max:
            self._first_lost = self._items[0][0]
            self._items.clear()
            self.end()
            if self._overflowed is not None:
                self._overflowed()
            return
        self._items.append((position, item))
        self._awake.set()

    def show(self, position: int, item: bytes) -> None:
        """Add an item that may as well be missing: dropped where the reader is behind."""
        if not self._is_ended and 2 * len(self._items) < self._size_max:
            self._items.append((position, item))
            self._awake.set()

    def end(self, refusal: Refusal | None = None, last: bytes | None = None) -> None:
        """Let the stream end after what waits and a last item, well or with a refusal. A second end is nothing."""
        if self._is_ended:
            return
        self._is_ended, self._refusal = True, refusal
        if last is not None:
            self._items.append((self._sent, last))
        self._awake.set()

    def leave(self) -> None:
        """The reader is gone. Let go of what is called, which may hold this: a circle would wait for the collector."""
        self.end()
        self._items.clear()
        self._overflowed = None

    async def pour(self, write: Callable[[bytes], Awaitable[None]], sent: int = 0) -> None:
        """Write items until the end; `sent` is the position that the reader has already. Raises the end's refusal."""
        self._sent = max(self._sent, sent)
        while True:
            while self._items:
                position, item = self._items.popleft()
                await write(item)
                self._sent = max(self._sent, position)
            if self._is_ended:
                break
            self._awake.clear()
            await self._awake.wait()
        if self._first_lost is not None:
            # What was on its way has arrived by now; of a record that arrived in part everything comes again.
            raise SlowConsumer(max(0, min(self._sent, self._first_lost - 1)))
        if self._refusal is not None:
            raise self._refusal
