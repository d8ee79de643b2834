"""The contracts of an installed plugin that brings no tests along, made of what it registers.

Collected by `hookflash plugin check NAME` only, which names the plugin in the environment. What needs samples (a
webhook, a filter's texts) can be tried in part only.
"""

import os
from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Any, TypeVar, final

import click
import pytest

from hookflash.sdk.auth import Authenticator
from hookflash.sdk.channel import ChannelAdapter
from hookflash.sdk.config import DataclassLike, fill
from hookflash.sdk.filters import TextFilter
from hookflash.sdk.hours import HoursProvider
from hookflash.sdk.routing import QueueOrdering, RoutingStrategy
from hookflash.sdk.sinks import EventSink
from hookflash.sdk.testing.adapters import AdapterContract
from hookflash.sdk.testing.filters import FilterContract
from hookflash.sdk.testing.strategies import StrategyContract

__all__ = ["VARIABLE"]

VARIABLE = "HOOKFLASH_CHECKED_PLUGIN"

ConfigT = TypeVar("ConfigT", bound=DataclassLike)


@final
class _Recording:
    """A registry that makes a contract of what has one, and takes the rest."""

    def __init__(self) -> None:
        self.contracts: dict[str, type] = {}

    def channel(self, adapter: type[ChannelAdapter]) -> None:
        """Take an adapter: tried with the settings that it has by itself."""
        self._add(adapter.__name__, AdapterContract, {"adapter": adapter})

    def strategy(self, strategy: type[RoutingStrategy]) -> None:
        """Take a strategy."""
        self._add(strategy.__name__, StrategyContract, {"strategy": _fixture("strategy", strategy())})

    def filter(self, filter_: TextFilter, *, stage: str) -> None:  # noqa: ARG002 - one filter is the same at every stage
        """Take a filter."""
        fixture = _fixture("text_filter", filter_)
        self._add(type(filter_).__name__, FilterContract, {"text_filter": fixture})

    def ordering(self, ordering: type[QueueOrdering]) -> None:
        """Take an ordering."""

    def sink(self, sink: EventSink) -> None:
        """Take a sink: it would write somewhere, so it is not tried."""

    def authenticator(self, authenticator: Authenticator) -> None:
        """Take an authenticator: whom it knows, only its author can say."""

    def hours(self, hours: HoursProvider) -> None:
        """Take a provider of hours."""

    def texts(self, locale: str, catalogue: Mapping[str, str]) -> None:
        """Take texts."""

    def command(self, command: click.Command) -> None:
        """Take a command."""

    def config(self, config: type[ConfigT]) -> ConfigT:
        """Give the settings that the plugin has by itself."""
        return fill(config, {})

    def _add(self, name: str, contract: type, given: Mapping[str, Any]) -> None:
        self.contracts[f"Test{name}"] = type(f"Test{name}", (contract,), dict(given))


def _fixture(name: str, value: object) -> Any:  # noqa: ANN401 - pytest's own
    def given(self: object) -> object:  # noqa: ARG001 - a method of the contract's class
        return value

    return pytest.fixture(name=name)(given)


def _contracts(name: str) -> Mapping[str, type]:
    found: EntryPoint = next(point for point in entry_points(group="hookflash.plugins") if point.name == name)
    registry = _Recording()
    found.load().hookflash_register(registry)
    return registry.contracts


if VARIABLE in os.environ:
    globals().update(_contracts(os.environ[VARIABLE]))
