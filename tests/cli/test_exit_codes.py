"""How a command ends: the code that scripts branch on, and one sentence on stderr for whoever reads it."""

import _thread
import subprocess
import sys
import threading
from collections.abc import Callable

import pytest
from google.protobuf.message import Message

from hookflash.cli.failures import CommandError, ExitCode, failure_of
from hookflash.sdk.client import messages as m
from tests.cli.command import Command, silent_address
from tests.cli.fake_server import FakeServer, RefusedError

TRANSFER = ("conversation", "transfer", "42", "--to", "queue:billing")


def refusing(code: str, reason: str, sentence: str) -> Callable[[Message, object], Message]:
    def refuse(_request: Message, _context: object) -> Message:
        raise RefusedError(code, reason or None, sentence)

    return refuse


def test_a_result_is_exit_0(command: Command, local: FakeServer) -> None:
    local.answers["ListQueues"] = lambda _request, _context: m.ListQueuesResponse()
    done = command("queue", "list")
    assert (done.code, done.err) == (0, "")


@pytest.mark.parametrize(
    ("code", "reason", "exit_code"),
    [
        ("INVALID_ARGUMENT", "NOTE_TOO_LONG", 2),
        ("NOT_FOUND", "CONVERSATION_NOT_FOUND", 3),
        ("UNAUTHENTICATED", "NOT_AUTHENTICATED", 4),
        ("PERMISSION_DENIED", "ROLE_NOT_ALLOWED", 4),
        ("FAILED_PRECONDITION", "INVITE_PENDING", 5),
        ("ABORTED", "ETAG_MISMATCH", 5),
        ("ALREADY_EXISTS", "CONVERSATION_EXISTS", 5),
        ("RESOURCE_EXHAUSTED", "QUEUE_FULL", 1),
        ("INTERNAL", "INTERNAL", 1),
        ("UNIMPLEMENTED", "", 1),
    ],
)
def test_each_kind_of_refusal_has_its_exit_code(
    command: Command, local: FakeServer, code: str, reason: str, exit_code: int
) -> None:
    local.answers["Transfer"] = refusing(code, reason, "That will not do.")
    done = command(*TRANSFER)
    assert done.code == exit_code
    assert done.out == ""
    assert done.err.startswith(f"hookflash: That will not do. ({reason or code})")
    assert done.err.count("\n") == 1


def test_a_draining_server_counts_as_unreachable(command: Command, local: FakeServer) -> None:
    local.answers["Transfer"] = refusing("UNAVAILABLE", "DRAINING", "The server is stopping.")
    assert command(*TRANSFER).code == 7


def test_no_server_is_exit_7_and_a_sentence_that_says_what_to_do(command: Command) -> None:
    with silent_address() as address:
        done = command("--server", address, "status")
    assert done.code == 7
    assert done.err == (
        f"hookflash: No server answers at {address}. Start one with `hookflash serve`, or name another with --server.\n"
    )


def test_a_missing_token_is_exit_4_and_says_how_to_give_one(command: Command, local: FakeServer) -> None:
    local.answers["GetServer"] = refusing("UNAUTHENTICATED", "NOT_AUTHENTICATED", "There is no valid token.")
    done = command("status")
    assert done.code == 4
    assert "--token-file" in done.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("queue",),
        ("queue", "nonsense"),
        ("conversation", "transfer", "42"),
        ("conversation", "transfer", "42", "--to", "billing"),
        ("conversation", "transfer", "queues/42", "--to", "queue:billing"),
        ("queue", "list", "-o", "xml"),
        ("queue", "list", "--timeout", "soon"),
        ("queue", "list", "--timeout", "0"),
        ("invite", "get", "42"),
        ("token", "create", "--role", "king", "--subject", "x"),
        ("events", "watch", "--after", "3", "--from-start"),
        ("--context", "nowhere", "status"),
        ("completion", "csh"),
        ("channel", "run", "console", "--channel", "My SMS"),
        ("channel", "run", "console", "--channel", "queues/web"),
        ("channel", "run", "console", "--channel", "channels/web", "--set", "pace_s"),
        ("channel", "probe", "web", "--url", "chat.example"),
    ],
)
def test_what_was_typed_wrongly_is_exit_2_and_calls_nobody(
    command: Command, local: FakeServer, arguments: tuple[str, ...]
) -> None:
    done = command(*arguments)
    assert done.code == 2
    assert done.err
    assert "Traceback" not in done.err
    assert local.calls == []


