"""What an installed plugin registers, outside of an engine: taken as it comes, and judged by whoever asks.

The engine has a registry of its own, which checks everything; this one is for looking into one plugin.
"""

import sys
from collections.abc import Mapping
from importlib.metadata import EntryPoint
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, TypeVar, final

from hookflash.sdk.auth import Authenticator
from hookflash.sdk.channel import ChannelAdapter
from hookflash.sdk.config import DataclassLike, fill
from hookflash.sdk.filters import TextFilter
from hookflash.sdk.hours import HoursProvider
from hookflash.sdk.routing import QueueOrdering, RoutingStrategy
from hookflash.sdk.sinks import EventSink

if TYPE_CHECKING:
    import click

__all__ = ["GROUP", "Registered", "import_file", "registered_by", "registered_in"]

GROUP = "hookflash.plugins"
"""The group of entry points that plugins are found by."""

ConfigT = TypeVar("ConfigT", bound=DataclassLike)


def registered_by(point: EntryPoint) -> "Registered":
    """Load a plugin and let it register itself, with the settings that it has by itself; raises what it raises."""
    found = point.load()
    return _registered(found() if isinstance(found, type) else found)


def registered_in(file: Path) -> "Registered":
    """Load the plugin that one file is, and let it register itself; raises what it raises."""
    return _registered(import_file(f"hookflash_plugins_dir_{file.stem}", file))


def import_file(name: str, file: Path) -> ModuleType:
    """Import a file as a module of that name; whatever it raises comes through, and what is half imported is forgotten.

    Raises ImportError where it is no file of Python.
    """
    spec = spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} cannot be imported")
    module = module_from_spec(spec)
    # Dataclasses look their module up while it is still being run.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


def _registered(plugin: object) -> "Registered":
    registered = Registered()
    if hasattr(plugin, "hookflash_register"):  # Else it has other hooks only.
        plugin.hookflash_register(registered)
    return registered


@final
class Registered:
    """A registry that keeps what others look at (adapters, strategies, filters, commands) and takes the rest."""

    def __init__(self) -> None:
        """Nothing is registered yet."""
        self.channels: list[type[ChannelAdapter]] = []
        self.strategies: list[type[RoutingStrategy]] = []
        self.filters: list[TextFilter] = []
        self.commands: list[click.Command] = []

    def channel(self, adapter: type[ChannelAdapter]) -> None:
        """Keep an adapter."""
        self.channels.append(adapter)

    def strategy(self, strategy: type[RoutingStrategy]) -> None:
        """Keep a strategy."""
        self.strategies.append(strategy)

    def filter(self, filter_: TextFilter, *, stage: str) -> None:  # noqa: ARG002 - one filter is the same at every stage
        """Keep a filter, once."""
        if filter_ not in self.filters:
            self.filters.append(filter_)

    def command(self, command: "click.Command") -> None:
        """Keep a command."""
        self.commands.append(command)

    def ordering(self, ordering: type[QueueOrdering]) -> None:
        """Take an ordering."""

    def sink(self, sink: EventSink) -> None:
        """Take a sink."""

    def authenticator(self, authenticator: Authenticator) -> None:
        """Take an authenticator."""

    def hours(self, hours: HoursProvider) -> None:
        """Take a provider of hours."""

    def texts(self, locale: str, catalogue: Mapping[str, str]) -> None:
        """Take texts."""

    def config(self, config: type[ConfigT]) -> ConfigT:
        """Give the settings that the plugin has by itself."""
        return fill(config, {})
