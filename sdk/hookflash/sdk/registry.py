"""What a plugin registers itself with, once, while it is loaded.

The engine hands out a staging registry: what was registered counts only when all of `hookflash_register` succeeded.
"""

from typing import Protocol, TypeVar

from hookflash.sdk.channel import ChannelAdapter
from hookflash.sdk.config import DataclassLike
from hookflash.sdk.routing import RoutingStrategy

__all__ = ["Registry", "RegistryError"]

ConfigT = TypeVar("ConfigT", bound=DataclassLike)


class RegistryError(ValueError):
    """A class that cannot be registered, and why; the plugin is not loaded."""


class Registry(Protocol):
    """Takes a plugin's classes; every method raises RegistryError for what does not fit."""

    def channel(self, adapter: type[ChannelAdapter]) -> None:
        """Register a channel adapter under its `kind`."""

    def strategy(self, strategy: type[RoutingStrategy]) -> None:
        """Register a routing strategy under its `name`."""

    def config(self, config: type[ConfigT]) -> ConfigT:
        """Give the plugin's own settings, the table `[plugins.NAME]`, as a Config; raises ConfigError."""
