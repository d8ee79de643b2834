"""The command against a real server: a site is applied, desks are opened, a customer is handed on."""

import re
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cli.command import Command, process
from tests.forked import Forked

SITE = """\
attributes:
  - {name: billing, kind: PROFICIENCY}
queues:
  - {name: general%, display_name: General}
  - {name: billing%, display_name: Billing, offer_timeout: 20s, steps: [{expression: billing >= 3, wait: 30s}]}
channels:
  - {name: web%, is_external: true, queue: general%}
agents:
  - {name: ann%, display_name: Ann, queues: [general%]}
  - {name: bob%, display_name: Bob, attributes: {billing: 8}, queues: [billing%]}
  - {name: cid%, display_name: Cid}
"""
_PATIENCE_S = 30


class Screen:
    """What a process printed so far, and waiting for what it is to print."""

    def __init__(self, started: Forked) -> None:
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


class Server:
    """A server in a folder of its own, started anew where it has ended."""

    def __init__(self, home: Path, stack: ExitStack) -> None:
        self.home = home
        self.sites = 0
        self._stack = stack
        self._start("127.0.0.1:0")

    def _start(self, listen: str) -> None:
        self.screen = Screen(self._stack.enter_context(process("serve", "--listen", listen, home=self.home)))
        self.process = self.screen.process
        self.address = self.screen.shows(r"\S+:\d+\n").strip()

    def ensure_it_runs(self) -> None:
        if self.process.poll() is not None:
            self._start("127.0.0.1:0")

    def kill_and_start(self) -> None:
        """Kill it, and start it again at the same address."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(_PATIENCE_S)
        was = self.address
        self._start(was)
        assert self.address == was


@pytest.fixture(scope="module")
def server_of_all(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The server that the tests share; each has its own site on it."""
    with ExitStack() as stack:
        yield Server(tmp_path_factory.mktemp("server"), stack)


@pytest.fixture
def running(command: Command, server_of_all: Server) -> Iterator["Running"]:
    server_of_all.ensure_it_runs()
    with ExitStack() as stack:
        yield Running(command, server_of_all, stack)


@pytest.fixture
def running_alone(command: Command) -> Iterator["Running"]:
    """A server on which there is nothing but this test's site."""
    with ExitStack() as stack:
        yield Running(command, Server(command.home, stack), stack)


class Running:
    """A site on a server, its names followed by its number, and desks in processes of their own."""

    def __init__(self, command: Command, server: Server, stack: ExitStack) -> None:
        self.command = command
        self.server = server
        self._stack = stack
        server.sites += 1
        self.talk = f"{server.sites}42"
        self.ann, self.bob, self.web, self.general, self.billing = (
            f"{name}{server.sites}" for name in ("ann", "bob", "web", "general", "billing")
        )
        # In the server's folder the command finds the admin's token by itself.
        command.monkeypatch.chdir(server.home)
        command.monkeypatch.setenv("HOOKFLASH_SERVER", server.address)
        Path("site.yaml").write_text(SITE.replace("%", str(server.sites)))
        assert command("apply", "-f", "site.yaml").code == 0

    def started(self, *arguments: str) -> Screen:
        return Screen(self._stack.enter_context(process(*arguments, home=self.server.home)))

    def desk(self, agent: str) -> Screen:
        token = Path(f"{agent}.token")
        made = self.command("token", "create", "--role", "agent", "--subject", agent, "--write", str(token))
        assert made.code == 0, made.err
        where = ("--server", self.server.address, "--token-file", str(token))
        desk = self.started("agent", "attach", agent, "--ready", *where)
        desk.shows(rf"Attached as {agent}")
        desk.shows(r"You are READY|OFFER 1")
        return desk

    def opened(self) -> str:
        """Let Kim open a conversation; the answer is its id."""
        customer = ("--channel", self.web, "--address", "kim", "--customer", "Kim")
        created = self.command("conversation", "create", *customer, "--id", self.talk, "-o", "name")
        assert created.out == f"conversations/{self.talk}\n", created.err
        return self.talk


@pytest.mark.slow
@pytest.mark.spec("R-T2", "R-C1", "R-W1", "R-W3", "R-G5")
def test_two_desks_in_terminals_hand_a_customer_on(running: Running) -> None:
    command = running.command
    ann, bob = running.desk(running.ann), running.desk(running.bob)
    talk = running.opened()
    ann.shows(r"OFFER 1  Chat request with customer Kim\n")
    ann.types("accept")
    ann.shows(rf"#1 You are in {talk}\.")
    ann.types("whisper is anybody here")
    ann.shows(r"! .*\(NO_OTHER_AGENT\)")
    ann.types("say hello Kim")
    ann.shows(rf"#1 \S+  {running.ann}: hello Kim\n")
    ann.types(f"conference queue:{running.billing} an angry customer")
    ann.shows(r"a conference request has been placed successfully")

    bob.shows(r"OFFER 1  Chat conference request from Ann with customer Kim\n")
    bob.shows(r"note: an angry customer\n")
    bob.types("accept 1")
    bob.shows(rf"{running.ann}: hello Kim\n")
    bob.shows(r"You have joined the conversation\n")
    bob.types("whisper what does he want")
    ann.shows(rf"#1 \S+  whisper  {running.bob}: what does he want\n")

    ann.types(f"transfer queue:{running.general} good luck")
    ann.shows(r"Transfer request placed successfully")
    ann.types("conversations")
    ann.shows(r"You are in no conversation\.")
    ann.types("quit")
    assert ann.process.wait(_PATIENCE_S) == 0
    bob.shows(r"- Ann left \(TRANSFERRED\)")

    assert f"  whisper  {running.bob}: what does he want\n" in command("conversation", "timeline", talk).out
    transcript = command("conversation", "transcript", talk).out
    assert f"{running.ann}: hello Kim\n" in transcript
    assert "what does he want" not in transcript
    assert "angry" not in transcript


