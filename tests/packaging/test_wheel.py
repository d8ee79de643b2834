"""What a wheel holds: every module, the generated code, the markers, the entry points, and nothing else."""

import subprocess
import sys
import tomllib
from configparser import ConfigParser
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDERS = ("engine", "sdk", "cli", "plugins", "proto")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    """A wheel of this checkout, built by the backend itself."""
    target = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    (path,) = target.glob("*.whl")
    return ZipFile(path)


def _source_files() -> set[str]:
    return {
        path.relative_to(ROOT / folder).as_posix()
        for folder in FOLDERS
        for path in (ROOT / folder / "hookflash").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_the_wheel_holds_every_file_of_the_portions_and_no_other_package(wheel: ZipFile) -> None:
    packed = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert packed == _source_files()


def test_the_wheel_holds_generated_code_for_every_proto_file_and_the_markers(wheel: ZipFile) -> None:
    names = wheel.namelist()
    protos = sorted((ROOT / "proto/hookflash/v1").glob("*.proto"))
    assert protos
    for proto in protos:
        assert f"hookflash/v1/{proto.stem}_pb2.py" in names
        assert f"hookflash/v1/{proto.stem}_pb2.pyi" in names
    assert [name for name in sorted(names) if name.endswith("py.typed")] == [
        "hookflash/cli/py.typed",
        "hookflash/engine/py.typed",
        "hookflash/plugins/py.typed",
        "hookflash/sdk/py.typed",
        "hookflash/v1/py.typed",
    ]


def test_the_wheel_names_the_command_the_bundled_plugins_and_the_licence(wheel: ZipFile) -> None:
    (entry_points,) = (name for name in wheel.namelist() if name.endswith("entry_points.txt"))
    packed = ConfigParser(delimiters="=")
    packed.read_string(wheel.read(entry_points).decode())
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert dict(packed["console_scripts"]) == project["scripts"]
    assert dict(packed["hookflash.plugins"]) == project["entry-points"]["hookflash.plugins"]
    assert dict(packed["pytest11"]) == project["entry-points"]["pytest11"]
    assert any(name.endswith("licenses/LICENSE") for name in wheel.namelist())
