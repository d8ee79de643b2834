"""The registry a plugin is handed while it loads: what it takes counts only when the whole plugin was taken.

Everything is checked here, at registration, so that nothing is found wrong in the middle of a conversation.
"""

import inspect
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, is_dataclass
from typing import TypeVar, final

import click

from hookflash.engine.domain.notices import Catalogue, TextError
from hookflash.engine.plugins.facts import SettingsJudge
from hookflash.sdk.auth import Authenticator
from hookflash.sdk.channel import Capabilities, ChannelAdapter
from hookflash.sdk.config import DataclassLike, fill
from hookflash.sdk.filters import FilterStage, TextFilter
from hookflash.sdk.hours import HoursProvider
from hookflash.sdk.registry import RegistryError
from hookflash.sdk.routing import QueueOrdering, RoutingStrategy
from hookflash.sdk.sinks import Audience, EventSink

__all__ = ["Registered", "StagingRegistry"]

ConfigT = TypeVar("ConfigT", bound=DataclassLike)

NAME = re.compile(r"[a-z][a-z0-9_-]{0,49}")
CALENDARS_MAX = 1_000
LOCALE = re.compile(r"[a-z]{2,3}(-[A-Z]{2})?")


@final
@dataclass(slots=True)
class Registered:
    """What one plugin, or all of them together, registered: by kind, by name, and filters and commands in a row.

    `isolated_channels` are the kinds of adapters of which this process has no class: they run in one of their own.
    """

    channels: dict[str, type[ChannelAdapter]] = field(default_factory=dict)
    strategies: dict[str, RoutingStrategy] = field(default_factory=dict)
    orderings: dict[str, QueueOrdering] = field(default_factory=dict)
    sinks: dict[str, EventSink] = field(default_factory=dict)
    authenticators: dict[str, Authenticator] = field(default_factory=dict)
    hours: dict[str, HoursProvider] = field(default_factory=dict)
    calendars: dict[str, HoursProvider] = field(default_factory=dict)
    filters: list[tuple[FilterStage, TextFilter]] = field(default_factory=list)
    texts: dict[str, dict[str, str]] = field(default_factory=dict)
    commands: list[click.Command] = field(default_factory=list)
    isolated_channels: dict[str, SettingsJudge] = field(default_factory=dict)

    def objects(self) -> tuple[str, ...]:
        """What there is, in words for an admin: the sort of thing and its name."""
        named: Mapping[str, Collection[str]] = {
            "channel": (*self.channels, *self.isolated_channels),
            "strategy": self.strategies,
            "ordering": self.orderings,
            "sink": self.sinks,
            "authenticator": self.authenticators,
            "hours": self.hours,
            "texts": self.texts,
            "command": [command.name or "" for command in self.commands],
        }
        filters = [f"filter {each.name} ({stage})" for stage, each in self.filters]
        return (*(f"{sort} {name}" for sort, names in named.items() for name in names), *filters)

    def names(self) -> frozenset[tuple[str, str]]:
        """What is taken: the sort of thing and its name."""
        by_name: Mapping[str, Collection[str]] = {
            "adapter of kind": (*self.channels, *self.isolated_channels),
            "strategy": self.strategies,
            "ordering": self.orderings,
            "sink": self.sinks,
            "authenticator": self.authenticators,
            "provider of hours": self.hours,
            "calendar": self.calendars,
        }
        return frozenset((sort, name) for sort, names in by_name.items() for name in names)