@pytest.mark.slow
def test_watching_a_conversation_shows_its_timeline_and_ends_when_it_is_closed(running: Running) -> None:
    command = running.command
    talk = running.opened()
    watching = running.started("conversation", "watch", talk, "--server", running.server.address)
    watching.shows("PARKED")
    ann = running.desk(running.ann)
    ann.types("accept")
    watching.shows("Ann joined as PRIMARY")
    ann.types("nonsense")
    ann.shows(r"! nonsense is no command")
    assert command("conversation", "close", talk).code == 0
    assert watching.process.wait(_PATIENCE_S) == 0
    assert watching.text == command("conversation", "timeline", talk).out
    transfer = ("conversation", "transfer", talk, "--to", f"queue:{running.billing}", "--as", running.ann)
    assert command(*transfer).code in (4, 5)
    # The end of the input closes the desk as `quit` does.
    assert ann.process.stdin is not None
    ann.process.stdin.close()
    assert ann.process.wait(_PATIENCE_S) == 0


@pytest.mark.slow
@pytest.mark.spec("R-L6", "R-E2")
def test_after_the_server_was_killed_a_desk_comes_back_by_itself_and_why_somebody_was_asked_is_told_alike(
    running: Running,
) -> None:
    command = running.command
    ann, bob = running.desk(running.ann), running.desk(running.bob)
    invite = f"{running.opened()}/1"
    ann.shows("OFFER 1")
    ann.types("accept")
    ann.shows(f"You are in {running.talk}")
    told = command("invite", "explain", invite)
    assert re.search(rf"longest_available chose {running.ann} \(ACCEPTED\)", told.out)
    running.server.kill_and_start()
    assert command("invite", "explain", invite) == told
    bob.shows(rf"Attached again as {running.bob}")
    bob.types("ready")
    bob.types("quit")
    assert bob.process.wait(_PATIENCE_S) == 0


@pytest.mark.slow
def test_what_is_exported_applies_as_unchanged_and_says_who_is_where(running_alone: Running) -> None:
    command = running_alone.command
    site = command("export")
    assert site.code == 0
    again = command("apply", "-f", "-", typed=site.out)
    assert {line.split()[0] for line in again.out.splitlines()[1:]} == {"UNCHANGED"}
    assert command("diff", "-f", "site.yaml").out.count("UNCHANGED") == 7
    pruned = command("diff", "-f", "-", "--prune", typed="queues: [{name: general1}]")
    assert (pruned.code, "(QUEUE_IN_USE)" in pruned.err) == (5, True)
    pruned = command(
        "apply", "-f", "-", "--prune", typed="agents: [{name: bob1, queues: [billing1], attributes: {billing: 8}}]"
    )
    assert [line.split()[:2] for line in pruned.out.splitlines()[1:]] == [
        ["UPDATED", "agents/bob1"],
        ["DELETED", "agents/ann1"],
        ["DELETED", "agents/cid1"],
    ]
    assert command("queue", "get", "billing1", "-o", "name").out == "queues/billing1\n"
    assert command("queue", "get", "nowhere").code == 3
    assert command("channel", "get", "web1", "-o", "name").out == "channels/web1\n"
    assert "DISCONNECTED" in command("channel", "list").out
    assert "web1: DISCONNECTED. It is served from outside, and nobody" in command("status").out
    assert command("agent", "list", "-o", "name").out == "agents/bob1\n"
    assert command("agent", "list", "--queue", "billing1", "-o", "name").out == "agents/bob1\n"
    assert command("agent", "set", "bob1", "ready").code == 5
    assert "SERVING" in command("server", "health").out
    assert "longest_available" in command("plugin", "list", "-o", "name").out
    assert "hookflash-data" in command("status").out
    assert "QueueConfigured" in command("events", "list").out
    assert command("doctor").code == 0


@pytest.mark.slow
def test_a_transfer_waits_until_somebody_accepts_or_is_cancelled(running: Running) -> None:
    command = running.command
    ann = running.desk(running.ann)
    talk = running.opened()
    ann.shows("OFFER 1")
    ann.types("accept")
    ann.shows(f"You are in {talk}")
    transfer = ("conversation", "transfer", talk, "--to", f"queue:{running.billing}", "--as", running.ann)
    checked = command(*transfer, "--dry-run")
    assert (checked.code, "nothing was done" in checked.err) == (0, True)
    waiting = running.started(*transfer, "--wait", "--server", running.server.address)
    ann.shows("Transfer request placed successfully")
    parked = command("invite", "explain", f"{talk}/2").out
    assert "Now: number 1 of the 1 that wait" in parked
    assert re.search(rf"^{running.bob} +UNAVAILABLE +is LOGGED_OUT", parked, flags=re.MULTILINE)
    assert command("invite", "cancel", f"{talk}/2").code == 0
    assert waiting.process.wait(_PATIENCE_S) == 6
    assert waiting.process.stderr is not None
    assert "it was cancelled" in waiting.process.stderr.read()


@pytest.mark.slow
def test_a_drained_server_sends_its_desks_away_and_ends(running: Running) -> None:
    bob = running.desk(running.bob)
    assert running.command("server", "drain").code == 0
    bob.shows(r"The server ends the stream: DRAINING\.")
    assert running.server.process.wait(_PATIENCE_S) == 0
    assert running.command("server", "health").code == 7
