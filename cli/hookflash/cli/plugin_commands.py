"""The commands that an installed plugin brings: `hookflash PLUGIN COMMAND`, the plugin's name as the group.

A plugin is imported only when its group is called, never for help or for another command; that one plugin registers,
and of what it registers only its commands are taken.
"""

from importlib.metadata import entry_points

import click

from hookflash.cli.failures import CommandError
from hookflash.sdk.hosting.registered import GROUP, registered_by

__all__ = ["commands_of"]


def commands_of(plugin: str) -> click.Group | None:
    """The commands of an installed plugin as a group; None where no plugin of that name is installed.

    Raises CommandError where it is, and has none or cannot be loaded.
    """
    points = tuple(entry_points(group=GROUP, name=plugin))
    if not points:
        return None
    try:
        found = registered_by(points[0]).commands
    except (KeyboardInterrupt, click.ClickException):
        raise
    except BaseException as error:
        raise CommandError(f"The plugin {plugin} cannot be loaded: {type(error).__name__}: {error}.") from error
    if not found:
        raise CommandError(f"The plugin {plugin} brings no command.")
    return click.Group(
        plugin, commands={command.name or "": command for command in found}, help=f"Commands of the plugin {plugin}."
    )
