"""What a start loads, and when: an engine that was killed is to be back soon."""

import subprocess
import sys
from pathlib import Path


def _python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=60, check=False)


def test_settings_are_judged_before_the_engine_is_loaded(tmp_path: Path) -> None:
    serve = ("-X", "importtime", "-m", "hookflash.cli", "serve", "--data", str(tmp_path))
    done = _python(*serve, "--listen", "nowhere")
    assert "hookflash.engine.settings" in done.stderr
    assert "hookflash.engine.engine" not in done.stderr
    assert done.returncode != 0


def test_the_process_of_the_views_does_without_rich_and_leaves_it_to_whoever_wants_it() -> None:
    check = "import sys, hookflash.engine.views.following; assert 'rich' not in sys.modules; import rich.table"
    done = _python("-c", f"{check}; print('both')")
    assert (done.stdout, done.stderr) == ("both\n", "")
