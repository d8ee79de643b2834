"""The registry a plugin is handed while it loads: what it takes counts only when the whole plugin was taken.

Everything is checked here, at registration, so that nothing is found wrong in the middle of a conversation.
"""

import inspect
import re
from collections.abc import Collection, Mapping
from dataclasses import is_dataclass
from typing import TypeVar, final

from hookflash.sdk.channel import Capabilities, ChannelAdapter
from hookflash.sdk.config import DataclassLike, fill
from hookflash.sdk.registry import RegistryError
from hookflash.sdk.routing import RoutingStrategy

__all__ = ["StagingRegistry"]

ConfigT = TypeVar("ConfigT", bound=DataclassLike)

NAME = re.compile(r"[a-z][a-z0-9_-]{0,49}")


@final
class StagingRegistry:
    """One plugin's registry; `settings` are its own, the two collections what others have taken already."""

    def __init__(
        self, settings: Mapping[str, object], *, kinds_taken: Collection[str], strategies_taken: Collection[str]
    ) -> None:
        self.channels: dict[str, type[ChannelAdapter]] = {}
        self.strategies: dict[str, RoutingStrategy] = {}
        self.has_read_config = False
        self._settings = settings
        self._kinds_taken = kinds_taken
        self._strategies_taken = strategies_taken

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
        if kind in self.channels or kind in self._kinds_taken:
            raise RegistryError(f"there is already an adapter of kind {kind!r}")
        self.channels[kind] = adapter

    def strategy(self, strategy: type[RoutingStrategy]) -> None:
        """Take a strategy class under its name, and make the one object of it."""
        if not inspect.isclass(strategy):
            raise RegistryError(f"{strategy!r} is no class: register the strategy's class, not an object of it")
        title = strategy.__name__
        name = _name(getattr(strategy, "name", None), f"{title}.name")
        for method in ("order", "select"):
            found = getattr(strategy, method, None)
            if found is None and method == "select":
                continue
            if not callable(found) or inspect.iscoroutinefunction(found) or inspect.isgeneratorfunction(found):
                raise RegistryError(f"{title}.{method} must be a plain method, neither async nor a generator")
        options: object = getattr(strategy, "Options", None)
        if options is not None:
            _require_dataclass(options, f"{title}.Options")
        if name in self.strategies or name in self._strategies_taken:
            raise RegistryError(f"there is already a strategy {name!r}")
        self.strategies[name] = strategy()

    def config(self, config: type[ConfigT]) -> ConfigT:
        """Fill the plugin's Config from its table."""
        self.has_read_config = True
        return fill(config, self._settings)

    def refuse_unread_settings(self) -> None:
        """Refuse settings that the plugin never asked for: they would be obeyed by nobody."""
        if self._settings and not self.has_read_config:
            raise RegistryError(f"the plugin takes no settings, but was given: {', '.join(sorted(self._settings))}")


def _name(given: object, title: str) -> str:
    if not isinstance(given, str) or not NAME.fullmatch(given):
        raise RegistryError(f"{title} must be lower-case letters, digits, - and _, at most 50, not {given!r}")
    return given


def _require_dataclass(given: object, title: str) -> None:
    if not (inspect.isclass(given) and is_dataclass(given)):
        raise RegistryError(f"{title} must be a dataclass")
