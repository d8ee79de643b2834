"""The command tree: groups that load a command only when it is called, and verbs that know the global options.

A group's help needs each command's one line, so those lines stand in the tables and not in the modules.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from hookflash.cli.failures import CommandError
from hookflash.cli.options import global_options

__all__ = ["LazyGroup", "Noun", "Verb"]


class Verb(click.Command):
    """A command that also takes the global options, so that `-o json` may stand at the end of the line."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - click's own signature, handed on
        super().__init__(*args, **kwargs)
        own = {name for param in self.params for name in param.opts}
        self.params.extend(option for option in global_options(is_hidden=True) if not own.intersection(option.opts))


class Noun(click.Group):
    """A group of verbs."""

    command_class = Verb


class LazyGroup(click.Group):
    """A group whose commands are loaded when they are called."""

    def __init__(self, *args: Any, lazy: Mapping[str, tuple[str, str]], **kwargs: Any) -> None:  # noqa: ANN401
        """Take the commands as name to (`module:attribute`, one line of help)."""
        super().__init__(*args, **kwargs)
        self.lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names in the order of the table."""
        return list(self.lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Load a command, of an installed plugin where it is none of ours; None when there is none of that name."""
        if cmd_name not in self.lazy:
            from hookflash.cli.plugin_commands import commands_of

            return commands_of(cmd_name)
        module, _, attribute = self.lazy[cmd_name][0].partition(":")
        try:
            found = getattr(import_module(module), attribute)
        except ModuleNotFoundError as error:
            if error.name is None or not error.name.startswith("hookflash"):
                raise
            raise CommandError(f"`hookflash {cmd_name}` is not part of this installation ({error.name}).") from error
        if not isinstance(found, click.Command):
            raise TypeError(f"{self.lazy[cmd_name][0]} is no command")
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """Write the list of commands from the table, without loading any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in self.lazy.items()])
