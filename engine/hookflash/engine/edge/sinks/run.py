"""One sink at work, on a thread with a loop of its own: a sink that blocks blocks nobody but itself.

A batch is delivered until it is taken; only then the cursor moves. So a batch may come twice and none is left out, and
what a sink cannot take yet waits in the journal, where it needs no room of its own.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
from math import isfinite
from random import Random
from threading import Thread
from typing import Final, final

import httpx
import structlog

from hookflash.engine.domain.struct import Struct
from hookflash.engine.edge.contents import clean_reason
from hookflash.engine.plugins import LoadedSink
from hookflash.sdk.errors import SendError, Throttled
from hookflash.sdk.hosting.patience import caught
from hookflash.sdk.http import guarded_client
from hookflash.sdk.sinks import Ack, Audience, ConnectedSink, SinkContext

from .cursors import Cursor, Cursors, Place
from .feed import Batch, Feed

__all__ = ["SinkReport", "SinkRules", "SinkRun", "SinkState"]

_RETRY_AFTER_MAX_S: Final = 3600.0
_CANCELLED_S: Final = 1.0
_GONE: Final = "it said that it is gone; change its plugin's settings to begin again"

_log = structlog.get_logger(__name__)


class SinkState(StrEnum):
    """How a sink is doing."""

    RUNNING = "RUNNING"
    FAILING = "FAILING"
    GONE = "GONE"


class SinkReport(Struct, frozen=True, kw_only=True):
    """A sink as an admin sees it: how far it is, how many records it is behind, and what is wrong with it."""

    name: str
    plugin: str
    audience: Audience
    state: SinkState
    position: int
    lag: int
    failures: int = 0
    reason: str = ""


class SinkRules(Struct, frozen=True, kw_only=True):
    """How a sink is treated, in seconds: `gather_s` is how long entries are gathered before they are delivered.

    `allow_private` are the hosts and networks that it may call although they are not in the internet.
    """

    deliver_timeout_s: float = 30.0
    gather_s: float = 0.2
    idle_s: float = 5.0
    backoff_s: float = 1.0
    backoff_max_s: float = 60.0
    fault_every_s: float = 60.0
    finish_s: float = 5.0
    allow_private: tuple[str, ...] = ()


@final
class SinkRun:
    """A sink that runs from `start` to `stop`; `wake` and `report` are for any thread."""

    def __init__(
        self,
        loaded: LoadedSink,
        feed: Feed,
        cursors: Cursors,
        *,
        cursor: Cursor,
        clock: Callable[[], float],
        random: Random,
        rules: SinkRules,
        on_fault: Callable[[str, str], None],
    ) -> None:
        """Begin at that cursor; `on_fault` is told what was wrong and what was done instead, now and then."""
        self.loaded: Final = loaded
        self._feed = feed
        self._cursors = cursors
        self._cursor = cursor
        self._clock = clock
        self._random = random
        self._rules = rules
        self._on_fault = on_fault
        self._failures = 0
        self._reason = _GONE if cursor.gone_with else ""
        self._told_at: float | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._awake: asyncio.Event | None = None
        self._stopping: asyncio.Event | None = None
        self._http: httpx.AsyncClient | None = None
        self._is_woken = self._is_stopped = self._is_connected = False
        self._thread = Thread(target=self._run, name=f"hookflash-sink-{loaded.sink.name}", daemon=True)

    def start(self) -> None:
        """Begin, unless the sink is gone."""
        if not self._cursor.gone_with:
            self._thread.start()

    def wake(self) -> None:
        """There is something for it in the journal; never waits."""
        if not self._is_woken:
            self._is_woken = True
            self._call(self._awake)

    def report(self, end: int) -> SinkReport:
        """How it is; `end` is the journal's last position."""
        state = SinkState.GONE if self._cursor.gone_with else SinkState.FAILING if self._failures else SinkState.RUNNING
        position = self._cursor.place.position
        return SinkReport(
            name=self.loaded.sink.name,
            plugin=self.loaded.plugin,
            audience=self.loaded.sink.audience,
            state=state,
            position=position,
            lag=max(0, end - position),
            failures=self._failures,
            reason=self._reason,
        )

    def stop(self) -> bool:
        """Let a delivery end for a few seconds; False where it does not and is left behind. Blocks."""
        self._is_stopped = True
        self._call(self._stopping)
        if not self._thread.ident:
            return True
        self._thread.join(self._rules.finish_s)
        if self._thread.is_alive() and self._loop is not None:
            with suppress(RuntimeError):  # It has ended this very moment.
                self._loop.call_soon_threadsafe(self._cancel)
            self._thread.join(_CANCELLED_S)
        return not self._thread.is_alive()

    def _call(self, event: asyncio.Event | None) -> None:
        if self._loop is not None and event is not None:
            with suppress(RuntimeError):  # The thread has ended.
                self._loop.call_soon_threadsafe(event.set)

    def _cancel(self) -> None:
        for task in asyncio.all_tasks(self._loop):
            task.cancel()

    def _run(self) -> None:
        try:
            asyncio.run(self._connected_work())
        except asyncio.CancelledError:
            pass
        except Exception:  # noqa: BLE001  a defect of ours; it must at least be seen
            _log.exception("sink_ended", sink=self.loaded.sink.name)
            self._reason = "it has ended by a defect of the engine; the log has more"
            self._failures += 1

    async def _connected_work(self) -> None:
        try:
            await self._work()
        finally:
            if self._http is not None:
                await self._http.aclose()

    async def _work(self) -> None:
        self._awake, self._stopping = asyncio.Event(), asyncio.Event()
        self._loop = asyncio.get_running_loop()
        while not self._is_stopped and not self._cursor.gone_with:
            # Cleared before it is looked at, so that what comes meanwhile wakes again.
            self._is_woken = False
            self._awake.clear()
            batch = await self._next()
            if batch.items:
                while not await self._is_taken(batch) and not self._is_stopped:
                    pass  # Handed over again as it was, so that a sink may know it by its first entry.
            elif batch.place != self._cursor.place:
                self._move(batch.place)
            else:
                await self._woken(self._awake)

    async def _next(self) -> Batch:
        try:
            return await self._feed.exported(self._cursor.place)
        except Exception as error:  # noqa: BLE001  a journal that cannot be read now may be read later
            await self._failed(f"the journal could not be read: {type(error).__name__}", 0.0)
            return Batch((), self._cursor.place)

    async def _woken(self, awake: asyncio.Event) -> None:
        stopping = asyncio.ensure_future(self._until_stopped())
        waking = asyncio.ensure_future(awake.wait())
        # Looked at now and then in any case, so that what is not for it is behind it too, and it is not shown as late.
        timeout_s = self._rules.idle_s
        await asyncio.wait({stopping, waking}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        waking.cancel()
        await self._pause(self._rules.gather_s)

    async def _until_stopped(self) -> None:
        if self._stopping is not None and not self._is_stopped:
            await self._stopping.wait()

    async def _pause(self, seconds: float) -> None:
        """Wait so long, or until it is stopped."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._until_stopped(), seconds)

    async def _is_taken(self, batch: Batch) -> bool:
        """Hand the batch over once; after a failure it waits before it answers."""
        try:
            await caught(self._connect)
            async with asyncio.timeout(self._rules.deliver_timeout_s):
                ack: object = await caught(lambda: self.loaded.sink.deliver(batch.items))
        except TimeoutError:
            await self._failed(f"no answer within {self._rules.deliver_timeout_s:g} s", 0.0)
            return False
        except Exception as error:  # noqa: BLE001  whatever a sink raises has an answer
            await self._failed(_words(error), _retry_after_s(error))
            return False
        if type(ack) is not Ack:
            await self._failed(f"it answered {type(ack).__name__}, not an Ack", 0.0)
            return False
        self._failures, self._reason = 0, ""
        if ack.is_gone:
            # What it did not want is not behind it: with other settings it is offered again.
            self._end()
        else:
            self._move(batch.place)
        return True

    async def _connect(self) -> None:
        """Give a sink that calls others what it calls with, once; what it raises is a failed delivery."""
        sink = self.loaded.sink
        if isinstance(sink, ConnectedSink) and not self._is_connected:
            self._http = self._http or guarded_client(self._rules.allow_private)
            sink.connect(SinkContext(http=self._http, clock=lambda: datetime.fromtimestamp(self._clock(), UTC)))
            self._is_connected = True

    def _move(self, place: Place) -> None:
        self._keep(Cursor(place))

    def _end(self) -> None:
        self._reason = _GONE
        self._keep(Cursor(self._cursor.place, self.loaded.settings_digest))
        self._on_fault("it said that it is gone", "it is asked no more")
        _log.warning("sink_gone", sink=self.loaded.sink.name, plugin=self.loaded.plugin)

    def _keep(self, cursor: Cursor) -> None:
        self._cursor = cursor
        try:
            self._cursors.put(self.loaded.sink.name, cursor)
        except Exception as error:  # noqa: BLE001  mostly the disk: what is not kept comes again after a restart
            _log.warning("sink_cursor_not_kept", sink=self.loaded.sink.name, error=type(error).__name__)

    async def _failed(self, reason: str, retry_after_s: float) -> None:
        self._failures += 1
        self._reason = reason
        top_s = min(self._rules.backoff_s * 2.0 ** min(self._failures - 1, 20), self._rules.backoff_max_s)
        pause_s = max(retry_after_s, top_s * (0.5 + self._random.random() / 2))
        _log.warning("sink_failed", sink=self.loaded.sink.name, reason=reason, failures=self._failures, again_s=pause_s)
        now = self._clock()
        if self._told_at is None or now - self._told_at >= self._rules.fault_every_s:
            # Each would be a record, and so another event for a sink that hears of everything.
            self._told_at = now
            self._on_fault(reason, "its batch comes again")
        await self._pause(pause_s)


def _words(error: Exception) -> str:
    # Words for admins, of errors whose words hold no secret; of others only the class.
    said = clean_reason(str(error)).strip() if isinstance(error, SendError) else ""
    return f"{type(error).__name__}: {said}" if said else type(error).__name__


def _retry_after_s(error: Exception) -> float:
    given: object = error.retry_after_s if isinstance(error, Throttled) else 0.0
    if not isinstance(given, int | float) or not isfinite(given) or given < 0:
        return 0.0
    return min(float(given), _RETRY_AFTER_MAX_S)
