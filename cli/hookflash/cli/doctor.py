"""`hookflash doctor`: a first check of a data directory's journal, without a server and without owning it.

One of the few modules here that import the engine. It changes nothing, also on a journal that is in use.
"""

import json
from pathlib import Path

import click

from hookflash.cli.failures import CommandError, ExitCode
from hookflash.cli.options import Given
from hookflash.cli.tree import Verb

__all__ = ["doctor"]

_CHECKED = "SQLite's own structure, the chain of hashes over all records, and every event in them"


@click.command(cls=Verb)
@click.option(
    "--data", metavar="DIR", type=click.Path(path_type=Path), default="hookflash-data", show_default=True,
    envvar="HOOKFLASH_DATA", help="The data directory.",
)  # fmt: skip
@click.pass_context
def doctor(context: click.Context, data: Path) -> int:
    """Check a data directory's journal from its first record to its last.

    Exit 0 when all is well, 1 when something is damaged. Nothing is changed.
    """
    from hookflash.engine.journal.errors import JournalError
    from hookflash.engine.journal.sqlite_reader import verify_directory

    try:
        report = verify_directory(data)
    except JournalError as error:
        raise CommandError(str(error)) from error
    given = context.find_object(Given) or Given()
    found = {
        "data": str(data),
        "records": report.records,
        "damagedPosition": report.damaged_position,
        "why": report.why,
        "checked": _CHECKED,
    }
    _print(found, given.form)
    return ExitCode.OK if report.damaged_position is None else ExitCode.FAILED


def _print(found: dict[str, object], form: str) -> None:
    match form:
        case "json":
            print(json.dumps(found, indent=2))
        case "jsonl":
            print(json.dumps(found))
        case "yaml":
            from hookflash.cli.output import as_yaml

            print(as_yaml(found), end="")
        case _:
            damaged = found["damagedPosition"]
            state = "sound" if damaged is None else f"damaged at position {damaged}: {found['why']}"
            print(f"The journal in {found['data']} is {state}.")
            print(f"Checked {found['records']} records: {found['checked']}.")
