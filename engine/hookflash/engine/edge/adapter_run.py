"""One channel served by its adapter in this process: from filling its Config to leaving it behind.

`start` either leaves everything running or nothing. What the adapter does wrong meanwhile ends no task of the engine.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, MutableMapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from typing import Any, Final, final

import structlog

from hookflash.engine.domain.refusals import Refusal
from hookflash.engine.domain.values import ChannelSettings
from hookflash.engine.plugins import PluginFailedError, PureCalls
from hookflash.sdk.channel import (
    Arrival,
    AsgiApp,
    ChannelAdapter,
    ChannelContext,
    ChannelLog,
    HttpRequest,
    HttpResponse,
)
from hookflash.sdk.config import fill
from hookflash.sdk.errors import ConfigError, NotTaken
from hookflash.sdk.hosting.calls import NonsenseError
from hookflash.sdk.hosting.patience import caught, end, sleep, within
from hookflash.sdk.hosting.sign_calls import SignCalls
from hookflash.sdk.hosting.webhook import WebhookCalls
from hookflash.sdk.http import guarded_client
from hookflash.sdk.types import ExternalId

from .aliases import Aliases
from .arrivals import ArrivalTaker
from .channel_store import FileStore
from .door import WebhookDoor
from .parts import Edge
from .parts_done import PartsDone
from .ports import FaultListener
from .sender import ChannelSender
from .trouble import Trouble

__all__ = ["AdapterRun"]

START_S: Final = 30.0
STOP_S: Final = 5.0
APP_CALLS_MAX: Final = 1_000
"""Calls of one adapter's own application at once, web sockets among them."""

_UNGUARDED: Final = (
    "takes requests that nobody has signed: give it the provider's secret, or, where the provider has none and"
    " strangers may write, insecure = true"
)
Scope = MutableMapping[str, Any]

_log = structlog.get_logger(__name__)


