"""The composition root: the one module that knows all parts, and the order in which they start and stop.

Start: plugins, journal, views, shard, recovery, channels; only then may a server open its port. Stop is the reverse.
"""

import asyncio
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from random import Random, SystemRandom
from typing import Self

from hookflash.engine.actors import recovery
from hookflash.engine.actors.alarms import Alarms
from hookflash.engine.actors.broadcast import Broadcast
from hookflash.engine.actors.calls import Call, Sealed
from hookflash.engine.actors.cascade import World
from hookflash.engine.actors.clock import Clock, SystemClock
from hookflash.engine.actors.decisions import Decisions
from hookflash.engine.actors.directory import Directory
from hookflash.engine.actors.entity import on_loop
from hookflash.engine.actors.mailbox import Mailroom
from hookflash.engine.actors.matching import Matching
from hookflash.engine.actors.orderings import Orderings
from hookflash.engine.actors.passivation import Passivation
from hookflash.engine.actors.registry import Registry
from hookflash.engine.actors.shard import Archive, Shard
from hookflash.engine.actors.strategies import Strategies
from hookflash.engine.actors.timers import Timers
from hookflash.engine.actors.unattended import Unattended
from hookflash.engine.domain.address import SITE
from hookflash.engine.domain.commands import RecordFault
from hookflash.engine.domain.struct import Struct
from hookflash.engine.domain.values import QueueSettings
from hookflash.engine.edge.adapter_host import AdapterHost
from hookflash.engine.edge.inbox import Inbox
from hookflash.engine.edge.inbox_file import InboxFile
from hookflash.engine.edge.media import MEDIA_DIRECTORY
from hookflash.engine.edge.opening import Opening
from hookflash.engine.edge.parts import Edge
from hookflash.engine.edge.receipt_history import ReceiptHistory
from hookflash.engine.edge.reopening import Reopening
from hookflash.engine.edge.sinks.export import Export
from hookflash.engine.edge.sinks.host import SinkHost
from hookflash.engine.edge.sinks.run import SinkRules
from hookflash.engine.ids import IdMaker
from hookflash.engine.journal.port import Journal, JournalBroken
from hookflash.engine.journal.record import CauseKind
from hookflash.engine.journal.writer import JournalWriter
from hookflash.engine.plugins import PluginFault, PluginHost
from hookflash.engine.plugins import PluginSettings as HostSettings
from hookflash.engine.plugins.orderings import BY_AGE, LoadedOrdering
from hookflash.engine.plugins.questions import Questions
from hookflash.engine.plugins.strategies import LoadedStrategy
from hookflash.engine.settings import Settings
from hookflash.engine.version import engine_version
from hookflash.engine.views.projection import Projection
from hookflash.engine.views.projector import Projector
from hookflash.engine.views.projector_process import ProjectorProcess
from hookflash.engine.views.reads import Reads
from hookflash.engine.views.rebuild import catch_up
from hookflash.engine.views.store import Views
from hookflash.sdk.hooks import EngineFacts
from hookflash.sdk.hosting.breaker import Breaker
from hookflash.sdk.types import QueueId

__all__ = ["Engine", "Threads"]

_STOPPING_S = 30.0
"""How long plugins have when the engine stops."""


class Threads(Struct, frozen=True, kw_only=True):
    """What works beside the loop, by itself on threads: a server has a process for the views, a simulation its loop."""

    writer: Callable[[Journal], JournalWriter] = JournalWriter
    projector: Callable[..., Projector | ProjectorProcess] = Projector


