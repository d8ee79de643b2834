"""A loop on a thread of its own, for a plugin's async calls: one that blocks blocks its own loop and not the engine's.

The thread starts with the first call. A call that is not back in time is cancelled and left behind.
"""

import asyncio
from collections.abc import Callable, Coroutine
from threading import Lock, Thread
from typing import Any, TypeVar, final

__all__ = ["PluginLoop"]

T = TypeVar("T")


@final
class PluginLoop:
    """One plugin's loop; `call` is for the engine's loop, `stop` for any thread."""

    def __init__(self, name: str) -> None:
        """Start no thread yet."""
        self._name = name
        self._lock = Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: Thread | None = None

    async def call(self, call: Callable[[], Coroutine[Any, Any, T]], timeout_s: float) -> T:
        """Make a call there and wait for its answer. Raises TimeoutError, or whatever it raised."""

        async def made() -> T:
            return await call()

        future = asyncio.run_coroutine_threadsafe(made(), self._running())
        try:
            return await asyncio.wait_for(asyncio.wrap_future(future), timeout_s)
        finally:
            future.cancel()

    def stop(self, timeout_s: float = 1.0) -> bool:
        """End the thread; False where a call blocks it, and it is left behind."""
        with self._lock:
            loop, thread, self._loop, self._thread = self._loop, self._thread, None, None
        if loop is None or thread is None:
            return True
        loop.call_soon_threadsafe(loop.stop)
        thread.join(timeout_s)
        if thread.is_alive():
            return False
        loop.close()
        return True

    def _running(self) -> asyncio.AbstractEventLoop:
        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = Thread(target=self._run, args=(self._loop,), name=f"plugin-{self._name}-io", daemon=True)
                self._thread.start()
            return self._loop

    @staticmethod
    def _run(loop: asyncio.AbstractEventLoop) -> None:
        asyncio.set_event_loop(loop)
        loop.run_forever()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
