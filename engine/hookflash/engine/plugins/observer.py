"""The thread on which plugins watch events go by: bounded, and never in anybody's way.

The buffer holds the newest events; when plugins are too slow the oldest is dropped and counted.
"""

from collections import deque
from collections.abc import Callable
from threading import Condition, Thread
from typing import final

from hookflash.sdk.hooks import EventHeader

__all__ = ["EVENTS_MAX", "Observer"]

EVENTS_MAX = 1_000


@final
class Observer:
    """Hands events to `deliver` one after another on a thread of its own, which starts with the first event."""

    def __init__(self, deliver: Callable[[EventHeader], None], *, size_max: int = EVENTS_MAX) -> None:
        self._deliver = deliver
        self._size_max = size_max
        self._events: deque[EventHeader] = deque()
        self._changed = Condition()
        self._thread: Thread | None = None
        self._is_delivering = False
        self._is_stopped = False
        self.dropped = 0

    def put(self, event: EventHeader) -> None:
        """Take an event for later; never waits."""
        with self._changed:
            if self._is_stopped:
                return
            if len(self._events) == self._size_max:
                self._events.popleft()
                self.dropped += 1
            self._events.append(event)
            if self._thread is None:
                self._thread = Thread(target=self._run, name="plugin-observer", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def wait_until_idle(self, timeout_s: float) -> bool:
        """Wait until every event taken so far was delivered; False if that lasts longer."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._events and not self._is_delivering, timeout_s)

    def stop(self, timeout_s: float) -> None:
        """Deliver what is left within the time, then end; a plugin that does not return is left behind."""
        self.wait_until_idle(timeout_s)
        with self._changed:
            self._is_stopped = True
            self._events.clear()
            self._changed.notify_all()
            thread = self._thread
        if thread is not None and not self._is_delivering:
            thread.join(timeout_s)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._events or self._is_stopped)
                if self._is_stopped:
                    return
                event = self._events.popleft()
                self._is_delivering = True
            try:
                self._deliver(event)
            finally:
                with self._changed:
                    self._is_delivering = False
                    self._changed.notify_all()
