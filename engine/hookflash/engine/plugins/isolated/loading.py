"""Loading a plugin into a process of its own: the child loads it, the engine is given what stands for its objects.

The engine imports nothing of the plugin, not even to look at it: pin, SDK and settings are checked in the child.
"""

from collections.abc import Collection

from hookflash.engine.plugins.facts import PluginSettings, PluginState
from hookflash.engine.plugins.isolated import frames
from hookflash.engine.plugins.isolated.process import ChildFailedError, PluginProcess
from hookflash.engine.plugins.isolated.remote import RemoteChannel, RemoteFilter, RemoteHours, RemoteStrategy
from hookflash.engine.plugins.loading import Verdict
from hookflash.engine.plugins.sources import Source
from hookflash.engine.plugins.staging import Registered
from hookflash.engine.plugins.terms import Terms
from hookflash.sdk.hosting.asking import NotAskedError

__all__ = ["load_isolated"]

_ENGINES_OWN = ("isolation", "candidates_max", "memory_max_mb", "listen")


def load_isolated(
    source: Source, settings: PluginSettings, terms: Terms, *, taken: Collection[tuple[str, str]]
) -> tuple[Verdict, PluginProcess | None]:
    """Load one plugin in a child; the child runs where the state is LOADED, and is the caller's to stop."""
    table = {key: value for key, value in settings.tables[source.name].items() if key not in _ENGINES_OWN}
    process = PluginProcess(
        frames.Begin(
            name=source.name,
            module=source.module,
            attribute=source.attribute,
            path="" if source.path is None else str(source.path),
            table=table,
            memory_bytes_max=terms.memory_max_mb * 1024 * 1024,
        )
    )
    try:
        report = process.load()
    except (ChildFailedError, NotAskedError) as error:
        process.stop()
        return Verdict(state=PluginState.FAILED, reason=str(error)), None
    state, registered = PluginState(report.state), _registered(report, process, source, terms)
    clash = sorted(registered.names() & frozenset(taken))
    if state is not PluginState.LOADED or clash:
        process.stop()
        if clash:
            sort, name = clash[0]
            return Verdict(state=PluginState.FAILED, reason=f"there is already another {sort} {name!r}"), None
        return Verdict(state=state, reason=report.reason, traceback=report.traceback), None
    return Verdict(state=state, registered=registered), process


def _registered(report: frames.Report, process: PluginProcess, source: Source, terms: Terms) -> Registered:
    ask, registered = process.ask, Registered()
    # Each object has a name of its own, where a plugin's class has one.
    for name in report.strategies:
        registered.strategies[name] = RemoteStrategy(name, ask, terms.candidates_max)  # type: ignore[assignment]
    for index, (stage, name) in enumerate(report.filters):
        registered.filters.append((stage, RemoteFilter(name, index, ask)))  # type: ignore[arg-type]
    for kind in report.channels:
        registered.isolated_channels[kind] = RemoteChannel(kind, ask, source.path)
    for name, calendars in report.hours.items():
        registered.hours[name] = RemoteHours(name, calendars, ask)  # type: ignore[assignment]
    return registered
