"""The contracts of an installed plugin that brings no tests along, made of what it registers.

Collected by `hookflash plugin check NAME` only, which names the plugin in the environment. What needs samples (a
webhook, a filter's texts) can be tried in part only; a sink would write somewhere, and whom an authenticator knows only
its author can say, so they are not tried.
"""

import os
from collections.abc import Iterator, Sequence
from importlib.metadata import entry_points
from typing import Any

import pytest

from hookflash.sdk.config import problems
from hookflash.sdk.hosting.registered import GROUP, registered_by
from hookflash.sdk.testing.adapters import AdapterContract
from hookflash.sdk.testing.filters import FilterContract
from hookflash.sdk.testing.levels import bronze, missing
from hookflash.sdk.testing.strategies import StrategyContract

__all__ = ["VARIABLE"]

VARIABLE = "HOOKFLASH_CHECKED_PLUGIN"


def _fixture(name: str, value: object) -> Any:  # noqa: ANN401 - pytest's own
    def given(self: object) -> object:  # noqa: ARG001 - a method of the contract's class
        return value

    return pytest.fixture(name=name)(given)


def _contracts(name: str) -> Iterator[type]:
    registered = registered_by(next(point for point in entry_points(group=GROUP) if point.name == name))
    for adapter in registered.channels:
        # Tried with the settings that it has by itself; where it needs others, only its author knows them.
        if needed := problems(adapter.Config, {}):
            yield _unknown(adapter.__name__, needed)
            continue
        yield _contract(adapter.__name__, AdapterContract, adapter=adapter)
    for strategy in registered.strategies:
        yield _contract(strategy.__name__, StrategyContract, strategy=_fixture("strategy", strategy()))
    for one in registered.filters:
        yield _contract(type(one).__name__, FilterContract, text_filter=_fixture("text_filter", one))


def _unknown(name: str, needed: Sequence[str]) -> type:
    """What stands for the contract of an adapter that cannot be made here."""

    @bronze
    def test_it_brings_its_tests_along(self: object) -> None:  # noqa: ARG001 - a method of the class
        why = f"without settings there is no such adapter ({'; '.join(needed)})"
        missing(f"a module `contract` in its package, for {why}; or check the folder of its project")

    return type(f"Test{name}", (), {"test_it_brings_its_tests_along": test_it_brings_its_tests_along})


def _contract(name: str, contract: type, **given: object) -> type:
    return type(f"Test{name}", (contract,), given)


if VARIABLE in os.environ:
    globals().update({contract.__name__: contract for contract in _contracts(os.environ[VARIABLE])})
