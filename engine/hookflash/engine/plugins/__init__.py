"""Plugins as the engine sees them: found, loaded, called under a guard, and replaced by a default when they fail.

A typed facade over pluggy, which finds and registers and does nothing else (plugins.md, principle 1).
"""

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
from hookflash.engine.plugins.host import PluginHost
from hookflash.engine.plugins.sources import Source, installed_sources
from hookflash.engine.plugins.strategies import LoadedStrategy
from hookflash.sdk.hosting.asking import BUDGET_S, Asking
from hookflash.sdk.hosting.breaker import Breaker
from hookflash.sdk.hosting.calls import NonsenseError, PluginFailedError, PureCalls

__all__ = [
    "BUDGET_S",
    "Answer",
    "Asking",
    "Breaker",
    "IsolatedAdapter",
    "LoadedAuthenticator",
    "LoadedPlugin",
    "LoadedSink",
    "LoadedStrategy",
    "NonsenseError",
    "PluginFailedError",
    "PluginFault",
    "PluginHost",
    "PluginSettings",
    "PluginState",
    "PluginsNotLoadedError",
    "PureCalls",
    "Source",
    "installed_sources",
]
