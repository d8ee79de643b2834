"""`hookflash apply`, `diff` and `export`: the site as a file: queues, agents, channels, attributes, media domains.

They round-trip: what export prints, apply takes, and finds nothing to change.
"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from hookflash.cli.failures import CommandError
from hookflash.cli.output import View
from hookflash.cli.session import Session, calling
from hookflash.cli.tree import Verb

__all__ = ["apply", "diff", "export"]

_FILE = click.option(
    "-f", "--file", "file", metavar="FILE", required=True, help="The site file; `-` reads standard input."
)
_PRUNE = click.option("--prune", is_flag=True, help="Delete what the file does not name, of the kinds that it names.")
_BYTES_MAX = 16 * 1024 * 1024


@click.command(cls=Verb)
@_FILE
@click.option("--dry-run", is_flag=True, help="Make all checks and nothing else.")
@_PRUNE
@calling
async def apply(session: Session, *, file: str, dry_run: bool, prune: bool) -> None:
    """Make the site what a file says, all or nothing."""
    await _apply(session, file, is_dry_run=dry_run, is_prune_wanted=prune)


@click.command(cls=Verb)
@_FILE
@_PRUNE
@calling
async def diff(session: Session, *, file: str, prune: bool) -> None:
    """Show what apply would change."""
    await _apply(session, file, is_dry_run=True, is_prune_wanted=prune)


@click.command(cls=Verb)
@calling
async def export(session: Session) -> None:
    """Print the site as a file for apply, in YAML unless -o json is given."""
    from hookflash.cli.site_file import site_text
    from hookflash.sdk.client import messages as m

    site = await session.client.export(m.ExportRequest())
    if session.printer.form in ("json", "jsonl"):
        session.printer.one(site, View(()))
    else:
        print(site_text(site), end="")


async def _apply(session: Session, file: str, *, is_dry_run: bool, is_prune_wanted: bool) -> None:
    from hookflash.cli.site_file import read_site
    from hookflash.cli.views import CHANGE

    request = read_site(_text(file), "standard input" if file == "-" else file)
    request.prune, request.validate_only = is_prune_wanted, is_dry_run
    answer = await session.client.apply(request)
    session.printer.many(answer, answer.changes, CHANGE)
    if is_dry_run:
        session.say("Nothing was changed: this is what apply would do.")


def _text(file: str) -> str:
    try:
        raw = sys.stdin.buffer.read(_BYTES_MAX + 1) if file == "-" else Path(file).read_bytes()
        if len(raw) > _BYTES_MAX:
            raise CommandError(f"{file} is larger than {_BYTES_MAX // 1024 // 1024} MiB.")
        return raw.decode("utf-8")
    except OSError as error:
        raise CommandError(f"{file} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{file} is not UTF-8 text.") from error
