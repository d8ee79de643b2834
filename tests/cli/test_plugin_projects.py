"""`hookflash plugin new` writes projects whose contract tests pass at once; `plugin check` weighs what it finds."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import Command, silent_address
from tests.plugin_checks import MYPY, environment_of_checks


@pytest.fixture(scope="module", autouse=True)
def environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment_of_checks(tmp_path_factory.mktemp("checks") / "types").items():
            patch.setenv(name, value)
        yield


def _begun(command: Command, kind: str, folder: Path) -> Path:
    done = command("plugin", "new", kind, f"my-{kind}", "--into", str(folder))
    assert done.code == 0
    assert all(Path(line).is_file() for line in done.out.split())
    assert "hookflash plugin check ." in done.err
    return folder


def _checked(command: Command, target: str) -> tuple[int, dict[str, Any]]:
    done = command("plugin", "check", target, "-o", "json")
    assert done.out, done.err
    return done.code, json.loads(done.out)


def test_a_new_channel_keeps_its_contract_up_to_the_highest_level(command: Command, tmp_path: Path) -> None:
    code, found = _checked(command, str(_begun(command, "channel", tmp_path / "new")))
    assert (code, found["level"]) == (0, "platinum"), found


def test_the_tests_of_a_new_channel_are_typed_as_strictly_as_its_code(command: Command, tmp_path: Path) -> None:
    folder = _begun(command, "channel", tmp_path / "new")
    environ = {**os.environ, "MYPYPATH": "src"}
    done = subprocess.run([*MYPY, "tests"], cwd=folder, env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def test_every_kind_of_new_plugin_passes_its_own_tests(command: Command, tmp_path: Path) -> None:
    folders = [_begun(command, kind, tmp_path / kind) for kind in ("strategy", "sink", "filter")]
    paths = " ".join(str(folder / "src") for folder in folders)
    options = ["-q", "--import-mode=importlib", "-p", "no:cacheprovider", "-o", f"pythonpath={paths}"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *map(str, folders)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout


def test_a_level_is_not_reached_while_a_sample_is_missing_and_it_says_which(command: Command, tmp_path: Path) -> None:
    test = _begun(command, "channel", tmp_path / "new") / "tests" / "test_contract.py"
    lines = test.read_text(encoding="utf-8").splitlines(keepends=True)
    test.write_text("".join(line for line in lines if not line.startswith("    receipt =")), encoding="utf-8")
    done = command("plugin", "check", str(tmp_path / "new"))
    assert done.code == 0
    assert done.out.splitlines()[-1].endswith(": silver")
    assert "gold      missing  test receipts are read: a `receipt`" in done.out.splitlines()


def test_a_plugin_that_breaks_its_contract_reaches_no_level_and_fails_the_build(
    command: Command, tmp_path: Path
) -> None:
    source = _begun(command, "filter", tmp_path / "new") / "src" / "my_filter" / "__init__.py"
    text = source.read_text(encoding="utf-8")
    source.write_text(
        text.replace('NUMBER.sub("A-******", text)', 'NUMBER.sub("A-123456", text) + "!"'), encoding="utf-8"
    )
    code, found = _checked(command, str(tmp_path / "new"))
    assert (code, found["level"]) == (1, "")
    failed = [check["name"] for check in found["checks"] if check["outcome"] == "failed"]
    assert "test_a_text_that_went_through_passes" in failed


def test_an_installed_plugin_is_checked_by_its_name(command: Command) -> None:
    code, found = _checked(command, "console")
    assert code == 0
    assert found["level"] in ("silver", "gold", "platinum")


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("plugin", "new", "gateway", "my-sms"), 2, "there is no template for 'gateway'"),
        (("plugin", "new", "channel", "My SMS"), 2, "a plugin is named like my-sms"),
        (("plugin", "check", "nothing-of-the-kind"), 3, "neither a folder nor an installed plugin"),
        (("plugin", "new", "channel", "class"), 2, "'class' is a word of Python's"),
        (("plugin", "new", "sink", "json"), 2, "or a module that is there already"),
        (("plugin", "new", "channel", "whatsapp", "--into", "mine"), 2, "a plugin whatsapp is installed here"),
        (("plugin", "new", "strategy", "longest-available"), 2, "a plugin longest_available is installed here"),
        (("plugin", "check", "."), 3, "it has no pyproject.toml"),
    ],
)
def test_what_cannot_be_begun_or_checked_is_said_in_a_sentence(
    command: Command,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    code: int,
    sentence: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    done = command(*arguments)
    assert done.code == code
    assert sentence in done.err
    assert list(tmp_path.iterdir()) == []


def test_a_project_without_tests_is_told_to_inherit_a_contract(command: Command, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("", encoding="utf-8")
    done = command("plugin", "check", str(tmp_path))
    assert (done.code, "inherit a contract of hookflash.sdk.testing" in done.err) == (1, True)


def test_an_installed_adapter_that_needs_settings_and_brings_no_tests_says_so_and_has_not_failed(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _begun(command, "channel", tmp_path / "new")
    about = tmp_path / "site" / "my_channel-1.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: my-channel\nVersion: 1\n", encoding="utf-8")
    (about / "entry_points.txt").write_text("[hookflash.plugins]\nmy_channel = my_channel\n", encoding="utf-8")
    for place in (tmp_path / "site", tmp_path / "new" / "src"):
        monkeypatch.syspath_prepend(place)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path / 'site'}{os.pathsep}{tmp_path / 'new' / 'src'}")
    done = command("plugin", "check", "my_channel")
    _, bronze, *others = done.out.splitlines()
    assert (done.code, others[-1]) == (1, "my_channel: no level")
    assert bronze.split() == ["bronze", "open", "0", "0", "1", "0"]
    (open_one,) = [line for line in others if line.startswith("bronze ")]
    assert ("  missing  " in open_one, "setting 'api_key' is missing" in open_one) == (True, True)


def test_a_file_in_the_place_of_a_folder_is_left_alone(command: Command, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    done = command("plugin", "new", "channel", "my-sms", "--into", str(tmp_path / "mine.txt"))
    assert (done.code, "is a file; name a new folder" in done.err) == (2, True)


def test_a_folder_that_holds_something_is_left_alone(command: Command, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine", encoding="utf-8")
    done = command("plugin", "new", "channel", "my-sms", "--into", str(tmp_path))
    assert done.code == 2
    assert "is not empty; name a new folder" in done.err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_what_is_installed_is_listed_with_the_sdk_it_is_made_for(command: Command) -> None:
    with silent_address() as address:
        done = command("plugin", "list", "-o", "json", "--server", address)
    found = {plugin["name"]: plugin for plugin in json.loads(done.out)["plugins"]}
    assert found["jwt"]["reason"] == "made for SDK >=1.0,<2"
