"""Help, completion and version: at once, without a server, and without loading what a call would need."""

import json
import subprocess
import sys

import pytest

from hookflash.cli.main import root
from tests.cli.command import Command

_HELP = """
import json, sys
from hookflash.cli.main import main
code = main(sys.argv[1:])
heavy = "asyncio grpc hookflash.engine hookflash.sdk msgspec pluggy pykka rich structlog yaml".split()
print(json.dumps({"code": code, "heavy": [name for name in heavy if name in sys.modules]}))
"""
TREE = {
    "queue": "list get watch",
    "agent": "list get set attach",
    "conversation": ("list get create send whisper leave close timeline transcript watch transfer conference route"),
    "invite": "get cancel explain",
    "events": "list watch",
    "channel": "list get run probe",
    "plugin": "list new check",
    "token": "create list revoke",
    "server": "drain health",
    "context": "list use set delete",
}


def _loaded(script: str) -> set[str]:
    """The modules that a process has at its end which prints its help."""
    ended = f"{script}\nimport sys; print('\\n\\n', *sys.modules)"
    done = subprocess.run([sys.executable, "-c", ended], check=True, capture_output=True, text=True)
    return set(done.stdout.splitlines()[-1].split())


def test_help_loads_click_and_what_it_shows_and_nothing_else() -> None:
    bare = "import click; click.Group(params=[click.Option(['-x'])]).main(['--help'], 'x', standalone_mode=False)"
    ours = _loaded("import os; from hookflash.cli.main import main; main(['--help'])") - _loaded(bare)
    own = ("", ".failures", ".main", ".options", ".tree")
    assert ours - {"copy", "dataclasses"} == {"hookflash", *(f"hookflash.cli{each}" for each in own)}


@pytest.mark.parametrize(
    "arguments", [["--help"], ["conversation", "--help"], ["completion", "zsh"], ["context", "list"]]
)
def test_nothing_heavy_is_loaded_for_help_and_completion(arguments: list[str], command: Command) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _HELP, *arguments], check=True, capture_output=True, text=True, cwd=command.home
    )
    assert json.loads(done.stdout.splitlines()[-1])["code"] == 0
    heavy = json.loads(done.stdout.splitlines()[-1])["heavy"]
    assert heavy in ([], ["asyncio"]) if arguments == ["conversation", "--help"] else heavy == []


def test_the_tree_has_every_noun_and_verb(command: Command) -> None:
    for noun, verbs in TREE.items():
        found = root.get_command(root.make_context("hookflash", [noun], resilient_parsing=True), noun)
        assert found is not None
        assert set(getattr(found, "commands", {})) == set(verbs.split()), noun
    for top in ("serve", "demo", "status", "apply", "diff", "export", "doctor", "completion"):
        assert top in root.list_commands(root.make_context("hookflash", [top], resilient_parsing=True))
    assert command("--help").out.count("\n  ") > len(TREE)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_for_each_shell(command: Command, shell: str) -> None:
    done = command("completion", shell)
    assert done.code == 0
    assert "_HOOKFLASH_COMPLETE" in done.out
    assert "hookflash" in done.out


def test_the_shell_is_told_what_can_follow(command: Command) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "hookflash.cli"],
        env={
            "_HOOKFLASH_COMPLETE": "bash_complete", "COMP_WORDS": "hookflash conversation tra", "COMP_CWORD": "2",
            "HOME": str(command.home),
        },
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert sorted(done.stdout.splitlines()) == ["plain,transcript", "plain,transfer"]


def test_the_version_is_told_without_a_server(command: Command) -> None:
    assert command("--version").out.startswith("hookflash")
