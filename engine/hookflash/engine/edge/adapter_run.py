"""One channel served by its adapter in this process: from filling its Config to leaving it behind.

`start` either leaves everything running or nothing. What the adapter does wrong meanwhile ends no task of the engine.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from random import Random
from typing import Any, Final, final

import structlog

from hookflash.engine.actors.clock import Clock
from hookflash.engine.domain.refusals import Refusal
from hookflash.engine.domain.values import ChannelSettings
from hookflash.engine.ids import IdMaker
from hookflash.sdk.channel import Arrival, ChannelAdapter, ChannelContext, ChannelLog
from hookflash.sdk.config import fill
from hookflash.sdk.errors import NotTaken

from .arrivals import ArrivalTaker
from .channel_store import FileStore
from .inbox import Inbox
from .inbox_file import InboxFile
from .outbox import Outbox
from .outgoing import http_client
from .patience import caught, end, sleep, within
from .ports import EdgeShard, FaultListener
from .receipts import ReceiptJoiner
from .sender import ChannelSender, SendingRules

__all__ = ["AdapterRun", "Edge"]

START_S: Final = 30.0
STOP_S: Final = 5.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """The parts that all channels share."""

    shard: EdgeShard
    outbox: Outbox
    inbox: Inbox
    file: InboxFile
    receipts: ReceiptJoiner
    ids: IdMaker
    clock: Clock
    random: Random
    rules: SendingRules
    keys_kept_s: float = 7 * 24 * 3600.0


@final
class AdapterRun:
    """A running adapter; `stop` whatever `start` began."""

    def __init__(
        self,
        settings: ChannelSettings,
        adapter_class: type[ChannelAdapter],
        edge: Edge,
        on_fault: FaultListener,
        on_auth: Callable[[str], None],
    ) -> None:
        """`on_auth` is told why the channel pauses, and "" when it is back."""
        self.settings: Final = settings
        self._class = adapter_class
        self._edge = edge
        self._on_fault = on_fault
        self._on_auth = on_auth
        self._adapter: ChannelAdapter | None = None
        self._sender: ChannelSender | None = None
        self._taker: ArrivalTaker | None = None
        self._own: set[asyncio.Task[None]] = set()
        self._adapters: set[asyncio.Task[None]] = set()
        self._http = http_client()
        self._store = FileStore(edge.file, settings.id)

    async def start(self) -> None:
        """Make and start the adapter, then begin to send and to take. Raises whatever keeps it from starting."""
        await within(self._edge.clock, START_S, self._make)
        adapter, taker = self._adapter, self._taker
        if adapter is None or taker is None:  # pragma: no cover  _make raised otherwise
            raise RuntimeError("the adapter was not made")
        channel, edge = self.settings.id, self._edge
        await taker.resume()
        self._sender = ChannelSender(
            channel,
            adapter,
            shard=edge.shard,
            outbox=edge.outbox,
            clock=edge.clock,
            random=edge.random,
            rules=edge.rules,
            on_fault=self._on_fault,
            on_auth=self._on_auth,
        )
        self._keep(self._own, self._send(self._sender))
        self._keep(self._own, taker.run())

    async def stop(self) -> None:
        """End sending, taking, the adapter's own tasks and the adapter, each for a few seconds at most."""
        clock = self._edge.clock
        if self._taker is not None:
            self._taker.stop()
        if self._sender is not None:
            await self._sender.finish()
        adapter, self._adapter = self._adapter, None
        if adapter is not None:
            try:
                await within(clock, STOP_S, adapter.stop)
            except Exception as error:  # noqa: BLE001  whatever an adapter raises has an answer
                self._on_fault("stop", _named(error), "left it behind")
        await self._http.aclose()
        if not await end(
            clock, STOP_S, (*self._own, *self._adapters, *(self._taker.tasks if self._taker is not None else ()))
        ):
            self._on_fault("stop", "a task of the adapter does not end", "left it behind")

    async def _make(self) -> None:
        # Secrets are read from files here: in a thread, for what a path names may be slow.
        config = await asyncio.to_thread(fill, self._class.Config, self.settings.settings)
        adapter = self._class(self._context(), config)
        edge = self._edge
        # Before its start: what it takes there is taken.
        self._taker = ArrivalTaker(
            self.settings.id,
            adapter,
            file=edge.file,
            inbox=edge.inbox,
            receipts=edge.receipts,
            clock=edge.clock,
            random=edge.random,
            on_fault=self._on_fault,
        )
        try:
            await adapter.start()
        except BaseException:
            # Given a chance to close what it had opened; what it says to that is of no interest.
            with suppress(Exception):
                await within(self._edge.clock, STOP_S, adapter.stop)
            raise
        self._adapter = adapter

    async def _send(self, sender: ChannelSender) -> None:
        try:
            await sender.run()
        except Refusal as refusal:  # Something else reads the channel now.
            _log.warning("channel_read_by_another", channel=self.settings.id, reason=str(refusal.reason))
        except Exception:  # noqa: BLE001  a defect of ours; it must at least be seen
            _log.exception("channel_sending_ended", channel=self.settings.id)

    def _context(self) -> ChannelContext:
        clock = self._edge.clock
        log: ChannelLog = structlog.get_logger("hookflash.channel").bind(channel=self.settings.id)
        return ChannelContext(
            channel=self.settings.id,
            run_id=self._edge.ids.new(),
            log=log,
            clock=lambda: datetime.fromtimestamp(clock.now(), UTC),
            sleep=partial(sleep, clock),
            create_task=self._create_task,
            http=self._http,
            store=self._store,
            take=self._take,
        )

    async def _take(self, arrival: Arrival) -> None:
        if self._taker is None:
            raise NotTaken("DRAINING", 1.0)
        await self._taker.take(arrival)

    def _create_task(self, coroutine: Coroutine[Any, Any, None]) -> object:
        async def contained() -> None:
            try:
                await caught(lambda: coroutine)
            except Exception as error:  # noqa: BLE001  whatever an adapter raises has an answer
                self._on_fault("create_task", _named(error), "the task is over")

        return self._keep(self._adapters, contained())

    def _keep(self, kept: set[asyncio.Task[None]], coroutine: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        task = asyncio.get_running_loop().create_task(coroutine)
        kept.add(task)
        task.add_done_callback(kept.discard)
        return task


def _named(error: Exception) -> str:
    return f"{type(error).__name__}: {error}" if isinstance(error, TimeoutError) else type(error).__name__
