"""Which server is called, and with which token: flag over variable over context over default; no secret goes astray."""

# ruff: noqa: S105, S106  none of these is a secret of anything

import stat
from pathlib import Path

import pytest

from hookflash.cli.contexts import Context, Contexts, contexts_file, read_contexts, write_contexts
from hookflash.cli.failures import CommandError, ExitCode
from hookflash.cli.options import Given
from hookflash.cli.targets import is_local, resolve
from hookflash.sdk.client import messages as m
from tests.cli.command import Command, silent_address
from tests.cli.fake_server import FakeServer


def secret(path: Path, token: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(token)
    path.chmod(0o600)
    return str(path)


def test_a_flag_goes_before_a_variable_before_a_context_before_the_default(command: Command) -> None:
    assert resolve(Given()).server == "127.0.0.1:7433"
    assert command("context", "set", "prod", "--server", "context:1").code == 0
    assert resolve(Given()).server == "context:1"
    command.monkeypatch.setenv("HOOKFLASH_SERVER", "variable:1")
    assert resolve(Given()).server == "variable:1"
    assert resolve(Given({"server": "flag:1"})).server == "flag:1"


def test_a_token_is_found_in_the_same_order(command: Command) -> None:
    home = command.home
    assert resolve(Given()).token is None
    secret(home / "hookflash-data" / "admin.token", "of-the-data-directory\n")
    assert resolve(Given()).token == "of-the-data-directory"
    command("context", "set", "here", "--token-file", secret(home / "context.token", "of-the-context"))
    assert resolve(Given()).token == "of-the-context"
    command.monkeypatch.setenv("HOOKFLASH_TOKEN", "of-the-variable")
    assert resolve(Given()).token == "of-the-variable"
    command.monkeypatch.setenv("HOOKFLASH_TOKEN_FILE", secret(home / "variable.token", "of-the-variables-file"))
    assert resolve(Given()).token == "of-the-variables-file"
    assert resolve(Given({"token_file": secret(home / "flag.token", "of-the-flag")})).token == "of-the-flag"


def test_the_command_sends_what_was_found(command: Command, server: FakeServer) -> None:
    server.answers["ListQueues"] = lambda _request, _context: m.ListQueuesResponse()
    command("queue", "list", "--server", server.address, "--token-file", secret(command.home / "t", "hf_1_x"))
    assert server.calls[0].metadata["authorization"] == "Bearer hf_1_x"


def test_a_local_servers_admin_token_is_not_sent_to_another_machine(command: Command) -> None:
    secret(command.home / "hookflash-data" / "admin.token", "of-the-data-directory")
    assert resolve(Given({"server": "localhost:7500"})).token == "of-the-data-directory"
    assert resolve(Given({"server": "example.org:7433"})).token is None


def test_a_contexts_token_is_not_sent_to_another_server(command: Command) -> None:
    token = secret(command.home / "prod.token", "of-prod")
    command("context", "set", "prod", "--server", "prod.example.org:7433", "--token-file", token, "--tls-ca", "system")
    assert resolve(Given()).token == "of-prod"
    elsewhere = resolve(Given({"server": "evil.example.org:7433"}))
    assert (elsewhere.token, elsewhere.tls_ca) == (None, None)


def test_a_token_in_the_clear_to_another_machine_is_warned_of(command: Command) -> None:
    token = secret(command.home / "t", "hf_1_x")
    with silent_address() as address:
        # This machine, but not by one of the names that nobody else can have.
        elsewhere = address.replace("127.0.0.1", "0.0.0.0")  # noqa: S104 - called, not bound
        assert "unencrypted" in command("status", "--server", elsewhere, "--token-file", token).err
        assert "unencrypted" not in command("status", "-q", "--server", elsewhere, "--token-file", token).err
        assert "unencrypted" not in command("status", "--server", address, "--token-file", token).err


def test_the_context_file_is_for_this_user_only(command: Command) -> None:
    command("context", "set", "prod", "--server", "prod:1")
    path = contexts_file()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o640)
    done = command("context", "list")
    assert done.code == 4
    assert f"chmod 600 {path}" in done.err


def test_a_token_file_that_others_may_read_is_refused(command: Command) -> None:
    token = secret(command.home / "t", "hf_1_x")
    (command.home / "t").chmod(0o644)
    done = command("status", "--token-file", token)
    assert done.code == 4
    assert "chmod 600" in done.err


@pytest.mark.parametrize("content", ["", "  \n", "two words", "br\x00ken"])
def test_a_file_that_holds_no_token_is_refused(command: Command, content: str) -> None:
    done = command("status", "--token-file", secret(command.home / "t", content))
    assert done.code == 4
    assert "holds no token" in done.err


def test_a_token_file_that_is_not_there_is_named(command: Command) -> None:
    done = command("status", "--token-file", "nowhere")
    assert done.code == 1
    assert "There is no token file nowhere" in done.err


def test_contexts_are_made_used_listed_and_deleted(command: Command) -> None:
    assert command("context", "list").out == ""
    command("context", "set", "prod", "--server", "prod:1")
    command("context", "set", "test", "--server", "test:1")
    assert command("context", "list").out == "* prod  prod:1\n  test  test:1\n"
    assert command("context", "use", "test").code == 0
    assert command("context", "list", "-o", "name").out == "prod\ntest\n"
    assert resolve(Given()).server == "test:1"
    assert resolve(Given({"context": "prod"})).server == "prod:1"
    assert command("context", "delete", "test").code == 0
    assert read_contexts() == Contexts(current=None, by_name={"prod": Context(server="prod:1")})
    assert command("context", "delete", "test").code == 3
    assert command("context", "use", "test").code == 3
    assert command("context", "set", "empty").code == 2


def test_setting_a_context_again_keeps_what_is_not_given(command: Command) -> None:
    command("context", "set", "prod", "--server", "prod:1", "--tls-ca", "system")
    command("context", "set", "prod", "--server", "prod:2")
    assert read_contexts().by_name["prod"] == Context(server="prod:2", tls_ca="system")


def test_paths_of_a_context_hold_in_every_directory(command: Command) -> None:
    command("context", "set", "prod", "--token-file", "prod.token")
    assert read_contexts().by_name["prod"].token_file == str(command.home / "prod.token")


def test_any_text_survives_the_context_file(command: Command) -> None:
    odd = 'a "quoted" \\ [name] = \x7f\u00e4#'
    contexts = Contexts(current=odd, by_name={odd: Context(server=odd, token="t")})
    write_contexts(contexts)
    assert read_contexts() == contexts
    assert command.home


@pytest.mark.parametrize(
    "text",
    ["nonsense", "server = 'x'", "[contexts]\nprod = 1", "[contexts.prod]\nservr = 'x'", "[contexts.prod]\nserver = 1"],
)
def test_a_context_file_that_makes_no_sense_is_refused_with_its_name(command: Command, text: str) -> None:
    secret(contexts_file(), text)
    with pytest.raises(CommandError, match=r"contexts\.toml") as raised:
        read_contexts()
    assert raised.value.code is ExitCode.USAGE
    assert command.home


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        ("127.0.0.1:1", True), ("localhost:1", True), ("[::1]:1", True), ("unix:/tmp/x", True),
        ("10.0.0.1:1", False), ("localhost.example.org:1", False), ("0.0.0.0:1", False), ("", False),
    ],
)  # fmt: skip
def test_only_this_machines_own_addresses_are_local(server: str, expected: bool) -> None:  # noqa: FBT001
    assert is_local(server) is expected
