"""Finding the adapter of a kind among the plugins that are installed here.

The plugin named like the kind is looked at first; the others are imported only where it has none.
"""

from collections.abc import Iterator, Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Final, TypeVar, final

from hookflash.cli.failures import CommandError, ExitCode
from hookflash.sdk.auth import Authenticator
from hookflash.sdk.channel import ChannelAdapter
from hookflash.sdk.config import DataclassLike, fill
from hookflash.sdk.filters import TextFilter
from hookflash.sdk.hours import HoursProvider
from hookflash.sdk.routing import QueueOrdering, RoutingStrategy
from hookflash.sdk.sinks import EventSink

if TYPE_CHECKING:
    import click

__all__ = ["adapter_of", "installed_kinds"]

_GROUP: Final = "hookflash.plugins"

ConfigT = TypeVar("ConfigT", bound=DataclassLike)


@final
class _Adapters:
    """A registry that keeps adapters, and takes the rest without doing anything with it."""

    def __init__(self) -> None:
        self.by_kind: dict[str, type[ChannelAdapter]] = {}

    def channel(self, adapter: type[ChannelAdapter]) -> None:
        """Keep an adapter."""
        self.by_kind[adapter.kind] = adapter

    def strategy(self, strategy: type[RoutingStrategy]) -> None:
        """Take a strategy."""

    def ordering(self, ordering: type[QueueOrdering]) -> None:
        """Take an ordering."""

    def sink(self, sink: EventSink) -> None:
        """Take a sink."""

    def authenticator(self, authenticator: Authenticator) -> None:
        """Take an authenticator."""

    def filter(self, filter_: TextFilter, *, stage: str) -> None:
        """Take a filter."""

    def hours(self, hours: HoursProvider) -> None:
        """Take a provider of hours."""

    def texts(self, locale: str, catalogue: Mapping[str, str]) -> None:
        """Take texts."""

    def command(self, command: "click.Command") -> None:
        """Take a command."""

    def config(self, config: type[ConfigT]) -> ConfigT:
        """Give the settings that the plugin has by itself."""
        return fill(config, {})


def adapter_of(kind: str) -> type[ChannelAdapter]:
    """Give the adapter class of a kind. Raises CommandError."""
    broken: list[str] = []
    for point in sorted(entry_points(group=_GROUP), key=lambda point: (point.name != kind, point.name)):
        try:
            found = _adapters_of(point)
        except Exception as error:  # noqa: BLE001 - a plugin may raise anything while it is imported
            broken.append(f"{point.name} ({type(error).__name__})")
            continue
        if kind in found:
            return found[kind]
    known = ", ".join(sorted(installed_kinds())) or "none"
    also = f" These could not be looked at: {', '.join(broken)}." if broken else ""
    raise CommandError(f"No adapter of kind {kind!r} is installed here; there are: {known}.{also}", ExitCode.NOT_FOUND)


def installed_kinds() -> Iterator[str]:
    """Name the kinds that adapters are installed for."""
    for point in entry_points(group=_GROUP):
        try:
            yield from _adapters_of(point)
        except Exception:  # noqa: BLE001, S112 - as above
            continue


def _adapters_of(point: EntryPoint) -> Mapping[str, type[ChannelAdapter]]:
    registry = _Adapters()
    point.load().hookflash_register(registry)
    return registry.by_kind
