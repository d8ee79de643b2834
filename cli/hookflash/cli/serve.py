"""`hookflash serve`: starts the engine in this process. One of the few modules here that import it.

What it prints on stdout is the address it listens on, so that a script which asked for a free port can read it.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from hookflash.cli.failures import CommandError, ExitCode
from hookflash.cli.tree import Verb

if TYPE_CHECKING:
    from hookflash.engine.settings import Settings

__all__ = ["serve"]


@click.command(cls=Verb)
@click.option(
    "--data", metavar="DIR", type=click.Path(path_type=Path), help="The data directory; ./hookflash-data unless given."
)
@click.option(
    "--listen", metavar="HOST:PORT", help="Where to listen; 127.0.0.1:7433 unless given. Port 0 takes a free one."
)
@click.option(
    "-c",
    "--config",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Settings; DIR/hookflash.toml where there is one.",
)
@click.option("--strict-plugins", is_flag=True, help="Do not start when a plugin cannot be loaded.")
@click.option("--insecure-i-know", is_flag=True, help="Listen off loopback without TLS. For tests only.")
def serve(
    *,
    data: Path | None,
    listen: str | None,
    config: Path | None,
    strict_plugins: bool,
    insecure_i_know: bool,
) -> int:
    """Start a server; Ctrl-C stops it in order.

    The first start makes the data directory and, in it, admin.token.
    """
    from hookflash.engine.settings import Settings, SettingsError, find_file, load

    flags = {
        "data": data,
        "listen": listen,
        "strict_plugins": strict_plugins or None,
        "insecure_i_know": insecure_i_know or None,
    }
    directory = data or Path(os.environ.get("HOOKFLASH_DATA") or Settings().data)
    try:
        settings = load(find_file(config, directory), os.environ, flags)
    except SettingsError as error:
        raise CommandError(str(error), ExitCode.USAGE) from error
    return _run(settings)


def _run(settings: "Settings") -> int:
    """Load the engine, which takes most of a second, only now that the settings are known to be good."""
    from hookflash.engine import collector, lean  # noqa: F401  before what it makes lean

    collector.rest()

    from hookflash.engine.journal.errors import JournalError
    from hookflash.engine.plugins import PluginsNotLoadedError
    from hookflash.engine.serve import run
    from hookflash.engine.starting import StartError

    try:
        return run(settings, announce=_announce)
    except (JournalError, PluginsNotLoadedError, StartError) as error:
        raise CommandError(str(error)) from error


def _announce(line: str) -> None:
    # Flushed: whoever started us through a pipe waits for this line.
    print(line, flush=True)
