"""Lines of standard input, from a terminal, a pipe or a file alike, without holding up the event loop.

The thread reads the descriptor itself: Python's own buffered stdin, left in the middle of a read, would make the
interpreter's end fail.
"""

from __future__ import annotations

import asyncio
import os
import threading
from typing import Final

__all__ = ["Lines"]

_LINE_BYTES_MAX: Final = 64 * 1024


class Lines:
    """An asynchronous iterator over the lines that are typed; it ends where the input ends."""

    def __init__(self, descriptor: int = 0) -> None:
        self._descriptor = descriptor
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()

    @property
    def is_terminal(self) -> bool:
        """Whether somebody types."""
        return os.isatty(self._descriptor)

    def start(self) -> None:
        """Begin to read; call it inside the event loop."""
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._read, args=(loop,), name="hookflash-stdin", daemon=True).start()

    def __aiter__(self) -> Lines:
        """Return the iterator itself."""
        return self

    async def __anext__(self) -> str:
        """Return the next line, without its end."""
        line = await self._lines.get()
        if line is None:
            raise StopAsyncIteration
        return line

    def _read(self, loop: asyncio.AbstractEventLoop) -> None:
        rest = b""
        while True:
            try:
                chunk = os.read(self._descriptor, 4096)
            except OSError:
                chunk = b""
            *lines, rest = (rest + chunk).split(b"\n")
            if not chunk or len(rest) > _LINE_BYTES_MAX:
                lines, rest = [*lines, *([rest] if rest else [])], b""
            try:
                for line in lines:
                    loop.call_soon_threadsafe(self._lines.put_nowait, line.decode("utf-8", "replace").rstrip("\r"))
                if not chunk:
                    loop.call_soon_threadsafe(self._lines.put_nowait, None)
                    return
            except RuntimeError:
                # The loop is closed: the desk ended while somebody was typing.
                return
