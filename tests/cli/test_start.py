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


def _loads(what: str) -> set[str]:
    done = _python("-c", f"import sys, {what}; print(*sys.modules)")
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_an_engine_does_without_rich_and_leaves_it_to_whoever_wants_it() -> None:
    loaded = _loads("hookflash.engine.lean, hookflash.engine.serve")
    assert {"structlog", "httpx"} <= loaded
    assert not {each for each in loaded if each.partition(".")[0] == "rich"}
    assert "rich.table" in _loads("hookflash.engine.lean, rich.table")


def test_a_server_is_lean_before_anything_else_of_the_engine_is_loaded(tmp_path: Path) -> None:
    # Listening on an address that is not ours fails when everything is loaded.
    serve = ("-X", "importtime", "-m", "hookflash.cli", "serve", "--data", str(tmp_path), "--insecure-i-know")
    done = _python(*serve, "--listen", "192.0.2.1:0")
    assert done.returncode == 1
    assert "hookflash.engine.serve" in done.stderr
    assert "rich.segment" not in done.stderr  # rich.console is asked for, and is not there.


def test_the_process_of_the_views_loads_no_log_and_nothing_that_plugins_are_made_of() -> None:
    loaded = _loads("hookflash.engine.views.following")
    assert not {"structlog", "asyncio", "pluggy", "hookflash.sdk.authoring"} & loaded


def test_a_front_loads_no_more_of_the_engine_than_itself() -> None:
    loaded = {each for each in _loads("hookflash.engine.front.process") if each.startswith("hookflash.engine.")}
    assert {each for each in loaded if not each.startswith("hookflash.engine.front")} == set()


def test_a_client_loads_nothing_that_plugins_are_made_of() -> None:
    assert not {"pluggy", "hookflash.sdk.authoring"} & _loads("hookflash.sdk.client")
