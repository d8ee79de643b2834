"""What a plugin registers itself with, once, while it is loaded.

The engine hands out a staging registry: what was registered counts only when all of `hookflash_register` succeeded.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol, TypeVar

from hookflash.sdk.auth import Authenticator
from hookflash.sdk.channel import ChannelAdapter
from hookflash.sdk.config import DataclassLike
from hookflash.sdk.filters import TextFilter
from hookflash.sdk.hours import HoursProvider
from hookflash.sdk.routing import QueueOrdering, RoutingStrategy
from hookflash.sdk.sinks import EventSink

if TYPE_CHECKING:
    import click

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

    def ordering(self, ordering: type[QueueOrdering]) -> None:
        """Register an order of waiting invites under its `name`."""

    def sink(self, sink: EventSink) -> None:
        """Register an event sink under its `name`, made of the plugin's own config."""

    def authenticator(self, authenticator: Authenticator) -> None:
        """Register an authenticator under its `name`."""

    def filter(self, filter_: TextFilter, *, stage: str) -> None:
        """Register a text filter for a stage: inbound, outbound, note, whisper or export."""

    def hours(self, hours: HoursProvider) -> None:
        """Register the provider of opening hours under its `name`."""

    def texts(self, locale: str, catalogue: Mapping[str, str]) -> None:
        """Register notice texts by stable key for a locale such as `de` or `de-AT`."""

    def command(self, command: "click.Command") -> None:
        """Register a command: it appears under `hookflash PLUGIN`, with the plugin's name as the group."""

    def config(self, config: type[ConfigT]) -> ConfigT:
        """Give the plugin's own settings, the table `[plugins.NAME]`, as a Config; raises ConfigError."""
