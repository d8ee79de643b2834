"""A plugin's level: its contract tests are run by pytest in a process of its own, and what they came to is weighed.

A level is reached when something in it passed, nothing in it and below it failed, and no sample is missing that its
tests ask for. Two checks are no tests of the contract: a page about the plugin (gold) and strict types (platinum).
"""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import EntryPoint, entry_points
from importlib.util import find_spec
from pathlib import Path

from hookflash.cli.failures import CommandError, ExitCode

__all__ = ["LEVELS", "Check", "Outcome", "Report", "examine"]

LEVELS = ("bronze", "silver", "gold", "platinum")

_GROUP = "hookflash.plugins"
_ANY = "hookflash.sdk.testing.installed"
_CHECKED = "HOOKFLASH_CHECKED_PLUGIN"
_MISSING = "missing: "
_NO_TESTS = 5
_BROKEN = 2
_TOPICS = ("configure", "limits", "down")
_OF_A_CHANNEL = "test_it_names_its_kind_and_says_what_it_can"


class Outcome(StrEnum):
    """How one check ended."""

    PASSED = "passed"
    FAILED = "failed"
    MISSING = "missing"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at: its level, its name, how it ended, and why where it did not pass."""

    level: str
    name: str
    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """All checks of one plugin, and what pytest printed."""

    target: str
    checks: tuple[Check, ...]
    said: str = ""

    @property
    def level(self) -> str:
        """The highest level that is reached; empty for none."""
        reached = ""
        for level in LEVELS:
            ended = [check.outcome for check in self.checks if check.level == level]
            if Outcome.PASSED not in ended or Outcome.FAILED in ended or Outcome.MISSING in ended:
                break
            reached = level
        return reached

    def open(self) -> tuple[Check, ...]:
        """The checks that keep a level from being reached."""
        return tuple(check for check in self.checks if check.outcome in (Outcome.FAILED, Outcome.MISSING))


def examine(target: str) -> Report:
    """Check a plugin: a folder with its project, or the name of an installed one. Raises CommandError."""
    if find_spec("pytest") is None:
        raise CommandError("`hookflash plugin check` runs the contract's tests with pytest: pip install pytest.")
    folder = Path(target).resolve()
    if folder.is_dir():
        if not (folder / "pyproject.toml").is_file():
            raise CommandError(
                f"{target!r} is no plugin's project: it has no pyproject.toml. `hookflash plugin new` begins one.",
                ExitCode.NOT_FOUND,
            )
        checks, said = _run([str(folder)], folder)
        is_channel = any(check.name == _OF_A_CHANNEL for check in checks)
        checks.append(_page(folder, _TOPICS if is_channel else _TOPICS[:1]))
        sources = sorted(_sources(folder))
    else:
        point = _installed(target)
        checks, said = _run(["--pyargs", _contract_of(point)], Path.cwd(), {_CHECKED: target})
        sources = [_source(point)]
        checks.append(_about(sources[0]))
    # Types are last and slowest; while a test fails they would be said to a reader who has other worries.
    if not any(check.outcome is Outcome.FAILED for check in checks):
        checks.append(_types(sources))
    return Report(target=target, checks=tuple(checks), said=said)


def _installed(name: str) -> EntryPoint:
    found = next((point for point in entry_points(group=_GROUP) if point.name == name), None)
    if found is None:
        known = ", ".join(sorted(point.name for point in entry_points(group=_GROUP)))
        raise CommandError(
            f"{name!r} is neither a folder nor an installed plugin; there are: {known}.", ExitCode.NOT_FOUND
        )
    return found


def _contract_of(point: EntryPoint) -> str:
    """The module with an installed plugin's contract tests: its own `contract`, else what the SDK makes of it."""
    own = f"{point.module}.contract"
    try:
        return own if find_spec(own) is not None else _ANY
    except ModuleNotFoundError:  # The plugin is a single module: it has nothing inside.
        return _ANY


def _run(arguments: Sequence[str], folder: Path, environ: Mapping[str, str] | None = None) -> tuple[list[Check], str]:
    with tempfile.TemporaryDirectory() as place:
        report = Path(place) / "report.json"
        command = [sys.executable, "-m", "pytest", *arguments, "-q", "-p", "no:cacheprovider", "-o", "addopts="]
        done = subprocess.run(  # noqa: S603  this interpreter, on what the caller asked to check
            [*command, "--hookflash-report", str(report)],
            cwd=folder,
            env={**os.environ, **(environ or {})},
            capture_output=True,
            text=True,
            check=False,
        )
        said = done.stdout + done.stderr
        if done.returncode == _NO_TESTS:
            raise CommandError(
                f"There are no tests in {' '.join(arguments)}; inherit a contract of hookflash.sdk.testing."
            )
        if done.returncode >= _BROKEN or not report.exists():
            raise CommandError(f"The tests cannot be run:\n{said.strip()}")
        return [_check(one) for one in json.loads(report.read_text(encoding="utf-8"))], said


def _check(ended: dict[str, str]) -> Check:
    outcome = Outcome(ended["outcome"])
    if outcome is Outcome.SKIPPED and ended["reason"].startswith(_MISSING):
        outcome = Outcome.MISSING
    # A plugin's own tests are part of the lowest level: while one fails nothing is reached.
    return Check(
        level=ended["level"] or LEVELS[0],
        name=ended["test"].rpartition("::")[2],
        outcome=outcome,
        reason=ended["reason"].removeprefix(_MISSING),
    )


def _source(point: EntryPoint) -> Path:
    found = find_spec(point.module)
    place = Path(found.origin if found is not None and found.origin is not None else "")
    return place.parent if place.name == "__init__.py" else place


def _about(source: Path) -> Check:
    module = source / "__init__.py" if source.is_dir() else source
    has_words = ast.get_docstring(ast.parse(module.read_bytes())) is not None
    outcome = Outcome.PASSED if has_words else Outcome.MISSING
    return Check(level="gold", name="its module says what it is", outcome=outcome)


def _page(folder: Path, topics: Sequence[str]) -> Check:
    page = folder / "README.md"
    text = page.read_text(encoding="utf-8", errors="replace").lower() if page.is_file() else ""
    absent = [topic for topic in topics if topic not in text]
    return Check(
        level="gold",
        name=f"its README says something about: {', '.join(topics)}",
        outcome=Outcome.MISSING if absent else Outcome.PASSED,
        reason=f"nothing about: {', '.join(absent)}" if absent else "",
    )


def _types(sources: Sequence[Path]) -> Check:
    name = "its types are strict (mypy --strict)"
    if find_spec("mypy") is None:
        return Check(level="platinum", name=name, outcome=Outcome.MISSING, reason="mypy is not installed")
    command = [sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "--no-error-summary"]
    done = subprocess.run(  # noqa: S603  as above
        [*command, *map(str, sources)], capture_output=True, text=True, check=False
    )
    first = done.stdout.strip().partition("\n")[0]
    outcome = Outcome.FAILED if done.returncode else Outcome.PASSED
    return Check(level="platinum", name=name, outcome=outcome, reason=first if done.returncode else "")


def _sources(folder: Path) -> Iterator[Path]:
    """The plugin's packages and modules: below src/, or beside pyproject.toml."""
    root = folder / "src" if (folder / "src").is_dir() else folder
    for entry in root.resolve().iterdir():
        if (entry.is_dir() and (entry / "__init__.py").is_file() and entry.name != "tests") or entry.suffix == ".py":
            yield entry
