"""Finding the adapter of a kind: among the plugins that are installed here, or in a plugin's file.

Of those installed the plugin named like the kind is looked at first; the others are imported only where it has none.
"""

from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

from hookflash.cli.failures import CommandError, ExitCode
from hookflash.sdk.channel import ChannelAdapter
from hookflash.sdk.hosting.registered import GROUP, registered_by, registered_in

__all__ = ["adapter_of", "installed_kinds"]


def adapter_of(kind: str, file: Path | None = None) -> type[ChannelAdapter]:
    """Give the adapter class of a kind, from a plugin's file or from what is installed. Raises CommandError."""
    return _installed(kind) if file is None else _in_file(kind, file)


def _in_file(kind: str, file: Path) -> type[ChannelAdapter]:
    try:
        found = {adapter.kind: adapter for adapter in registered_in(file).channels}
    except (Exception, SystemExit) as error:
        raise CommandError(f"The plugin {file} does not load: {type(error).__name__}: {error}.") from error
    if kind not in found:
        raise CommandError(
            f"The plugin {file} has no adapter of kind {kind!r}; it has: {', '.join(sorted(found)) or 'none'}.",
            ExitCode.NOT_FOUND,
        )
    return found[kind]


def _installed(kind: str) -> type[ChannelAdapter]:
    broken: list[str] = []
    for point in sorted(entry_points(group=GROUP), key=lambda point: (point.name != kind, point.name)):
        try:
            found = {adapter.kind: adapter for adapter in registered_by(point).channels}
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
    for point in entry_points(group=GROUP):
        try:
            yield from (adapter.kind for adapter in registered_by(point).channels)
        except Exception:  # noqa: BLE001, S112 - as above
            continue
