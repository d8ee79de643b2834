"""`hookflash channel`: the connections to the outside, as applied."""

import click

from hookflash.cli.failures import CommandError, ExitCode
from hookflash.cli.session import Session, calling
from hookflash.cli.text import full
from hookflash.cli.tree import Noun

__all__ = ["channel"]


@click.group(cls=Noun)
def channel() -> None:
    """Channels: connections to the outside. They are made and changed with `hookflash apply`."""


@channel.command("list")
@calling
async def list_(session: Session) -> None:
    """List channels."""
    from hookflash.cli.views import CHANNEL
    from hookflash.sdk.client import messages as m

    site = await session.client.export(m.ExportRequest())
    session.printer.many(m.ExportResponse(channels=site.channels), site.channels, CHANNEL)


@channel.command()
@click.argument("name", metavar="CHANNEL")
@calling
async def get(session: Session, name: str) -> None:
    """Show one channel."""
    from hookflash.cli.views import CHANNEL
    from hookflash.sdk.client import messages as m

    wanted = full("channels", name)
    for found in (await session.client.export(m.ExportRequest())).channels:
        if found.name == wanted:
            session.printer.one(found, CHANNEL)
            return
    raise CommandError(f"There is no channel {wanted}; `hookflash channel list` shows all.", ExitCode.NOT_FOUND)
