"""What README and the other pages name exists: their commands are targets, their links lead somewhere."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


def _targets() -> set[str]:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    return set(re.findall(r"^([a-z]+):", text, flags=re.MULTILINE))


def _page(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=_page)
def test_every_make_command_on_a_page_is_a_target(page: Path) -> None:
    named = set(re.findall(r"(?:^|`)make ([a-z]+)", page.read_text(encoding="utf-8"), flags=re.MULTILINE))
    assert named <= _targets()


@pytest.mark.parametrize("page", PAGES, ids=_page)
def test_every_link_inside_the_repository_leads_to_a_file(page: Path) -> None:
    broken = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if not (page.parent / link).exists()]
    assert broken == []


def test_the_makefile_has_the_targets_that_were_promised_and_each_can_be_planned() -> None:
    promised = ["setup", "demo", "serve", "test", "check", "fmt", "lint", "types", "proto", "docs", "bench", "spec"]
    promised += ["simulate", "mutants", "torture", "trials"]
    assert set(promised) <= _targets()
    make = shutil.which("make")
    assert make is not None
    alone = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    for target in promised:
        command = [make, "-n", target]
        planned = subprocess.run(command, cwd=ROOT, env=alone, capture_output=True, text=True, check=False)
        assert (target, planned.returncode, planned.stderr) == (target, 0, "")


def test_the_checks_of_a_change_run_exactly_the_test_command_of_the_readme_and_the_trials() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    steps = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert re.search(r"^make test\b", readme, flags=re.MULTILINE)
    assert re.search(r"^timed make test$", steps, flags=re.MULTILINE)
    assert re.search(r"^timed make trials$", steps, flags=re.MULTILINE)
