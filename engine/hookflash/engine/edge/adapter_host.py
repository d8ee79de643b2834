"""Runs the adapters of the channels that the engine serves itself, and keeps in step with what is applied.

A channel is served here where a loaded plugin has an adapter of its kind, unless `is_external` (api.md, Apply). Each
channel has one task at a time that starts or stops its adapter, so two changes in a row cannot run into each other.
"""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from enum import StrEnum
from typing import Final, final

import structlog

from hookflash.engine.actors.calls import Sealed
from hookflash.engine.domain import events as e
from hookflash.engine.domain.struct import Struct, changed
from hookflash.engine.domain.values import ChannelSettings
from hookflash.sdk.hosting.patience import end
from hookflash.sdk.types import ChannelId, ExternalId

from .adapter_run import AdapterRun
from .media import MediaStore
from .parts import Edge
from .ports import Adapters
from .trouble import told

__all__ = ["AdapterHost", "ChannelReport", "ChannelState"]

_STOP_S: Final = 30.0
_FORGET_EVERY_S: Final = 3600.0

_log = structlog.get_logger(__name__)


class ChannelState(StrEnum):
    """How a channel that the engine serves itself is doing."""

    STARTING = "STARTING"
    RUNNING = "RUNNING"
    FAILING = "FAILING"
    PAUSED = "PAUSED"
    FAILED = "FAILED"


class ChannelReport(Struct, frozen=True, kw_only=True):
    """A served channel as an admin sees it since `since`; `reason` says what is wrong, without a full stop."""

    channel: ChannelId
    kind: str
    state: ChannelState
    since: float
    reason: str = ""


