"""One adapter at work in this process: from its Config to its end.

The adapter is started before anything is asked of the engine, and stopped after nothing is any more.
"""

import asyncio
import uuid
from collections.abc import Callable, Coroutine, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from random import SystemRandom
from time import time
from typing import Any, Final, final

import structlog

from hookflash.cli.failures import CommandError, ExitCode
from hookflash.sdk.channel import AsgiApp, ChannelAdapter, ChannelContext
from hookflash.sdk.client import Client
from hookflash.sdk.config import fill
from hookflash.sdk.errors import ConfigError, ParseError, SendError
from hookflash.sdk.hosting.calls import PluginFailedError
from hookflash.sdk.hosting.patience import caught, end, within
from hookflash.sdk.hosting.sign_calls import SignCalls
from hookflash.sdk.hosting.webhook import WebhookCalls
from hookflash.sdk.http import guarded_client
from hookflash.sdk.types import ChannelId

from .guard import AdapterGuard
from .incoming import Incoming
from .media import MediaBringer
from .outgoing import Outgoing
from .signs import Signs
from .store import FileStore

__all__ = ["Place", "Runner"]

START_S: Final = 30.0
STOP_S: Final = 5.0
_PARTS: Final = "\0parts of "


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an adapter works: its memory's file, where it listens (None: nowhere) and is reached, whom it may call."""

    state: Path
    listen: str | None = None
    public_url: str = ""
    allow_private: tuple[str, ...] = ()


@final
class Runner:
    """Runs one channel's adapter; raises CommandError for what keeps it from starting."""

    def __init__(
        self,
        channel: ChannelId,
        adapter_class: type[ChannelAdapter],
        settings: Mapping[str, str],
        place: Place,
        now: Callable[[], float] = time,
    ) -> None:
        """Nothing runs before `run`; `now` gives the engine's time, in seconds since the Unix epoch."""
        self.channel: Final = channel
        self._class = adapter_class
        self._settings = settings
        self._place = place
        self._now = now
        self._tasks: set[asyncio.Task[None]] = set()
        self.url = ""

    async def run(self, client: Client, on_started: "asyncio.Future[str] | None" = None) -> None:
        """Work until it is cancelled, or the adapter has nothing more to bring and nobody to send to."""
        store = FileStore(self._place.state)
        self._guard = AdapterGuard(self.channel, self._class)
        http = guarded_client(self._place.allow_private)
        incoming = Incoming(self.channel, client, SystemRandom())
        adapter: ChannelAdapter | None = None
        try:
            adapter = await self._made(
                ChannelContext(
                    channel=self.channel,
                    run_id=uuid.uuid4().hex,
                    log=structlog.get_logger("hookflash.channel").bind(channel=self.channel),
                    clock=lambda: datetime.fromtimestamp(self._now(), UTC),
                    sleep=asyncio.sleep,
                    create_task=self._create_task,
                    http=http,
                    store=store,
                    take=incoming.take,
                    public_url=self._place.public_url,
                )
            )
            incoming.media = MediaBringer(self.channel, client, adapter, self._guard.clock, self._guard.report)
            await self._started(adapter)
            await self._work(adapter, client, incoming, on_started)
        finally:
            if adapter is not None:
                await self._stopped(adapter)
            await http.aclose()
            store.close()

    async def _made(self, context: ChannelContext) -> ChannelAdapter:
        try:
            # Secrets are read from files here: in a thread, for what a path names may be slow.
            config = await asyncio.to_thread(fill, self._class.Config, self._settings)
        except ConfigError as error:
            raise CommandError(f"The settings do not fit: {error}.", ExitCode.USAGE) from error
        adapter = self._class(context, config)
        if getattr(config, "insecure", False) is not True and await self._is_unguarded(adapter):
            raise CommandError(
                "The adapter takes requests that nobody has signed: give it the provider's secret, or insecure=true.",
                ExitCode.USAGE,
            )
        return adapter

    async def _is_unguarded(self, adapter: ChannelAdapter) -> bool:
        try:
            return await self._asking(adapter).is_unguarded(f"/channels/{self.channel}")
        except PluginFailedError:
            return False  # It takes no request at all.

    def _asking(self, adapter: ChannelAdapter) -> WebhookCalls:
        return WebhookCalls(adapter, self._guard.calls, unreadable="left it out")

    async def _started(self, adapter: ChannelAdapter) -> None:
        try:
            await within(self._guard.clock, START_S, adapter.start)
        except (ConfigError, ParseError, SendError) as error:
            raise CommandError(f"The adapter does not start: {error}.") from error
        except TimeoutError as error:
            raise CommandError(f"The adapter does not start within {START_S:g} s.") from error

    async def _work(
        self,
        adapter: ChannelAdapter,
        client: Client,
        incoming: Incoming,
        on_started: "asyncio.Future[str] | None",
    ) -> None:
        with closing(FileStore(self._place.state, _PARTS)) as parts:
            outgoing = Outgoing(
                self.channel,
                client,
                adapter,
                SystemRandom(),
                relinked=incoming.relinked,
                parts=parts,
                on_fault=self._guard.report,
                now=self._now,
            )
            signs = SignCalls(self.channel, adapter, self._guard.clock, self._guard.report)
            web = None
            if self._place.listen is not None:
                from .web import Web  # Only here: without a webhook the extra `web` is not needed.

                web = Web(self.channel, self._asking(adapter), await self._application(adapter), incoming.take)
                self.url = await web.start(self._place.listen)
            if on_started is not None:
                on_started.set_result(self.url)
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(incoming.poll(adapter))
                    group.create_task(outgoing.run())
                    group.create_task(Signs(self.channel, client, signs).run())
                    group.create_task(self._guard.until_stuck())
            except BaseExceptionGroup as several:
                raise several.exceptions[0] from None
            finally:
                if web is not None:
                    await web.stop()
                await outgoing.finish()
                await end(self._guard.clock, STOP_S, tuple(signs.tasks))

    async def _application(self, adapter: ChannelAdapter) -> AsgiApp | None:
        try:
            return await self._guard.calls.ask("app", adapter.app, fallback="served none")
        except PluginFailedError:
            return None

    async def _stopped(self, adapter: ChannelAdapter) -> None:
        with suppress(Exception):  # What it says to its end is of no interest.
            await within(self._guard.clock, STOP_S, adapter.stop)
        await end(self._guard.clock, STOP_S, tuple(self._tasks))
        await self._guard.stop()

    def _create_task(self, coroutine: Coroutine[Any, Any, None]) -> object:
        async def contained() -> None:
            try:
                await caught(lambda: coroutine)
            except Exception as error:  # noqa: BLE001 - whatever an adapter raises, its channel goes on
                self._guard.report("create_task", type(error).__name__, "the task is over")

        task = asyncio.get_running_loop().create_task(contained())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
