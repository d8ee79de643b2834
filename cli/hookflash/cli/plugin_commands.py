"""The commands that an installed plugin brings: `hookflash PLUGIN COMMAND`, the plugin's name as the group.

A plugin is imported only when its group is called, never for help or for another command; that one plugin registers,
and of what it registers only its commands are taken.
"""

from collections.abc import Mapping
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

import click

from hookflash.cli.failures import CommandError

if TYPE_CHECKING:
    from hookflash.sdk.config import DataclassLike

__all__ = ["commands_of"]

_GROUP = "hookflash.plugins"


def commands_of(plugin: str) -> click.Group | None:
    """The commands of an installed plugin as a group; None where no plugin of that name is installed.

    Raises CommandError where it is, and has none or cannot be loaded.
    """
    points = tuple(entry_points(group=_GROUP, name=plugin))
    if not points:
        return None
    collected = _Collected()
    try:
        found = points[0].load()
        found = found() if isinstance(found, type) else found
        found.hookflash_register(collected)
    except (KeyboardInterrupt, click.ClickException):
        raise
    except BaseException as error:
        raise CommandError(f"The plugin {plugin} cannot be loaded: {type(error).__name__}: {error}.") from error
    if not collected.commands:
        raise CommandError(f"The plugin {plugin} brings no command.")
    return click.Group(plugin, commands=collected.commands, help=f"Commands of the plugin {plugin}.")


class _Collected:
    """A registry that takes commands and looks at nothing else."""

    def __init__(self) -> None:
        self.commands: dict[str, click.Command] = {}

    def command(self, command: click.Command) -> None:
        self.commands[command.name or ""] = command

    def config(self, config: "type[DataclassLike]") -> object:
        """Settings are the server's: here a plugin has its defaults."""
        from hookflash.sdk.config import fill

        return fill(config, {})

    def texts(self, locale: str, catalogue: Mapping[str, str]) -> None:
        """Take nothing."""

    def filter(self, filter_: object, *, stage: str) -> None:
        """Take nothing."""

    def _take_nothing(self, _given: object) -> None:
        pass

    channel = strategy = ordering = sink = authenticator = hours = _take_nothing