class Engine:
    """One shard with its journal, views, plugins and channels. Made on the loop that it runs on."""

    def __init__(  # noqa: PLR0913  each of these is a part of an engine
        self,
        settings: Settings,
        journal: Journal,
        views: Views,
        plugins: PluginHost,
        *,
        clock: Clock | None = None,
        random: Random | None = None,
        threads: Threads | None = None,
        inbox_file: InboxFile | None = None,
        on_broken: Callable[[JournalBroken], None] | None = None,
    ) -> None:
        """Put the parts together; nothing runs yet. Without a file, what comes in is remembered in memory."""
        on_loop()
        self.settings, self.limits = settings, settings.limits
        self.journal, self.plugins = journal, plugins
        self.clock = clock or SystemClock(journal.tail().at)
        self.started_at = self.clock.now()
        self.random = random or SystemRandom()
        self._loop = asyncio.get_running_loop()
        self._threads = threads or Threads()
        self.violations = catch_up(journal, views, request_id_kept_s=self.limits.request_id_kept_s)
        self._views, self.views = views, Reads(views)
        self.projector = self._threads.projector(
            views, request_id_kept_s=self.limits.request_id_kept_s, on_violation=self.violations.append
        )
        self.shard = self._make_shard(on_broken or (lambda _error: None))
        self._strategies = Strategies(self.shard, plugins)
        self.questions = Questions.to(plugins, self.limits, self.clock.now, self.clock.wake_at)
        self._unattended = Unattended(self.shard, self.questions.hooks)
        self._orderings = Orderings(self.shard, plugins)
        self._alarms = Alarms(self.shard, self._strategies.end_decision, self._unattended.ask)
        self._passivation = Passivation(self.shard)
        self.ids = IdMaker(self.clock, self.random)
        self.inbox_file = inbox_file or InboxFile(None)
        self.opening = Opening(self.shard.facts, self.questions.hooks, self.questions.hours, self.shard.matching.stats)
        self._reopening = Reopening(self.shard, self.opening, self.questions.hours)
        edge = self._make_edge()
        self.inbox, self.outbox, self.echoes = edge.inbox, edge.outbox, edge.echoes
        self.receipts, self.media, self.signs, self.aliases = edge.receipts, edge.media, edge.signs, edge.aliases
        self.receipt_history = ReceiptHistory(journal, self.shard, self.receipts)
        self.adapters = AdapterHost(edge, plugins)
        self.sign_readers, self.uploads = edge.sign_readers, edge.uploads
        self.signs.serve(self.adapters, self.sign_readers)
        self.sinks = self._make_sinks()

    @classmethod
    def assemble(
        cls,
        settings: Settings,
        journal: Journal,
        views: Views,
        *,
        clock: Clock | None = None,
        threads: Threads | None = None,
        inbox_file: InboxFile | None = None,
        on_broken: Callable[[JournalBroken], None] | None = None,
    ) -> Self:
        """An engine with the plugins that its settings name; a plugin's fault becomes a record."""
        clock = clock or SystemClock(journal.tail().at)
        made: list[Self] = []

        def record_fault(fault: PluginFault) -> None:
            for engine in made:
                engine.record_fault(fault)

        plugins = PluginHost.load(_host_settings(settings), clock.now, record_fault)
        engine = cls(
            settings,
            journal,
            views,
            plugins,
            clock=clock,
            threads=threads,
            inbox_file=inbox_file,
            on_broken=on_broken,
        )
        made.append(engine)
        return engine

    @property
    def uptime(self) -> float:
        """Seconds since the start."""
        return self.clock.now() - self.started_at

    async def start(self) -> None:
        """Recover: afterwards the shard goes on where it stopped."""
        recovery.load(self.shard, self.views.live_snapshots(), self.views.keys())
        self.outbox.restore(self.views.unsettled_deliveries())
        broadcast = Broadcast(self.plugins)
        await self.sinks.start()
        for listener in (
            self._project,
            self.outbox.follow,
            self.adapters.follow,
            self.signs.reads.follow,
            self._unattended.follow,
            self._orderings.follow,
            self._reopening.follow,
            self.sinks.follow,
            broadcast.follow,
        ):
            self.shard.subscribe(listener)
        self.projector.on_progress(self._on_progress)
        await recovery.resume(self.shard, self._alarms, self.journal.epoch)
        self._orderings.start()
        channels = tuple(self.shard.facts.channels())
        facts = EngineFacts(version=engine_version(), shards=("main",), channels=channels)
        await asyncio.to_thread(self.plugins.engine_started, facts)
        await self.questions.hours.start()
        self._reopening.look()
        await self.adapters.start()
        self.receipt_history.start()

    async def stop(self) -> None:
        """Let what was accepted become durable and shown, then end every thread."""
        await asyncio.to_thread(self.plugins.engine_stopping, "stop", self.clock.now() + _STOPPING_S)
        await self.adapters.stop()
        await self.questions.hours.stop()
        await self._reopening.stop()
        await self.sinks.stop()
        await self.receipt_history.stop()
        await self.receipts.stop()
        self._alarms.stop()
        self._unattended.stop()
        self._orderings.stop()
        await self.shard.stop()
        await asyncio.to_thread(self.plugins.stop)
        await asyncio.to_thread(self.projector.stop)
        await asyncio.to_thread(self.inbox_file.close)
        self._views.close()
        self.journal.close()

    async def until_shown(self, position: int, timeout_s: float = 2.0) -> bool:
        """Wait until the views show a position: a read must see its own write."""
        if self.projector.watermark >= position:
            return True
        return await asyncio.to_thread(self.projector.wait_for, position, timeout_s)

    def record_fault(self, fault: PluginFault) -> None:
        """Record what went wrong in a plugin; called from any thread."""
        command = RecordFault(plugin=fault.plugin, hook=fault.hook, error=fault.error, fallback=fault.fallback)

        def record() -> None:
            done = asyncio.ensure_future(self.shard.submit(SITE, command, Call(cause=CauseKind.PLUGIN)))
            done.add_done_callback(lambda future: future.cancelled() or future.exception())

        with suppress(RuntimeError):  # The loop is closed.
            self._loop.call_soon_threadsafe(record)

    def _make_shard(self, on_broken: Callable[[JournalBroken], None]) -> Shard:
        self._missing: set[str] = set()
        registry, mailroom = Registry(), Mailroom()
        directory = Directory(registry, self.plugins, mailroom.post)
        matching = Matching(self._strategy_of, self.plugins.report_fault, self._ordering_of, self._order_breaker)
        archive = Archive(
            snapshot=self.views.snapshot,
            position_of_key=self.views.position_of_key,
            record=self.journal.record,
            lag=lambda: self.projector.lag,
            watermark=lambda: self.projector.watermark,
        )
        shard = Shard(
            world=World(directory, registry, Timers(), matching, Decisions(directory, matching, self.plugins)),
            journal=self.journal,
            writer=self._threads.writer(self.journal),
            archive=archive,
            clock=self.clock,
            limits=self.limits,
            catalogue=self.settings.catalogue.translated(self.plugins.texts),
            on_broken=on_broken,
        )
        mailroom.open(shard)
        return shard

    def _make_sinks(self) -> SinkHost:
        return SinkHost(
            self.journal,
            self.plugins.sinks,
            self.settings.data,
            clock=self.clock.now,
            random=self.random,
            on_fault=self.plugins.report_fault,
            rules=SinkRules(allow_private=self.settings.http.allow_private),
            export=Export(self.questions.filters),
        )

    def _make_edge(self) -> Edge:
        return Edge.around(
            Inbox(self.shard, self.ids, self.clock, self.limits, filters=self.questions.filters, opening=self.opening),
            shard=self.shard,
            ids=self.ids,
            clock=self.clock,
            random=self.random,
            limits=self.limits,
            http=self.settings.http,
            file=self.inbox_file,
            media_directory=self.settings.data / MEDIA_DIRECTORY,
        )

    def _project(self, group: Sequence[Sealed]) -> None:
        self.projector.feed([Projection(sealed.record, sealed.states) for sealed in group])

    def _on_progress(self, watermark: int) -> None:
        with suppress(RuntimeError):  # The loop is closed.
            self._loop.call_soon_threadsafe(self._passivation.sweep, watermark)

    def _strategy_of(self, settings: QueueSettings) -> LoadedStrategy:
        """The queue's strategy; where its plugin is missing the default orders, and everybody is told so (R-Q8)."""
        found = self.plugins.strategy(settings.strategy)
        if found is None:
            self._report_missing(f"strategy {settings.strategy}", self.plugins.fallback.name)
        return found or self.plugins.fallback

    def _ordering_of(self, settings: QueueSettings) -> LoadedOrdering | None:
        """The queue's ordering; where its plugin is missing priority and age order, and everybody is told so."""
        found = self.plugins.ordering(settings.ordering) if settings.ordering else None
        if found is None and settings.ordering:
            self._report_missing(f"ordering {settings.ordering}", BY_AGE)
        return found

    def _order_breaker(self, strategy: LoadedStrategy, queue: QueueId) -> Breaker:
        return self.plugins.guard.new_breaker(strategy.plugin, f"strategy {strategy.name} in queues/{queue}")

    def _report_missing(self, what: str, fallback: str) -> None:
        """Tell it once, however many queues name it."""
        if what not in self._missing:
            self._missing.add(what)
            self.plugins.report_fault("", what, "no plugin has it", fallback)


def _host_settings(settings: Settings) -> HostSettings:
    """What the plugins' host is told: the tables, with what the engine itself reads of them."""
    given = settings.plugins
    names = {*given.tables, *given.disabled, *given.sha256}
    tables: dict[str, dict[str, object]] = {name: dict(given.tables.get(name, {})) for name in names}
    for name in given.disabled:
        tables[name]["enabled"] = False
    for name, digest in given.sha256.items():
        tables[name]["sha256"] = digest
    return HostSettings(
        allow=None if given.allow is None else frozenset(given.allow),
        plugins_dir=given.plugins_dir,
        tables=tables,
        is_strict=given.is_strict,
        is_traced=os.environ.get("HOOKFLASH_TRACE_PLUGINS") == "1",
    )