@final
class AdapterHost:
    """All adapters of one engine; a channel that pauses is a fault and in the log, one that is back is in the log."""

    def __init__(self, edge: Edge, adapters: Adapters) -> None:
        """Run nothing before `start`."""
        self._edge = edge
        self._adapters = adapters
        self._wanted: dict[ChannelId, ChannelSettings] = {}
        self._runs: dict[ChannelId, AdapterRun] = {}
        self._reports: dict[ChannelId, ChannelReport] = {}
        self._changes: dict[ChannelId, asyncio.Task[None]] = {}
        self._background: set[asyncio.Task[None]] = set()
        self._cancel_forgetting: Callable[[], None] = lambda: None
        self._is_started = False

    def serves(self, settings: ChannelSettings) -> bool:
        """Whether the engine runs this channel's adapter; then nobody outside reads its deliveries."""
        return not settings.is_external and self._adapters.channel_adapter(settings.kind) is not None

    @property
    def media(self) -> MediaStore:
        """What customers sent besides words, through any channel."""
        return self._edge.media

    @property
    def reports(self) -> Mapping[ChannelId, ChannelReport]:
        """The served channels as they are now."""
        return {channel: self._as_it_is(report) for channel, report in self._reports.items()}

    def run_of(self, channel: ChannelId) -> AdapterRun | None:
        """The running adapter of a channel; None where it is not running now, or is none."""
        return self._runs.get(channel)

    def show_typing(self, channel: ChannelId, address: str, *, is_typing: bool) -> None:
        """Show a customer that an agent types, where his channel runs here and has such a sign."""
        run = self._runs.get(channel)
        if run is not None:
            run.show_typing(address, is_typing=is_typing)

    def mark_read(self, channel: ChannelId, address: str, external_ids: Sequence[ExternalId]) -> bool:
        """Tell a customer that an agent has seen these, where his channel runs here; False as `AdapterRun` says."""
        run = self._runs.get(channel)
        return run is None or run.mark_read(address, external_ids)

    async def start(self) -> None:
        """Start every channel applied so far, and wait until each runs or has failed."""
        self._is_started = True
        self._forget_old()
        for channel, settings in self._edge.shard.facts.channels().items():
            self._want(channel, settings)
        await self.wait_until_settled()

    def follow(self, group: Sequence[Sealed]) -> None:
        """Start and stop what is applied and deleted from now on: the shard's listener."""
        for sealed in group:
            for fact in sealed.record.facts:
                match fact.event:
                    case e.ChannelConfigured(settings=settings):
                        self._want(settings.id, settings)
                    case e.ChannelDeleted():
                        self._want(ChannelId(fact.subject.id), None)
                        self._forget(ChannelId(fact.subject.id))
                    case _:
                        pass

    async def wait_until_settled(self) -> None:
        """Wait until no channel is being started or stopped."""
        while self._changes:
            await asyncio.gather(*self._changes.values())

    async def stop(self) -> None:
        """Stop every adapter, side by side; one that hangs is left behind."""
        self._is_started = False
        self._cancel_forgetting()
        for channel in list(self._wanted):
            del self._wanted[channel]
            self._change(channel)
        await asyncio.gather(*self._background, return_exceptions=True)
        await end(self._edge.clock, 1.0, tuple(self._changes.values()), grace_s=_STOP_S)

    def _forget(self, channel: ChannelId) -> None:
        self._edge.receipts.forget(channel)
        self._edge.echoes.forget(channel)
        self._edge.aliases.forget(channel)
        self._in_background(self._edge.file.forget_channel(channel))

    def _forget_old(self) -> None:
        """Let go of dedupe keys as old as those that the journal lets go of, and of old media; again in an hour."""
        clock = self._edge.clock
        self._in_background(self._edge.media.tidy())
        self._in_background(self._edge.file.forget_before(clock.now() - self._edge.keys_kept_s))
        self._cancel_forgetting = clock.wake_at(clock.now() + _FORGET_EVERY_S, self._forget_old)

    def _in_background(self, coroutine: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(coroutine)
        self._background.add(task)

        def ended(done: asyncio.Task[None]) -> None:
            self._background.discard(done)
            if not done.cancelled() and (error := done.exception()) is not None:
                _log.warning("inbox_not_tidied", error=str(error))

        task.add_done_callback(ended)

    def _want(self, channel: ChannelId, settings: ChannelSettings | None) -> None:
        if not self._is_started:
            return
        if settings is not None and self.serves(settings):
            self._wanted[channel] = settings
        else:
            self._wanted.pop(channel, None)
        self._change(channel)

    def _change(self, channel: ChannelId) -> None:
        if channel not in self._changes:
            self._changes[channel] = asyncio.get_running_loop().create_task(self._reach(channel))

    async def _reach(self, channel: ChannelId) -> None:
        """Bring a channel to what is wanted of it; that may change while a step is under way."""
        try:
            tried: ChannelSettings | None = None
            while True:
                wanted, run = self._wanted.get(channel), self._runs.get(channel)
                if run is not None and run.settings != wanted:
                    del self._runs[channel]
                    await run.stop()
                elif wanted is None:
                    self._reports.pop(channel, None)
                    return
                elif run is not None or wanted is tried:
                    return
                else:
                    tried = wanted
                    await self._start(wanted)
        finally:
            del self._changes[channel]

    async def _start(self, settings: ChannelSettings) -> None:
        channel = settings.id
        adapter = self._adapters.channel_adapter(settings.kind)
        if adapter is None:
            return
        self._report(settings, ChannelState.STARTING)

        plugin = self._adapters.plugin_of_channel(settings.kind)

        def on_fault(hook: str, error: str, fallback: str) -> None:
            self._adapters.report_fault(plugin, f"channels/{channel} {hook}", error, fallback)

        calls = self._adapters.pure_calls(plugin, f"channels/{channel}", self._edge.clock.wake_at)
        run = AdapterRun(settings, adapter, self._edge, calls, on_fault, lambda reason: self._alarm(settings, reason))
        try:
            await run.start()
        except Exception as error:  # noqa: BLE001  whatever an adapter raises has an answer
            reason = told(error)
            self._report(settings, ChannelState.FAILED, reason)
            _log.warning("channel_not_started", channel=channel, kind=settings.kind, reason=reason)
            return
        self._runs[channel] = run
        self._report(settings, ChannelState.RUNNING)

    def _alarm(self, settings: ChannelSettings, reason: str) -> None:
        if reason:
            _log.error("channel_paused", channel=settings.id, reason=reason)
            plugin = self._adapters.plugin_of_channel(settings.kind)
            self._adapters.report_fault(plugin, f"channels/{settings.id} send", reason, "paused the channel")
        else:
            _log.warning("channel_back", channel=settings.id)
        self._report(settings, ChannelState.PAUSED if reason else ChannelState.RUNNING, reason)

    def _report(self, settings: ChannelSettings, state: ChannelState, reason: str = "") -> None:
        self._reports[settings.id] = ChannelReport(
            channel=settings.id, kind=settings.kind, state=state, since=self._edge.clock.now(), reason=reason
        )

    def _as_it_is(self, report: ChannelReport) -> ChannelReport:
        """The report, with what fails meanwhile of a channel that runs."""
        run = self._runs.get(report.channel)
        trouble = None if run is None else run.trouble
        if trouble is None or report.state is not ChannelState.RUNNING:
            return report
        return changed(report, state=ChannelState.FAILING, since=trouble.since, reason=trouble.words)
