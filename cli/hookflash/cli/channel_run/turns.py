"""Turns by name: who comes under the same name waits for those before, others go on side by side."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import final

__all__ = ["Turns"]


@final
class Turns:
    """Nothing is kept of a name whose turns are over."""

    def __init__(self) -> None:
        """Begin with nobody."""
        self._last: dict[str, asyncio.Future[None]] = {}

    @asynccontextmanager
    async def of(self, name: str) -> AsyncIterator[None]:
        """Wait until all that came before under this name are done."""
        before = self._last.get(name)
        mine = self._last[name] = asyncio.get_running_loop().create_future()

        def pass_on(_: object = None) -> None:
            mine.set_result(None)
            if self._last.get(name) is mine:
                del self._last[name]

        try:
            if before is not None:
                await asyncio.wait((before,))
            yield
        finally:
            if before is None or before.done():
                pass_on()
            else:  # Cancelled while it waited: who comes behind waits for who is before.
                before.add_done_callback(pass_on)
