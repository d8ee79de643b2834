"""A plugin's own commands stand under its name, and it is imported for nothing else."""

import subprocess
import sys
from pathlib import Path

from tests.cli.command import Command


def test_a_plugins_command_runs_under_its_name(command: Command, tmp_path: Path) -> None:
    file = tmp_path / "calendars.toml"
    file.write_text('[always]\ntime_zone = "UTC"\nweekly.monday = ["00:00-24:00"]\n', encoding="utf-8")
    out = command("hours", "check", str(file), "--at", "2026-05-11T10:00+00:00").out
    assert out == "always: open until 2026-05-12 00:00 UTC\n"


def test_a_plugin_without_commands_and_a_name_that_nobody_has_are_told_apart(command: Command) -> None:
    assert "The plugin pii brings no command." in command("pii", "anything").err
    assert "No such command" in command("no_such_plugin").err


def test_neither_help_nor_another_command_imports_a_plugin() -> None:
    for words in ("['--help']", "['completion', '--help']"):
        script = (
            "import sys; from hookflash.cli.main import main; main({}); "
            "sys.exit(any(name.startswith('hookflash.plugins.') for name in sys.modules))"
        )
        done = subprocess.run([sys.executable, "-c", script.format(words)], capture_output=True, check=False)
        assert done.returncode == 0