@final
class StagingRegistry:
    """One plugin's registry; `settings` are its own, `taken` what others have registered (`Registered.names`).

    `is_agents_granted`: an admin lets this plugin's sinks hear all that agents hear.
    """

    def __init__(
        self, settings: Mapping[str, object], *, taken: Collection[tuple[str, str]], is_agents_granted: bool = False
    ) -> None:
        self._is_agents_granted = is_agents_granted
        self.registered = Registered()
        self.has_read_config = False
        self._settings = settings
        self._taken = taken

    def channel(self, adapter: type[ChannelAdapter]) -> None:
        """Take an adapter class under its kind."""
        if not (inspect.isclass(adapter) and issubclass(adapter, ChannelAdapter)):
            raise RegistryError(f"{adapter!r} is no subclass of ChannelAdapter")
        title = adapter.__name__
        kind = _name(getattr(adapter, "kind", None), f"{title}.kind")
        if missing := ", ".join(sorted(adapter.__abstractmethods__)):
            raise RegistryError(f"the adapter {title} does not say how to {missing}")
        if not inspect.iscoroutinefunction(adapter.send):
            raise RegistryError(f"{title}.send must be `async def`")
        _require_dataclass(adapter.Config, f"{title}.Config")
        if not isinstance(adapter.capabilities, Capabilities):
            raise RegistryError(f"{title}.capabilities must be a Capabilities")
        self._require_free("adapter of kind", kind)
        self.registered.channels[kind] = adapter

    def strategy(self, strategy: type[RoutingStrategy]) -> None:
        """Take a strategy class under its name, and make the one object of it."""
        if not inspect.isclass(strategy):
            raise RegistryError(f"{strategy!r} is no class: register the strategy's class, not an object of it")
        title = strategy.__name__
        name = _name(getattr(strategy, "name", None), f"{title}.name")
        _require_plain(strategy, title, "order")
        if hasattr(strategy, "select"):
            _require_plain(strategy, title, "select")
        options: object = getattr(strategy, "Options", None)
        if options is not None:
            _require_dataclass(options, f"{title}.Options")
        self._require_free("strategy", name)
        self.registered.strategies[name] = strategy()

    def ordering(self, ordering: type[QueueOrdering]) -> None:
        """Take an ordering class under its name, and make the one object of it."""
        if not inspect.isclass(ordering):
            raise RegistryError(f"{ordering!r} is no class: register the ordering's class, not an object of it")
        title = ordering.__name__
        name = _name(getattr(ordering, "name", None), f"{title}.name")
        _require_plain(ordering, title, "key")
        self._require_free("ordering", name)
        self.registered.orderings[name] = ordering()

    def sink(self, sink: EventSink) -> None:
        """Take a sink under its name."""
        name = self._object("sink", sink)
        _require_async(sink, "deliver")
        if not isinstance(getattr(sink, "audience", None), Audience):
            raise RegistryError(f"the sink {name!r} must say its audience: CUSTOMER or AGENTS")
        if sink.audience is Audience.AGENTS and not self._is_agents_granted:
            hint = "an admin allows it with grant_agents = true in the plugin's own table"
            raise RegistryError(f"the sink {name!r} hears whispers and notes, which is not granted; {hint}")
        self.registered.sinks[name] = sink

    def authenticator(self, authenticator: Authenticator) -> None:
        """Take an authenticator under its name."""
        name = self._object("authenticator", authenticator)
        _require_async(authenticator, "authenticate")
        self.registered.authenticators[name] = authenticator

    def filter(self, filter_: TextFilter, *, stage: str) -> None:
        """Take a filter for a stage."""
        _name(getattr(filter_, "name", None), f"{type(filter_).__name__}.name")
        _require_plain(filter_, type(filter_).__name__, "apply")
        if stage not in list(FilterStage):
            raise RegistryError(f"a filter's stage is one of {', '.join(FilterStage)}, not {stage!r}")
        self.registered.filters.append((FilterStage(stage), filter_))

    def hours(self, hours: HoursProvider) -> None:
        """Take a provider of opening hours under its name."""
        name = self._object("provider of hours", hours)
        for method in ("calendars", "state"):
            _require_plain(hours, type(hours).__name__, method)
        calendars: object = hours.calendars()
        if not isinstance(calendars, tuple) or len(calendars) > CALENDARS_MAX:
            raise RegistryError(
                f"{type(hours).__name__}.calendars must give a tuple of at most {CALENDARS_MAX:,} names"
            )
        for calendar in calendars:
            self._require_free("calendar", _name(calendar, "a calendar's name"))
            self.registered.calendars[calendar] = hours
        self.registered.hours[name] = hours

    def texts(self, locale: str, catalogue: Mapping[str, str]) -> None:
        """Take notice texts for a locale."""
        if not LOCALE.fullmatch(locale):
            raise RegistryError(f"a locale reads like de or de-AT, not {locale!r}")
        if any(type(key) is not str or type(text) is not str for key, text in catalogue.items()):
            raise RegistryError(f"the texts for {locale} must be strings under stable keys")
        try:
            Catalogue().translated({locale: catalogue})
        except TextError as error:
            raise RegistryError(f"texts for {error}") from error
        self.registered.texts.setdefault(locale, {}).update(catalogue)

    def command(self, command: click.Command) -> None:
        """Take a command."""
        if not isinstance(command, click.Command) or not command.name:
            raise RegistryError(f"{command!r} is no click command with a name")
        self.registered.commands.append(command)

    def config(self, config: type[ConfigT]) -> ConfigT:
        """Fill the plugin's Config from its table."""
        self.has_read_config = True
        return fill(config, self._settings)

    def refuse_unread_settings(self) -> None:
        """Refuse settings that the plugin never asked for: they would be obeyed by nobody."""
        if self._settings and not self.has_read_config:
            raise RegistryError(f"the plugin takes no settings, but was given: {', '.join(sorted(self._settings))}")

    def _object(self, sort: str, given: object) -> str:
        if inspect.isclass(given):
            raise RegistryError(f"{given.__name__} is a class: register the {sort} itself, made of its settings")
        name = _name(getattr(given, "name", None), f"{type(given).__name__}.name")
        self._require_free(sort, name)
        return name

    def _require_free(self, sort: str, name: str) -> None:
        if (sort, name) in self._taken or (sort, name) in self.registered.names():
            article = "an" if sort[0] in "aeo" else "a"
            raise RegistryError(f"there is already {article} {sort} {name!r}")


def _name(given: object, title: str) -> str:
    if not isinstance(given, str) or not NAME.fullmatch(given):
        raise RegistryError(f"{title} must be lower-case letters, digits, - and _, at most 50, not {given!r}")
    return given


def _require_dataclass(given: object, title: str) -> None:
    if not (inspect.isclass(given) and is_dataclass(given)):
        raise RegistryError(f"{title} must be a dataclass")


def _require_plain(owner: object, title: str, method: str) -> None:
    found: Callable[..., object] | None = getattr(owner, method, None)
    if not callable(found) or inspect.iscoroutinefunction(found) or inspect.isgeneratorfunction(found):
        raise RegistryError(f"{title}.{method} must be a plain method, neither async nor a generator")


def _require_async(owner: object, method: str) -> None:
    if not inspect.iscoroutinefunction(getattr(owner, method, None)):
        raise RegistryError(f"{type(owner).__name__}.{method} must be `async def`")
