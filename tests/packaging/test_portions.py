"""The five namespace portions: importable together, typed, and no __init__.py that hides one behind another."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PORTIONS = {
    "hookflash.engine": "engine/hookflash/engine",
    "hookflash.sdk": "sdk/hookflash/sdk",
    "hookflash.cli": "cli/hookflash/cli",
    "hookflash.plugins": "plugins/hookflash/plugins",
    "hookflash.v1": "proto/hookflash/v1",
}


def test_all_five_portions_import_in_one_fresh_process_away_from_the_checkout(tmp_path: Path) -> None:
    code = "\n".join([*(f"import {name}" for name in PORTIONS), f"print(*({', '.join(PORTIONS)}), sep='\\n')"])
    ran = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert len(ran.stdout.splitlines()) == len(PORTIONS)


def test_no_folder_has_an_init_that_would_hide_the_other_portions() -> None:
    assert list(ROOT.glob("*/hookflash/__init__.py*")) == []


@pytest.mark.parametrize("folder", PORTIONS.values())
def test_each_portion_says_that_it_is_typed(folder: str) -> None:
    assert (ROOT / folder / "py.typed").is_file()
    assert not (ROOT / folder).parent.joinpath("py.typed").exists()
