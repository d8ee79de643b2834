"""The tutorial, run as it stands: in an environment of its own, out of tree, against the wheel that users install."""

import os
import socket
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.docs.walkthrough import Walkthrough, blocks_of
from tests.plugin_checks import environment_of_checks

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = ROOT / "docs" / "tutorial.md"


def _free_ports(*ports: str) -> Mapping[str, str]:
    """A free port for each that the page names; held until all are found, so that no two are the same."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in ports]
    found = {port: str(listener.getsockname()[1]) for port, listener in zip(ports, held, strict=True)}
    for listener in held:
        listener.close()
    return found


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder with a new environment in it, into which the wheel of this checkout is installed.

    What the wheel depends on, and pip, is lent by this environment: a path to it stands behind the new one's own.
    """
    wheels = tmp_path / "wheels"
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(wheels)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    place = tmp_path / "venv"
    venv.create(place)
    pip = place / "bin" / "pip"
    pip.write_text(f"#!{place / 'bin' / 'python'}\nfrom pip._internal.cli.main import main\nmain()\n", encoding="utf-8")
    pip.chmod(0o755)
    (site,) = place.glob("lib/python3*/site-packages")
    (site / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    install = [str(pip), "install", "-q", "--no-deps", "--no-index"]
    subprocess.run([*install, *map(str, wheels.glob("*.whl"))], check=True, capture_output=True)
    code = "import hookflash.sdk; print(hookflash.sdk.__file__)"
    done = subprocess.run([place / "bin" / "python", "-c", code], check=True, capture_output=True, text=True)
    assert Path(done.stdout.strip()).is_relative_to(place), "it is the wheel that runs, not this checkout"
    return tmp_path


@pytest.mark.trial
def test_the_tutorial_goes_from_nothing_to_a_working_channel_and_strategy(outside: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HOOKFLASH_", "PYTHON", "PIP_"))}
    ports = _free_ports("7433", "7480", "7490")
    environ = {
        **kept,
        **environment_of_checks(outside / "types"),
        "PATH": f"{outside / 'venv' / 'bin'}:{os.environ['PATH']}",
        "HOME": str(outside),
        "HOOKFLASH_SERVER": f"127.0.0.1:{ports['7433']}",
        # pip finds everything that it needs in the environment, and fetches nothing.
        "PIP_NO_INDEX": "1",
        "PIP_NO_BUILD_ISOLATION": "0",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PYTHONUNBUFFERED": "1",
    }
    with Walkthrough(outside, environ, ports) as walk:
        for block in blocks_of(PAGE.read_text(encoding="utf-8")):
            if "install" not in block.words:
                walk.run(block)
