"""`hookflash server`: draining it, and asking whether it serves."""

import click

from hookflash.cli.failures import ExitCode
from hookflash.cli.output import word
from hookflash.cli.session import Session, calling
from hookflash.cli.tree import Noun

__all__ = ["server"]


@click.group(cls=Noun)
def server() -> None:
    """The running server."""


@server.command()
@calling
async def drain(session: Session) -> None:
    """Stop the server in order: new work is refused, streams end, then it stops."""
    from hookflash.sdk.client import messages as m

    await session.client.drain(m.DrainRequest())
    session.say("The server is draining: it takes no new work and stops.")


@server.command()
@calling
async def health(session: Session) -> int:
    """Say whether the server serves; exit 0 if it does. Needs no token."""
    answer = await session.client.health()
    state = word(answer, "status")
    session.printer.facts(answer, [("health", state)], state)
    return ExitCode.OK if state == "SERVING" else ExitCode.FAILED
