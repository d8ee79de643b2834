"""The command against a real server: a site is applied, desks are opened, a customer is handed on."""

import re
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cli.command import Command, process

SITE = """\
attributes:
  - {name: billing, kind: PROFICIENCY}
queues:
  - {name: general, display_name: General}
  - {name: billing, display_name: Billing, offer_timeout: 20s, steps: [{expression: billing >= 3, wait: 30s}]}
channels:
  - {name: web, is_external: true, queue: general}
agents:
  - {name: ann, display_name: Ann}
  - {name: bob, display_name: Bob, attributes: {billing: 8}, queues: [billing]}
"""
_PATIENCE_S = 30


class Screen:
    """What a process printed so far, and waiting for what it is to print."""

    def __init__(self, started: subprocess.Popen[str]) -> None:
        self.process = started
        self.text = ""
        self._looked_at = 0
        self._changed = threading.Condition()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._changed:
                self.text += line
                self._changed.notify_all()

    def types(self, line: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def shows(self, pattern: str) -> str:
        """Wait until the pattern stands after what was looked at before; return what matched."""
        with self._changed:
            is_there = self._changed.wait_for(lambda: re.search(pattern, self.text[self._looked_at :]), _PATIENCE_S)
            assert is_there, f"{pattern!r} is not in:\n{self.text[self._looked_at :]}"
            self._looked_at += is_there.end()
            return is_there.group()


@pytest.fixture
def running(command: Command) -> Iterator["Running"]:
    with ExitStack() as stack:
        yield Running(command, stack)


class Running:
    """A server with a site, and desks in processes of their own."""

    def __init__(self, command: Command, stack: ExitStack) -> None:
        self.command = command
        self._stack = stack
        self.server = self.serve("127.0.0.1:0")
        self.address = self.server.shows(r"\S+:\d+\n").strip()
        command.monkeypatch.setenv("HOOKFLASH_SERVER", self.address)
        (command.home / "site.yaml").write_text(SITE)
        assert command("apply", "-f", "site.yaml").code == 0

    def serve(self, listen: str) -> Screen:
        return self.started("serve", "--listen", listen)

    def started(self, *arguments: str) -> Screen:
        return Screen(self._stack.enter_context(process(*arguments, home=self.command.home)))

    def desk(self, agent: str) -> Screen:
        token = Path(f"{agent}.token")
        made = self.command("token", "create", "--role", "agent", "--subject", agent, "--write", str(token))
        assert made.code == 0, made.err
        desk = self.started("agent", "attach", agent, "--ready", "--server", self.address, "--token-file", str(token))
        desk.shows(rf"Attached as {agent}")
        desk.shows(r"You are READY|OFFER 1")
        return desk


@pytest.mark.slow
@pytest.mark.spec("R-T2", "R-C1", "R-W1", "R-W3", "R-G5")
def test_two_desks_in_terminals_hand_a_customer_on(running: Running) -> None:
    command = running.command
    ann, bob = running.desk("ann"), running.desk("bob")
    opened(command)
    ann.shows(r"OFFER 1  Chat request with customer Kim\n")
    ann.types("accept")
    ann.shows(r"#1 You are in 42\.")
    ann.types("whisper is anybody here")
    ann.shows(r"! .*\(NO_OTHER_AGENT\)")
    ann.types("say hello Kim")
    ann.shows(r"#1 \S+  ann: hello Kim\n")
    ann.types("conference queue:billing an angry customer")
    ann.shows(r"a conference request has been placed successfully")

    bob.shows(r"OFFER 1  Chat conference request from Ann with customer Kim\n")
    bob.shows(r"note: an angry customer\n")
    bob.types("accept 1")
    bob.shows(r"ann: hello Kim\n")
    bob.shows(r"You have joined the conversation\n")
    bob.types("whisper what does he want")
    ann.shows(r"#1 \S+  whisper  bob: what does he want\n")

    ann.types("transfer queue:general good luck")
    ann.shows(r"Transfer request placed successfully")
    ann.types("conversations")
    ann.shows(r"You are in no conversation\.")
    ann.types("quit")
    assert ann.process.wait(_PATIENCE_S) == 0
    bob.shows(r"- Ann left \(TRANSFERRED\)")

    assert "  whisper  bob: what does he want\n" in command("conversation", "timeline", "42").out
    transcript = command("conversation", "transcript", "42").out
    assert "ann: hello Kim\n" in transcript
    assert "what does he want" not in transcript
    assert "angry" not in transcript


@pytest.mark.slow
def test_watching_a_conversation_shows_its_timeline_and_ends_when_it_is_closed(running: Running) -> None:
    command = running.command
    opened(command)
    watching = running.started("conversation", "watch", "42", "--server", running.address)
    watching.shows("PARKED")
    ann = running.desk("ann")
    ann.types("accept")
    watching.shows("Ann joined as PRIMARY")
    ann.types("nonsense")
    ann.shows(r"! nonsense is no command")
    assert command("conversation", "close", "42").code == 0
    assert watching.process.wait(_PATIENCE_S) == 0
    assert watching.text == command("conversation", "timeline", "42").out
    assert command("conversation", "transfer", "42", "--to", "queue:billing", "--as", "ann").code in (4, 5)
    # The end of the input closes the desk as `quit` does.
    assert ann.process.stdin is not None
    ann.process.stdin.close()
    assert ann.process.wait(_PATIENCE_S) == 0


def opened(command: Command) -> None:
    created = command(
        "conversation",
        "create",
        "--channel",
        "web",
        "--address",
        "kim",
        "--customer",
        "Kim",
        "--id",
        "42",
        "-o",
        "name",
    )
    assert created.out == "conversations/42\n", created.err


@pytest.mark.slow
@pytest.mark.spec("R-L6")
def test_a_desk_comes_back_by_itself_when_the_server_was_killed(running: Running) -> None:
    bob = running.desk("bob")
    running.server.process.send_signal(signal.SIGKILL)
    running.server.process.wait(_PATIENCE_S)
    running.serve(running.address).shows(re.escape(running.address))
    bob.shows(r"Attached again as bob")
    bob.types("ready")
    bob.types("quit")
    assert bob.process.wait(_PATIENCE_S) == 0


@pytest.mark.slow
def test_what_is_exported_applies_as_unchanged_and_says_who_is_where(running: Running) -> None:
    command = running.command
    site = command("export")
    assert site.code == 0
    again = command("apply", "-f", "-", typed=site.out)
    assert {line.split()[0] for line in again.out.splitlines()[1:]} == {"UNCHANGED"}
    assert command("diff", "-f", "site.yaml").out.count("UNCHANGED") == 6
    pruned = command("diff", "-f", "-", "--prune", typed="queues: [{name: general}]")
    assert (pruned.code, "(QUEUE_IN_USE)" in pruned.err) == (5, True)
    pruned = command(
        "apply", "-f", "-", "--prune", typed="agents: [{name: bob, queues: [billing], attributes: {billing: 8}}]"
    )
    assert [line.split()[:2] for line in pruned.out.splitlines()[1:]] == [
        ["UPDATED", "agents/bob"],
        ["DELETED", "agents/ann"],
    ]
    assert command("queue", "get", "billing", "-o", "name").out == "queues/billing\n"
    assert command("queue", "get", "nowhere").code == 3
    assert command("channel", "get", "web", "-o", "name").out == "channels/web\n"
    assert "DISCONNECTED" in command("channel", "list").out
    assert "web: DISCONNECTED. It is served from outside, and nobody" in command("status").out
    assert command("agent", "list", "-o", "name").out == "agents/bob\n"
    assert command("agent", "list", "--queue", "billing", "-o", "name").out == "agents/bob\n"
    assert command("agent", "set", "bob", "ready").code == 5
    assert "SERVING" in command("server", "health").out
    assert "longest_available" in command("plugin", "list", "-o", "name").out
    assert "hookflash-data" in command("status").out
    assert "QueueConfigured" in command("events", "list").out
    assert command("doctor").code == 0


@pytest.mark.slow
def test_a_transfer_waits_until_somebody_accepts_or_is_cancelled(running: Running) -> None:
    command = running.command
    ann = running.desk("ann")
    opened(command)
    ann.shows("OFFER 1")
    ann.types("accept")
    ann.shows("You are in 42")
    checked = command("conversation", "transfer", "42", "--to", "queue:billing", "--as", "ann", "--dry-run")
    assert (checked.code, "nothing was done" in checked.err) == (0, True)
    waiting = running.started(
        "conversation", "transfer", "42", "--to", "queue:billing", "--as", "ann", "--wait", "--server", running.address
    )
    ann.shows("Transfer request placed successfully")
    parked = command("invite", "explain", "42/2").out
    assert "Now: number 1 of the 1 that wait" in parked
    assert re.search(r"^bob +UNAVAILABLE +is LOGGED_OUT", parked, flags=re.MULTILINE)
    assert command("invite", "cancel", "42/2").code == 0
    assert waiting.process.wait(_PATIENCE_S) == 6
    assert waiting.process.stderr is not None
    assert "it was cancelled" in waiting.process.stderr.read()


@pytest.mark.slow
@pytest.mark.spec("R-E2")
def test_why_somebody_was_asked_is_told_alike_after_the_server_was_killed(running: Running) -> None:
    command = running.command
    ann = running.desk("ann")
    opened(command)
    ann.shows("OFFER 1")
    ann.types("accept")
    ann.shows("You are in 42")
    told = command("invite", "explain", "42/1")
    assert re.search(r"longest_available chose ann \(ACCEPTED\)", told.out)
    running.server.process.send_signal(signal.SIGKILL)
    running.server.process.wait(_PATIENCE_S)
    running.serve(running.address).shows(re.escape(running.address))
    assert command("invite", "explain", "42/1") == told


@pytest.mark.slow
def test_a_drained_server_sends_its_desks_away_and_ends(running: Running) -> None:
    bob = running.desk("bob")
    assert running.command("server", "drain").code == 0
    bob.shows(r"The server ends the stream: DRAINING\.")
    assert running.server.process.wait(_PATIENCE_S) == 0
    assert running.command("server", "health").code == 7


@pytest.mark.slow
def test_serve_says_in_a_sentence_why_it_does_not_start(running: Running) -> None:
    def refused(*arguments: str) -> tuple[int, str]:
        with process("serve", *arguments, home=running.command.home) as started:
            _, err = started.communicate(timeout=_PATIENCE_S)
            assert "Traceback" not in err
            assert err.startswith("hookflash: ")
            return started.returncode, err

    code, err = refused("--listen", "127.0.0.1:0")
    assert (code, "is in use by another hookflash" in err) == (1, True)
    code, err = refused("--data", "other", "--listen", running.address)
    assert (code, "cannot be listened on" in err) == (1, True)
    code, err = refused("--data", "other", "--listen", "0.0.0.0:7433")
    assert (code, "TLS" in err) == (2, True)
    (running.command.home / "hookflash.toml").write_text("lissen = 'x'")
    code, err = refused("--data", "other", "-c", "hookflash.toml")
    assert (code, "lissen in hookflash.toml is unknown" in err) == (2, True)
