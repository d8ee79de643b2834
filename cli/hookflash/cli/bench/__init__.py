"""`hookflash bench`: how fast the engine is on this machine, beside what nothing can be faster than.

Nothing heavy is imported here, so that help answers at once; `measurements` names what is measured.
"""

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hookflash.cli.options import Given
from hookflash.cli.tree import Verb

if TYPE_CHECKING:
    from hookflash.cli.bench.run import Options

__all__ = ["OPTIONS", "bench", "options_of"]

_FILE = click.Path(dir_okay=False, writable=True, path_type=Path)
_DIRECTORY = click.Path(exists=True, file_okay=False, path_type=Path)

OPTIONS: tuple[click.Parameter, ...] = (
    click.Option(
        ["--quick", "is_quick"],
        is_flag=True,
        help="Tiny counts: whether it runs, not how fast it is. Under 30 seconds.",
    ),
    click.Option(["--only"], metavar="NAME", multiple=True, help="Only this measurement; may be given again."),
    click.Option(["--rounds"], metavar="N", type=click.IntRange(min=1), help="How often all is measured: 3."),
    click.Option(
        ["--seconds"], metavar="S", type=click.FloatRange(min=0, min_open=True), help="How long each load runs: 3."
    ),
    click.Option(["--json"], metavar="FILE", type=_FILE, help="Write all figures there, too."),
    click.Option(["--svg"], metavar="FILE", type=_FILE, help="Draw the main figures there, too."),
    click.Option(
        ["--directory"], metavar="DIR", type=_DIRECTORY, help="Where the journals lie: on the disk to measure."
    ),
)
"""What one can say about a benchmark on the command line."""


@click.command(cls=Verb, params=list(OPTIONS))
@click.pass_context
def bench(context: click.Context, /, **given: Any) -> int:  # noqa: ANN401 - click's options, checked by it
    """Measure this machine: a bare server, a bare disk, and the engine, in turn.

    Starts servers of its own on free ports with data directories of their own, and removes them at the end. All of it
    takes about a quarter of an hour; keep the machine quiet meanwhile. A goal that is missed is no failure.
    """
    from rich.console import Console

    from hookflash.cli.bench.measurements import MEASUREMENTS
    from hookflash.cli.bench.run import run

    is_plain = (context.find_object(Given) or Given()).color == "never"
    # Unlike other results these are meant for eyes only: groups in bold, verdicts in colour.
    console = Console(no_color=is_plain, highlight=False)
    progress = Console(stderr=True, no_color=is_plain, highlight=False)
    return run(options_of(MEASUREMENTS, **given), MEASUREMENTS, console, progress)


def options_of(measurements: Collection[str], **given: Any) -> "Options":  # noqa: ANN401 - click's options
    """Return what was asked for. Raises click.UsageError for a measurement that there is not."""
    from hookflash.cli.bench.run import Options

    unknown = [name for name in given["only"] if name not in measurements]
    if unknown:
        raise click.UsageError(f"There is no measurement {unknown[0]!r}; there are {', '.join(measurements)}.")
    return Options(**given)
