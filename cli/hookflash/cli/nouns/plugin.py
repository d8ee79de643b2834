"""`hookflash plugin`: the plugins of the server or those installed here; begin a new one, and check one."""

from __future__ import annotations

import sys
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hookflash.cli.failures import ExitCode
from hookflash.cli.options import Given
from hookflash.cli.session import Session, calling
from hookflash.cli.tree import Noun

if TYPE_CHECKING:
    from hookflash.sdk.client import messages as m

__all__ = ["plugin"]

_GROUP = "hookflash.plugins"


@click.group(cls=Noun)
def plugin() -> None:
    """Plugins of the server, or those installed here; new ones, and checks."""


@plugin.command("list")
@calling
async def list_(session: Session) -> None:
    """List plugins: of the server with their state, else what is installed here."""
    from hookflash.cli.views import PLUGIN
    from hookflash.sdk.client import Unreachable
    from hookflash.sdk.client import messages as m

    try:
        server = await session.client.get_server(m.GetServerRequest())
        found = m.Server(plugins=server.plugins)
    except Unreachable as error:
        session.say(f"{error.sentence} These are installed here.")
        found = m.Server(plugins=_installed())
    session.printer.many(found, found.plugins, PLUGIN)


@plugin.command("new")
@click.argument("kind", metavar="channel|strategy|sink|filter")
@click.argument("name")
@click.option("--into", type=click.Path(path_type=Path), help="The folder to write; default: NAME, here.")
def new(kind: str, name: str, into: Path | None) -> None:
    """Begin a plugin: a project whose contract tests pass at once.

    For example: hookflash plugin new channel my-sms
    """
    from hookflash.sdk import scaffold

    folder = into or Path(name)
    try:
        written = scaffold.write(kind, name, folder)
    except scaffold.ScaffoldError as error:
        raise click.UsageError(f"No plugin was begun: {error}.") from error
    for path in written:
        print(path)
    print(
        f"\nNext: cd {folder} && pip install -e '.[test]' && hookflash plugin check .\n"
        f"The engine finds it from then on: hookflash plugin list",
        file=sys.stderr,
    )


@plugin.command("check")
@click.argument("target", metavar="FOLDER|NAME")
@click.pass_context
def check(context: click.Context, target: str) -> None:
    """Run a plugin's contract tests and print the level it has reached.

    FOLDER is a plugin's project, NAME an installed plugin that brings its contract tests along. Below bronze it
    exits with 1.
    """
    from hookflash.cli import plugin_check

    given = context.find_object(Given) or Given()
    report = plugin_check.examine(target)
    plugin_check.show(report, given.form, is_verbose=given.is_verbose)
    if not report.level:
        context.exit(ExitCode.FAILED)


def _installed() -> list[m.Plugin]:
    """Return what is installed, by its metadata alone: nothing of a plugin runs for being listed."""
    from hookflash.sdk.client import messages as m

    return [
        m.Plugin(
            name=point.name,
            version=point.dist.version if point.dist is not None else "",
            reason=_made_for(point),
        )
        for point in sorted(entry_points(group=_GROUP), key=lambda point: point.name)
    ]


def _made_for(point: EntryPoint) -> str:
    """Say which SDK the plugin's source asks for; nothing where that cannot be read without running something."""
    from hookflash.sdk.declarations import declared

    # Finding a module inside a foreign package would run that package.
    if "." in point.module and not point.module.startswith("hookflash.plugins."):
        return ""
    found = find_spec(point.module)
    range_ = declared(Path(found.origin), "SDK_API") if found is not None and found.origin is not None else None
    return f"made for SDK {range_}" if isinstance(range_, str) else ""
