"""The reference pages are what `make docs` would write now, and nothing of the code is left out of them."""

import re
import shlex
from pathlib import Path

import click
import pytest

from hookflash.engine.domain.refusals import NEXT_REASONS, Reason
from tools import docs

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "docs" / "reference"


@pytest.mark.parametrize("name", docs.PAGES)
def test_a_page_is_what_would_be_written_now(name: str) -> None:
    assert (FOLDER / name).read_text(encoding="utf-8") == docs.PAGES[name](), "run `make docs`"


def test_every_page_in_the_folder_is_written_from_the_code() -> None:
    assert {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*.md")} == set(docs.PAGES)


def test_every_reason_that_can_be_given_has_its_row() -> None:
    page = docs.errors_page()
    assert [reason for reason in Reason if reason not in NEXT_REASONS and f"| `{reason}` |" not in page] == []


def test_every_hookflash_command_of_the_readme_is_one_that_the_command_line_takes() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    lines = re.findall(r"^hookflash (.+?)(?:  +#.*)?$", readme, flags=re.MULTILINE)
    assert lines
    for line in lines:
        command: click.Command = docs.command_line()
        words = shlex.split(line)
        context = click.Context(command, info_name="hookflash")
        while words and isinstance(command, click.Group):
            found = command.get_command(context, words.pop(0))
            assert found is not None, line
            command, context = found, click.Context(found, parent=context)
        # Parsing refuses an unknown option and a missing argument; nothing is run.
        command.make_context(command.name, words)
