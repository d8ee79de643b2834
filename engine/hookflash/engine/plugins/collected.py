"""What all plugins together registered, object by object, each with whose it is and on what terms it is there."""

from collections.abc import Mapping

from hookflash.engine.plugins.facts import (
    IsolatedAdapter,
    LoadedAuthenticator,
    LoadedPlugin,
    LoadedSink,
    PluginSettings,
)
from hookflash.engine.plugins.staging import Registered
from hookflash.engine.plugins.terms import terms_of

__all__ = ["authenticators_in", "isolated_adapters_in", "sinks_in"]


def sinks_in(settings: PluginSettings, registered: Mapping[str, Registered]) -> tuple[LoadedSink, ...]:
    """The event sinks."""
    return tuple(
        LoadedSink(plugin=plugin, sink=sink, settings_digest=settings.digest(plugin))
        for plugin, found in registered.items()
        for sink in found.sinks.values()
    )


def authenticators_in(
    settings: PluginSettings, registered: Mapping[str, Registered], plugins: list[LoadedPlugin]
) -> tuple[LoadedAuthenticator, ...]:
    """The authenticators, in the order of registration."""
    bundled = {plugin.name for plugin in plugins if plugin.is_bundled}
    return tuple(
        LoadedAuthenticator(
            plugin=plugin,
            is_bundled=plugin in bundled,
            authenticator=authenticator,
            roles=terms_of(settings.tables.get(plugin, {})).roles,
        )
        for plugin, found in registered.items()
        for authenticator in found.authenticators.values()
    )


def isolated_adapters_in(settings: PluginSettings, registered: Mapping[str, Registered]) -> tuple[IsolatedAdapter, ...]:
    """The kinds of adapters that run in processes of their own."""
    return tuple(
        IsolatedAdapter(plugin=plugin, kind=kind, listen=terms_of(settings.tables[plugin]).listen, judge=judge)
        for plugin, found in registered.items()
        for kind, judge in found.isolated_channels.items()
    )