@final
class AdapterRun:
    """A running adapter; `stop` whatever `start` began."""

    def __init__(
        self,
        settings: ChannelSettings,
        adapter_class: type[ChannelAdapter],
        edge: Edge,
        calls: PureCalls,
        on_fault: FaultListener,
        on_auth: Callable[[str], None],
    ) -> None:
        """`calls` guards its PURE calls; `on_auth` is told why the channel pauses, and "" when it is back."""
        self.settings: Final = settings
        self.app: AsgiApp | None = None
        self._calls = calls
        self._class = adapter_class
        self._edge = edge
        self._on_fault = on_fault
        self._on_auth = on_auth
        self._adapter: ChannelAdapter | None = None
        self._sender: ChannelSender | None = None
        self._taker: ArrivalTaker | None = None
        self._aliases: Aliases | None = None
        self._unsent: Trouble | None = None
        self._door: WebhookDoor | None = None
        self._own: set[asyncio.Task[None]] = set()
        self._adapters: set[asyncio.Task[None]] = set()
        self._signs: SignCalls | None = None
        self._served: set[asyncio.Task[None]] = set()
        self._http = guarded_client(edge.http.allow_private)
        self._store = FileStore(edge.file, settings.id)

    async def start(self) -> None:
        """Make and start the adapter, then begin to send and to take. Raises whatever keeps it from starting."""
        try:
            await within(self._edge.clock, START_S, self._make)
            await self._begin()
        except BaseException:
            await self.stop()
            raise

    @property
    def trouble(self) -> Trouble | None:
        """What fails while it runs; None where nothing does, as far as one can tell."""
        return self._unsent or (None if self._taker is None else self._taker.trouble)

    async def answer(self, request: HttpRequest) -> HttpResponse:
        """Take a provider's request."""
        if self._door is None or self._adapter is None:
            return HttpResponse(status=503)
        return await self._door.answer(request)

    def show_typing(self, address: str, *, is_typing: bool) -> None:
        """Show the customer that an agent types; never waits, and may drop it."""
        if self._signs is not None:
            self._signs.show_typing(address, is_typing=is_typing)

    def mark_read(self, address: str, external_ids: Sequence[ExternalId]) -> bool:
        """Tell the customer that these were seen; never waits. False where that is to be told later."""
        return self._signs is None or self._signs.mark_read(address, external_ids)

    async def serve_app(
        self, scope: Scope, receive: Callable[[], Awaitable[Scope]], send: Callable[[Scope], Awaitable[None]]
    ) -> bool:
        """Let the adapter's own application serve a call; False where it was not finished. Ends with the adapter."""
        app = self.app
        if app is None or len(self._served) >= APP_CALLS_MAX:
            return False
        task = asyncio.get_running_loop().create_task(caught(lambda: app(scope, receive, send)))
        self._served.add(task)
        try:
            await asyncio.wait((task,))
        finally:
            self._served.discard(task)
            task.cancel()
        if task.cancelled():
            return False
        if (error := task.exception()) is None:
            return True
        self._on_fault("app", type(error).__name__, "ended the call")
        return False

    async def stop(self) -> None:
        """End sending, taking, the adapter's own tasks and the adapter, each for a few seconds at most."""
        clock = self._edge.clock
        if self._taker is not None:
            self._taker.stop()
        if self._sender is not None:
            await self._sender.finish()
        adapter, self._adapter = self._adapter, None
        signs, self._signs = self._signs, None
        for served in self._served:
            served.cancel()
        if adapter is not None:
            try:
                await within(clock, STOP_S, adapter.stop)
            except Exception as error:  # noqa: BLE001  whatever an adapter raises has an answer
                self._on_fault("stop", _named(error), "left it behind")
        await self._http.aclose()
        others = [part.tasks for part in (self._taker, signs) if part is not None]
        if not await end(clock, STOP_S, tuple(chain(self._own, self._adapters, *others))):
            self._on_fault("stop", "a task of the adapter does not end", "left it behind")

    async def _begin(self) -> None:
        adapter, taker, aliases = self._adapter, self._taker, self._aliases
        if adapter is None or taker is None or aliases is None:  # pragma: no cover  _make raised otherwise
            raise RuntimeError("the adapter was not made")
        channel, edge = self.settings.id, self._edge
        await taker.resume()
        self.app = await self._application(adapter)
        self._door = WebhookDoor(
            channel,
            adapter,
            calls=self._calls,
            taker=taker,
            file=edge.file,
            clock=edge.clock,
            rates=edge.webhook_rates,
        )
        self._sender = ChannelSender(
            channel,
            adapter,
            shard=edge.shard,
            outbox=edge.outbox,
            clock=edge.clock,
            random=edge.random,
            rules=edge.rules,
            receipts=edge.receipts,
            on_part=partial(edge.echoes.sent, channel),
            parts=PartsDone(edge.file, channel),
            aliases=aliases.of,
            on_fault=self._on_fault,
            on_auth=self._on_auth,
        )
        self._keep(self._own, self._send(self._sender))
        self._keep(self._own, taker.run())

    async def _application(self, adapter: ChannelAdapter) -> AsgiApp | None:
        def made() -> AsgiApp | None:
            app: object = adapter.app()
            if app is not None and not callable(app):
                raise NonsenseError(f"it answered {type(app).__name__}, not an ASGI application")
            return app

        try:
            return await self._calls.ask("app", made, fallback="served none")
        except PluginFailedError:
            return None

    async def _require_guarded(self, adapter: ChannelAdapter, config: object) -> None:
        """Refuse an adapter that takes what nobody signed, unless its settings say that this is meant."""
        if getattr(config, "insecure", False) is True:
            _log.warning("channel_insecure", channel=self.settings.id)
            return
        calls = WebhookCalls(adapter, self._calls, unreadable="left it out")
        try:
            is_open = await calls.is_unguarded(f"/channels/{self.settings.id}")
        except PluginFailedError:
            return
        if is_open:
            raise ConfigError((f"an adapter of kind {self.settings.kind} {_UNGUARDED}",))

    async def _make(self) -> None:
        # Secrets are read from files here: in a thread, for what a path names may be slow.
        config = await asyncio.to_thread(fill, self._class.Config, self.settings.settings)
        adapter = self._class(self._context(), config)
        await self._require_guarded(adapter, config)
        edge = self._edge
        aliases = self._aliases = await edge.aliases.of_channel(self.settings.id)
        # Before its start: what it takes there is taken.
        self._taker = ArrivalTaker(
            self.settings.id,
            adapter,
            file=edge.file,
            inbox=edge.inbox,
            receipts=edge.receipts,
            echoes=edge.echoes,
            media=edge.media,
            signs=edge.signs,
            aliases=aliases,
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
        self._signs = SignCalls(self.settings.id, adapter, edge.clock, self._on_fault)
        self._adapter = adapter

    async def _send(self, sender: ChannelSender) -> None:
        try:
            await sender.run()
        except Refusal as refusal:  # Something else reads the channel now.
            _log.warning("channel_read_by_another", channel=self.settings.id, reason=str(refusal.reason))
            self._sends_nothing("something else reads its deliveries")
        except Exception:  # noqa: BLE001  a defect of ours; it must at least be seen
            _log.exception("channel_sending_ended", channel=self.settings.id)
            self._sends_nothing("a defect of the engine has ended its sending, which the log describes")

    def _sends_nothing(self, why: str) -> None:
        self._unsent = Trouble(
            words=f"nothing is sent until it is applied anew or the engine starts again: {why}",
            since=self._edge.clock.now(),
        )

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
            public_url=self._edge.http.url_of(self.settings.id),
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
