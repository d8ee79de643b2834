"""The command itself: its options, its exit code, its progress.

One of the few modules here that import the engine, and only when it runs. It owns nothing and writes nothing unless a
repair is asked for.
"""

from __future__ import annotations

import sqlite3
import sys
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING

import click

from hookflash.cli.failures import CommandError, ExitCode
from hookflash.cli.options import Given
from hookflash.cli.tree import Verb

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["doctor"]

_PROGRESS_EVERY_S = 0.5


@click.command(cls=Verb)
@click.option(
    "--data", metavar="DIR", type=click.Path(path_type=Path), default="hookflash-data", show_default=True,
    envvar="HOOKFLASH_DATA", help="The data directory, or a copy of one.",
)  # fmt: skip
@click.option(
    "--history", "histories", metavar="FILE", type=click.Path(path_type=Path), multiple=True,
    help="What clients and channels saw, as JSON lines; may be given several times. Without it I1 is not checked.",
)  # fmt: skip
@click.option(
    "--canary", "canaries", metavar="TEXT", multiple=True,
    help="A text said in whispers or notes and nowhere else; may be given several times.",
)  # fmt: skip
@click.option("--repair", is_flag=True, help="Mend what can be, without losing a record. The server must be down.")
@click.option("--rebuild-views", is_flag=True, help="Make the views anew from the journal. The server must be down.")
@click.pass_context
def doctor(
    context: click.Context,
    data: Path,
    histories: tuple[Path, ...],
    canaries: tuple[str, ...],
    *,
    repair: bool,
    rebuild_views: bool,
) -> int:
    """Check a data directory: the journal, every promise of the engine over it, the views and the audit log.

    Works offline and beside a running server. Exit 0 when all is well, 1 when something is broken. Nothing is changed
    unless --repair or --rebuild-views is given; a record is never dropped.
    """
    from hookflash.engine.checker import HistoryError
    from hookflash.engine.journal.errors import JournalError

    from .examination import examine_directory
    from .repair import mend
    from .report import show

    given = context.find_object(Given) or Given()
    try:
        report = examine_directory(data, histories, canaries, _progress(is_quiet=given.is_quiet))
        done = mend(data, report, is_forced=rebuild_views) if repair or rebuild_views else ()
        if any(step.is_done for step in done):
            report = examine_directory(data, histories, canaries, _progress(is_quiet=given.is_quiet))
    except (JournalError, HistoryError) as error:
        raise CommandError(str(error)) from error
    except sqlite3.Error as error:
        raise CommandError(
            f"The views in {data} cannot be written ({error}). See to the disk, then try again."
        ) from error
    show(report, done, given.form)
    return ExitCode.OK if report.is_well else ExitCode.FAILED


def _progress(*, is_quiet: bool) -> Callable[[int, int], None]:
    """Say how far it is, on a terminal, twice a second."""
    if is_quiet or not sys.stderr.isatty():
        return lambda _done, _all: None
    last = monotonic()

    def tell(done: int, everything: int) -> None:
        nonlocal last
        if done >= everything:
            sys.stderr.write("\r\033[K")
        elif monotonic() - last >= _PROGRESS_EVERY_S:
            last = monotonic()
            sys.stderr.write(f"\r\033[Kchecked {done:,} of {everything:,} records")
            sys.stderr.flush()

    return tell