def test_waiting_for_an_invite_that_nobody_accepts_is_exit_6(command: Command, local: FakeServer) -> None:
    parked = m.Invite(name="conversations/42/invites/1", state=m.InviteState.INVITE_STATE_PARKED)
    ended = m.Invite(name="conversations/42/invites/1", state=m.InviteState.INVITE_STATE_NO_AGENT)
    answers = [parked, parked, ended]
    local.answers["Transfer"] = lambda _request, _context: parked
    local.answers["GetInvite"] = lambda _request, _context: answers.pop(0)
    done = command(*TRANSFER, "--wait", "-o", "name")
    assert done.code == 6
    assert done.out == "conversations/42/invites/1\n"
    assert done.err == "hookflash: Nobody has accepted conversations/42/invites/1: nobody accepted in time.\n"
    assert answers == []


def test_waiting_ends_with_0_when_somebody_accepts_and_with_6_when_the_time_is_over(
    command: Command, local: FakeServer
) -> None:
    invite = m.Invite(name="conversations/42/invites/1", state=m.InviteState.INVITE_STATE_OFFERED)
    local.answers["GetInvite"] = lambda _request, _context: invite
    done = command("invite", "get", "42/1", "--wait", "--timeout", "10ms")
    assert (done.code, "still OFFERED" in done.err) == (6, True)
    invite = m.Invite(name="conversations/42/invites/1", state=m.InviteState.INVITE_STATE_ACCEPTED)
    assert command("invite", "get", "42/1", "--wait").code == 0
    assert {request.name for request in local.requests("GetInvite")} == {"conversations/42/invites/1"}


def test_an_answer_that_does_not_come_in_time_is_exit_6(command: Command, local: FakeServer) -> None:
    gone = threading.Event()
    local.answers["ListQueues"] = lambda _request, context: (context.add_callback(gone.set), gone.wait())[1]
    done = command("queue", "list", "--timeout", "200ms")
    assert done.code == 6
    assert "did not answer in time" in done.err


def test_ctrl_c_is_exit_130(command: Command, local: FakeServer) -> None:
    def interrupt(_request: Message, _context: object) -> Message:
        _thread.interrupt_main()
        return m.Server()

    local.answers["GetServer"] = interrupt
    done = command("status")
    assert done.code == 130
    assert "Traceback" not in done.err


def test_a_defect_is_a_sentence_and_its_traceback_only_with_v(
    command: Command, local: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    local.answers["GetServer"] = lambda _request, _context: m.Server()
    monkeypatch.setattr("hookflash.cli.nouns.status._facts", lambda *_: 1 / 0)
    plain = command("status")
    assert plain.code == 1
    assert "Traceback" not in plain.err
    assert "ZeroDivisionError" in plain.err
    assert "Traceback" in command("status", "-v").err


def test_v_shows_what_else_a_refusal_carries(command: Command, local: FakeServer) -> None:
    def refuse(_request: Message, _context: object) -> Message:
        raise RefusedError("INTERNAL", "INTERNAL", "Something failed.", {"error_id": "e-17"})

    local.answers["GetServer"] = refuse
    assert "e-17" not in command("status").err
    assert "error_id: e-17" in command("status", "-v").err


def test_control_characters_of_a_server_do_not_reach_the_terminal(command: Command, local: FakeServer) -> None:
    local.answers["GetServer"] = refusing("NOT_FOUND", "QUEUE_NOT_FOUND", "No \x1b[31mqueue\x9b.")
    assert command("status").err == "hookflash: No \\u001b[31mqueue\\u009b. (QUEUE_NOT_FOUND)\n"


def test_whoever_stops_reading_sees_no_traceback() -> None:
    code = "import sys; from hookflash.cli.main import main; sys.exit(main(['completion', 'bash']))"
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as started:
        assert started.stdout is not None
        assert started.stderr is not None
        started.stdout.close()
        assert started.stderr.read() == b""


def test_a_file_that_cannot_be_read_is_named() -> None:
    failure = failure_of(PermissionError(13, "Permission denied", "/etc/x"))
    assert (failure.code, failure.sentence) == (ExitCode.FAILED, "/etc/x: Permission denied.")
    assert failure_of(CommandError("No.", ExitCode.AUTH)).code is ExitCode.AUTH
