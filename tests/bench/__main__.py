"""`make bench`: what `hookflash bench` measures, and the alternatives beside it; with `--docs` the pages' figures anew.

`python -m tests.bench` takes the command's own options. xoscar and thespian are measured where an environment for them
was made (`make bench-alternatives`); without it their rows say that they are not installed.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import click
from rich.console import Console

from hookflash.cli.bench import OPTIONS, options_of
from hookflash.cli.bench.measurements import MEASUREMENTS, Measurement
from hookflash.cli.bench.run import run
from tests.bench.alternatives import actors, obvious

__all__ = ["ALL", "main"]

_DOCS: Final = Path(__file__).resolve().parents[2] / "docs"
ALL: Final[Mapping[str, Measurement]] = {
    **MEASUREMENTS,
    "obvious": Measurement(measure=obvious.measure),
    "actors": Measurement(measure=actors.measure, rounds_max=3),
}


@click.command(params=list(OPTIONS))
@click.option("--docs", is_flag=True, help="Write docs/figures.json and docs/figures.svg.")
@click.pass_context
def main(context: click.Context, /, *, docs: bool, **given: Any) -> None:  # noqa: ANN401  click's options, checked by it
    """Measure the engine, the floor under it, and the alternatives beside it."""
    if docs:
        given |= {"json": _DOCS / "figures.json", "svg": _DOCS / "figures.svg"}
    consoles = Console(highlight=False), Console(stderr=True, highlight=False)
    context.exit(run(options_of(ALL, **given), ALL, *consoles))


if __name__ == "__main__":
    main()
