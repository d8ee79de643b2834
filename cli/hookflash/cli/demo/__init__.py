"""`hookflash demo`: the whole story of transfer, conference and whisper, played against a real server.

Nothing heavy is imported here, so that help answers at once; the play itself is in `play`.
"""

import click

from hookflash.cli.options import Given
from hookflash.cli.tree import Verb

__all__ = ["demo"]


@click.command(cls=Verb)
@click.option("--fast", is_flag=True, help="Do not pause for a reader; takes about ten seconds.")
@click.pass_context
def demo(context: click.Context, /, *, fast: bool) -> int:
    """Play the whole story against a real server, told in the terminal.

    Starts a server on a free port with a data directory of its own, kills it once, and removes both at the end. Exit
    code 1 says that something promised was not seen.
    """
    from hookflash.cli.demo.play import run
    from hookflash.cli.output import Printer

    given = context.find_object(Given) or Given()
    return run(Printer(color=given.color).console(), is_fast=fast)
