"""`hookflash plugin`: the plugins of the server; where none is reachable, those installed here."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import TYPE_CHECKING

import click

from hookflash.cli.session import Session, calling
from hookflash.cli.tree import Noun

if TYPE_CHECKING:
    from hookflash.sdk.client import messages as m

__all__ = ["plugin"]

_GROUP = "hookflash.plugins"


@click.group(cls=Noun)
def plugin() -> None:
    """Plugins of the server, or those installed here."""


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


def _installed() -> list[m.Plugin]:
    """Return what is installed, by its metadata alone: nothing of a plugin runs for being listed."""
    from hookflash.sdk.client import messages as m

    return [
        m.Plugin(name=point.name, version=point.dist.version if point.dist is not None else "")
        for point in sorted(entry_points(group=_GROUP), key=lambda point: point.name)
    ]
