"""The constraints: each package pinned and hashed, no index named, and all that pyproject.toml asks for is there."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
TO_RUN = ROOT / "constraints.txt"
TO_TEST = ROOT / "constraints-test.txt"
PIN = re.compile(r"([a-z0-9-]+)==([0-9][0-9a-z.]*)(?: ; python_version [^\\]*)?")
HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")


def _entries(path: Path) -> list[str]:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return [entry for entry in "\n".join(lines).replace("\\\n", "").splitlines() if entry != "-r constraints.txt"]


def _names(path: Path) -> set[str]:
    return {entry.split("==")[0] for entry in _entries(path)}


def _asked(requirements: list[str]) -> set[str]:
    return {re.split(r"[^A-Za-z0-9_.-]", text)[0].lower().replace("_", "-") for text in requirements}


@pytest.mark.parametrize("path", [TO_RUN, TO_TEST], ids=lambda path: path.name)
def test_every_line_is_one_package_one_version_and_its_hashes(path: Path) -> None:
    entries = _entries(path)
    assert entries
    for entry in entries:
        pin, *hashes = re.split(r"\s+(?=--hash)", entry.strip())
        assert PIN.fullmatch(pin.strip()), entry
        assert hashes, entry
        assert all(HASH.fullmatch(text) for text in hashes), entry


@pytest.mark.parametrize("path", [TO_RUN, TO_TEST], ids=lambda path: path.name)
def test_no_index_host_or_path_is_named(path: Path) -> None:
    assert not re.search(r"://|--index|--extra|--find-links|--trusted|@|/", _without_tool_names(path))


def _without_tool_names(path: Path) -> str:
    return path.read_text(encoding="utf-8").replace("tools/lock.py", "")


def test_what_the_project_asks_for_is_pinned_and_running_it_needs_no_test_tool() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    runtime = _asked([*project["build-system"]["requires"], *project["project"]["dependencies"]])
    test = _asked(project["project"]["optional-dependencies"]["test"])
    assert runtime <= _names(TO_RUN)
    assert test <= _names(TO_TEST)
    assert not _names(TO_RUN) & _names(TO_TEST)
