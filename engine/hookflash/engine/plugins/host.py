"""The engine's side of all plugins: loads them, calls their hooks under a guard, and asks their strategies.

One plugin that raises, blocks or answers nonsense costs its own call and nothing else. Every fault is counted, told to
`on_fault` and shown in `plugins`.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import EntryPoint
from typing import Self, final

import structlog

from hookflash.engine.domain.struct import Struct, changed
from hookflash.engine.plugins.collected import authenticators_in, isolated_adapters_in, sinks_in
from hookflash.engine.plugins.facts import (
    Answer,
    IsolatedAdapter,
    LoadedAuthenticator,
    LoadedPlugin,
    LoadedSink,
    PluginFault,
    PluginSettings,
    PluginsNotLoadedError,
    PluginState,
)
from hookflash.engine.plugins.guard import Guard
from hookflash.engine.plugins.isolated.loading import load_isolated
from hookflash.engine.plugins.isolated.process import PluginProcess
from hookflash.engine.plugins.loading import START_FAILED_S, START_WARNED_S, Verdict, is_isolated, load
from hookflash.engine.plugins.observer import Observer
from hookflash.engine.plugins.orderings import LoadedOrdering
from hookflash.engine.plugins.plugin_hooks import PluginHooks
from hookflash.engine.plugins.policy_hooks import Implementation
from hookflash.engine.plugins.sources import Source, installed_sources, sources_in
from hookflash.engine.plugins.staging import Registered
from hookflash.engine.plugins.strategies import FALLBACK, LoadedStrategy
from hookflash.engine.plugins.terms import terms_of
from hookflash.sdk.channel import ChannelAdapter
from hookflash.sdk.filters import FilterStage, TextFilter
from hookflash.sdk.hooks import EngineFacts, EventHeader
from hookflash.sdk.hosting.asking import Asking, AskingThread, Reply
from hookflash.sdk.hosting.breaker import Breaker
from hookflash.sdk.hosting.calls import BREAKER_OPEN, PureCalls, WakeAt
from hookflash.sdk.hours import HoursProvider
from hookflash.sdk.routing import AgentView, Candidates, InviteView, QueueView, RoutingContext

__all__ = ["PluginHost"]

STARTED = "hookflash_engine_started"
STOPPING = "hookflash_engine_stopping"
EVENT = "hookflash_event"
FATAL = (KeyboardInterrupt, SystemExit)

_log = structlog.get_logger("hookflash.plugins")


@final
class PluginHost:
    """All plugins of one engine; `clock` gives seconds, `on_fault` may be called from any thread."""

    def __init__(
        self,
        settings: PluginSettings,
        clock: Callable[[], float],
        on_fault: Callable[[PluginFault], None] | None = None,
        *,
        thread_of: Callable[[str, Callable[[], float]], AskingThread] = AskingThread,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self.guard = Guard(clock, on_fault, thread_of=thread_of)
        self._manager = PluginHooks()
        self._plugins: list[LoadedPlugin] = []
        self._processes: list[PluginProcess] = []
        self._registered: dict[str, Registered] = {}
        self._strategies: dict[str, LoadedStrategy] = {}
        self._channels: dict[str, type[ChannelAdapter]] = {}
        self._observer = Observer(self._deliver_event)

    @classmethod
    def load(
        cls,
        settings: PluginSettings,
        clock: Callable[[], float],
        on_fault: Callable[[PluginFault], None] | None = None,
        *,
        installed: Iterable[EntryPoint] | None = None,
        thread_of: Callable[[str, Callable[[], float]], AskingThread] = AskingThread,
    ) -> Self:
        """Load every plugin there is; `installed` stands for this environment's entry points.

        `thread_of` makes what a plugin's strategies are asked on, from its name and a clock.

        Raises PluginsNotLoadedError in strict settings only, when one is neither loaded nor disabled.
        """
        host = cls(settings, clock, on_fault, thread_of=thread_of)
        sources = installed_sources(installed)
        if settings.plugins_dir is not None:
            sources += sources_in(settings.plugins_dir)
        for source in sources:
            host._take(source)
        host._name_the_missing({source.name for source in sources})
        broken = tuple(p for p in host.plugins if p.state in (PluginState.INCOMPATIBLE, PluginState.FAILED))
        if settings.is_strict and broken:
            raise PluginsNotLoadedError(broken)
        return host

    @property
    def plugins(self) -> Sequence[LoadedPlugin]:
        """Every plugin found, with its state, reason, faults and breaker as they are now."""
        faults: Counter[str] = Counter()
        for (plugin, _), count in self.guard.faults.items():
            faults[plugin] += count
        open_ = self.guard.open_breakers

        def now(plugin: LoadedPlugin) -> LoadedPlugin:
            kept_back = tuple(sorted(what for name, what in open_ if name == plugin.name))
            return changed(plugin, faults=faults[plugin.name], is_open=bool(kept_back), kept_back=kept_back)

        return tuple(now(plugin) if plugin.state is PluginState.LOADED else plugin for plugin in self._plugins)

    @property
    def events_dropped(self) -> int:
        """How many events the watching plugins missed because they were too slow."""
        return self._observer.dropped

    @property
    def strategy_names(self) -> tuple[str, ...]:
        """The names a queue may use."""
        return tuple(sorted(self._strategies))

    @property
    def fallback(self) -> LoadedStrategy:
        """The order that decides when a queue's own strategy cannot (R-Q8); needs no plugin."""
        return FALLBACK

    @property
    def sinks(self) -> tuple[LoadedSink, ...]:
        """The event sinks of all plugins."""
        return sinks_in(self._settings, self._registered)

    @property
    def authenticators(self) -> tuple[LoadedAuthenticator, ...]:
        """The authenticators of all plugins, in the order of registration."""
        return authenticators_in(self._settings, self._registered, self._plugins)

    def strategy(self, name: str) -> LoadedStrategy | None:
        """Give a strategy by name; None if no loaded plugin has it."""
        return self._strategies.get(name)

    def ordering(self, name: str) -> LoadedOrdering | None:
        """Give an ordering by name; None if no loaded plugin has it."""
        for plugin in self._plugins:
            registered = self._registered.get(plugin.name)
            if registered is not None and (found := registered.orderings.get(name)) is not None:
                return LoadedOrdering(name=name, plugin=plugin.name, is_bundled=plugin.is_bundled, ordering=found)
        return None

    def channel_adapter(self, kind: str) -> type[ChannelAdapter] | None:
        """Give the adapter class for a kind of channel; None if no loaded plugin has it."""
        return self._channels.get(kind)

    @property
    def isolated_adapters(self) -> tuple[IsolatedAdapter, ...]:
        """The kinds of adapters that run in processes of their own."""
        return isolated_adapters_in(self._settings, self._registered)

    @property
    def calendars(self) -> Mapping[str, tuple[str, HoursProvider]]:
        """Every calendar with the plugin that knows its hours, and its provider."""
        return {
            calendar: (plugin, provider)
            for plugin, registered in self._registered.items()
            for calendar, provider in registered.calendars.items()
        }

    @property
    def texts(self) -> Mapping[str, Mapping[str, str]]:
        """The notice texts of all plugins by locale; of two for the same key that of the later plugin stands."""
        merged: dict[str, dict[str, str]] = {}
        for registered in self._registered.values():
            for locale, texts in registered.texts.items():
                merged.setdefault(locale, {}).update(texts)
        return merged

    def implements(self, hook: str) -> bool:
        """Whether a plugin implements that hook."""
        return bool(getattr(self._manager.hook, hook).get_hookimpls())

    def implementations(self, hook: str) -> tuple[Implementation, ...]:
        """Give a hook's implementations in the order in which they are asked: the plugin loaded last comes first."""
        # pluggy's list is in registration order, its call order the reverse.
        return tuple(
            Implementation(plugin=each.plugin_name, function=each.function, arguments=tuple(each.argnames))
            for each in reversed(getattr(self._manager.hook, hook).get_hookimpls())
        )

    def filters(self, stage: FilterStage) -> tuple[tuple[str, TextFilter], ...]:
        """Give the text filters of a stage with their plugins' names, in the order of registration."""
        return tuple(
            (plugin, each)
            for plugin, registered in self._registered.items()
            for of_stage, each in registered.filters
            if of_stage is stage
        )

    def plugin_of_channel(self, kind: str) -> str:
        """Name the plugin that has the adapter of that kind; the kind itself where none has."""
        return next((name for name, found in self._registered.items() if kind in found.channels), kind)

    def pure_calls(self, plugin: str, what: str, wake_at: WakeAt) -> PureCalls:
        """Give what the PURE calls of one object of a plugin are made with; `what` names it, as `filter pii` does."""
        is_bundled = any(each.is_bundled for each in self._plugins if each.name == plugin)
        return PureCalls(
            breaker=self.guard.breaker(plugin, what),
            thread=None if is_bundled else lambda: self.guard.thread(plugin),
            clock=self._clock,
            wake_at=wake_at,
            report=lambda hook, fault, fallback: self.report_fault(plugin, f"{what} {hook}".rstrip(), fault, fallback),
            count_slow=lambda hook: self.guard.count_slow(plugin, f"{what} {hook}".rstrip()),
        )

    def engine_started(self, facts: EngineFacts) -> None:
        """Tell every plugin that the engine is up."""
        self._broadcast(STARTED, {"engine": facts}, START_FAILED_S, FATAL)

    def engine_stopping(self, reason: str, deadline: float) -> None:
        """Tell every plugin that the engine stops."""
        self._broadcast(STOPPING, {"reason": reason, "deadline": deadline}, START_FAILED_S, FATAL)

    @property
    def has_watchers(self) -> bool:
        """Whether any plugin wants to be shown events at all."""
        return self.implements(EVENT)

    def publish(self, event: EventHeader) -> None:
        """Show an event to the plugins that watch, on their own thread; never waits."""
        if self.has_watchers:
            self._observer.put(event)

    def ask(
        self,
        strategy: LoadedStrategy,
        invite: InviteView,
        queue: QueueView,
        candidates: Sequence[AgentView],
        context: RoutingContext,
        on_answer: Callable[[Answer], None],
    ) -> Asking[Answer]:
        """Ask a strategy on its plugin's thread; `on_answer` is called once, from there or before this returns.

        The caller's timer calls `give_up` on what this returns when BUDGET_S (50 ms) are over.
        """
        breaker = self.guard.breaker(strategy.plugin, strategy.what)
        asking = Asking(
            lambda: strategy.choose(invite, queue, candidates, context),
            breaker,
            lambda reply: on_answer(reply.value or Answer(fault=reply.fault)),
            lambda error: self.report_fault(strategy.plugin, strategy.what, error, FALLBACK.name),
        )
        if breaker.admit():
            self.guard.thread(strategy.plugin).ask(asking)
        else:
            asking.answer(Reply(fault=BREAKER_OPEN))
        return asking

    def decide(
        self, strategy: LoadedStrategy, invite: InviteView, candidates: Candidates, context: RoutingContext
    ) -> Answer:
        """Ask a bundled strategy at once, in the turn; a fault of it is counted and is the answer."""
        what = strategy.what
        breaker = self.guard.breaker(strategy.plugin, what)
        if not breaker.admit():
            return Answer(fault=BREAKER_OPEN)
        try:
            answer = self.guard.timed(strategy.plugin, what, strategy.decide, invite, candidates, context)
        except BaseException as error:  # noqa: BLE001 - whatever a plugin raises, the turn goes on
            fault = f"{type(error).__name__}: {error}"
            breaker.failed()
            self.report_fault(strategy.plugin, what, fault, FALLBACK.name)
            return Answer(fault=fault)
        breaker.succeeded()
        return answer

    def report_fault(self, plugin: str, hook: str, error: str, fallback: str) -> None:
        """Count and tell a fault, also one that the engine found itself (a stranger named, a strategy missing)."""
        self.guard.report(plugin, hook, error, fallback)

    def wait_until_idle(self, timeout_s: float) -> bool:
        """Wait until no event is left to show and no question is open; False if that lasts longer."""
        return self._observer.wait_until_idle(timeout_s) and self.guard.wait_until_idle(timeout_s)

    def stop(self, timeout_s: float = 5.0) -> None:
        """End the threads; a plugin that does not return in time is left behind."""
        self._observer.stop(timeout_s)
        for process in self._processes:
            process.stop()
        self.guard.stop(timeout_s)

    def _take(self, source: Source) -> None:
        taken = frozenset(name for registered in self._registered.values() for name in registered.names())
        verdict = self._verdict(source, taken)
        if verdict.registered is not None:
            self._registered[source.name] = verdict.registered
            self._channels |= verdict.registered.channels
            for name, strategy in verdict.registered.strategies.items():
                self._strategies[name] = LoadedStrategy(
                    name=name, plugin=source.name, is_bundled=source.is_bundled, strategy=strategy
                )
        self._plugins.append(
            LoadedPlugin(
                name=source.name,
                version=source.version,
                state=verdict.state,
                reason=verdict.reason,
                traceback=verdict.traceback,
                is_bundled=source.is_bundled,
                objects=() if verdict.registered is None else (*verdict.registered.objects(), *verdict.hooks),
            )
        )
        if verdict.state in (PluginState.INCOMPATIBLE, PluginState.FAILED):
            _log.warning("plugin_not_loaded", plugin=source.name, state=str(verdict.state), reason=verdict.reason)

    def _verdict(self, source: Source, taken: frozenset[tuple[str, str]]) -> Verdict:
        if not is_isolated(source, self._settings):
            return load(source, self._settings, self._manager, self._clock, taken=taken)
        verdict, process = load_isolated(
            source, self._settings, terms_of(self._settings.tables[source.name]), taken=taken
        )
        if process is not None:
            self._processes.append(process)
        return verdict

    def _name_the_missing(self, found: set[str]) -> None:
        """List what an admin asked for and is not installed: silence would look like success."""
        asked = {name for name, table in self._settings.tables.items() if table.get("enabled", True) is not False}
        for name in sorted((asked | (self._settings.allow or frozenset())) - found):
            reason = "no plugin of this name is installed"
            self._plugins.append(LoadedPlugin(name=name, version="", state=PluginState.FAILED, reason=reason))

    def _deliver_event(self, event: EventHeader) -> None:
        # On the observer's thread an exit would end the watching and nothing else: there it is a fault like any.
        self._broadcast(EVENT, {"event": event}, failed_s=None, fatal=())

    def _broadcast(
        self,
        hook: str,
        arguments: dict[str, object],
        failed_s: float | None,
        fatal: tuple[type[BaseException], ...],
    ) -> None:
        # pluggy would stop at the first that raises.
        for implementation in self.implementations(hook):
            call = _HookCall(implementation.plugin, hook)
            breaker = self.guard.breaker(call.plugin, hook)
            if not breaker.admit():
                continue
            began = self._clock()
            fault: str | None = None
            try:
                implementation.call(arguments)
            except fatal:
                breaker.withdrawn()
                raise
            except BaseException as error:  # noqa: BLE001 - its neighbours are still to be called
                fault = f"{type(error).__name__}: {error}"
            self._judge(call, breaker, fault, self._clock() - began, failed_s)

    def _judge(
        self, call: "_HookCall", breaker: Breaker, fault: str | None, took_s: float, failed_s: float | None
    ) -> None:
        if self._settings.is_traced:
            _log.info("plugin_called", plugin=call.plugin, hook=call.hook, took_s=round(took_s, 6), fault=fault)
        if failed_s is not None and fault is None:
            if took_s > failed_s:
                fault = f"took {took_s:.0f} s, {failed_s:.0f} s are allowed"
            elif took_s > START_WARNED_S:
                _log.warning("plugin_slow", plugin=call.plugin, hook=call.hook, took_s=round(took_s, 1))
        if fault is None:
            breaker.succeeded()
            return
        breaker.failed()
        self.report_fault(call.plugin, call.hook, fault, "none")


class _HookCall(Struct, frozen=True):
    plugin: str
    hook: str
