"""The demo, played as its reader plays it: `hookflash demo --fast` in a process of its own.

The seed's texts stand here once more, so that neither the demo nor the engine can change one unnoticed.
"""

import io
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from rich.console import Console

from hookflash.cli.demo import own_server, promises
from hookflash.cli.demo.beside import beside
from hookflash.cli.demo.heard import Heard, Kind
from hookflash.cli.demo.play import run
from hookflash.cli.failures import CommandError
from hookflash.sdk.client import messages as m

DEMO = [sys.executable, "-m", "hookflash.cli", "demo", "--fast"]
DURATION_MAX_S = 30.0
CHECKS = "== What the seed promises"
STORY = [
    ("Ann", "You have joined the conversation"),
    ("Customer", "Ann has joined the conversation"),
    ("Ann", "Conversation is closed due to CHAT TRANSFERRED"),
    ("Ann", "Transfer request placed successfully"),
    ("Customer", "Your request is being transferred to Billing, please wait!"),
    ("Customer", "Ann has left"),
    ("Bob", "Chat transfer request from Ann with customer Maria Lopez"),
    ("Bob", "MISSED"),
    ("Cleo", "Chat transfer request from Ann with customer Maria Lopez"),
    ("Cleo", "You have joined the conversation"),
    ("Customer", "Cleo has joined the conversation"),
    ("Cleo", "a conference request has been placed successfully."),
    ("Cleo", "Conference request has been successfully placed"),
    ("Dan", "Chat conference request from Cleo with customer Maria Lopez"),
    ("Dan", "You have joined the conversation"),
    ("Cleo", "Dan has joined the conversation"),
    ("Customer", "Dan has joined the conversation"),
    ("Dan", "Cleo left the conversation"),
    ("Customer", "Cleo left the conversation"),
    ("Dan", "No agents were available to join the conference conversation"),
    ("Customer", "Your request is being transferred to Night Shift, please wait!"),
    ("Customer", "Dan has left"),
    ("Customer", "No agents were available"),
]
HEARD = re.compile(r"(?P<label>\w+) +< (?P<kind>\w*) *(?P<text>.*)")


@dataclass(frozen=True)
class Played:
    """A demo that has ended: its lines, before and after the list of checks begins."""

    code: int
    story: list[str]
    checks: list[str]
    stderr: str
    took_s: float
    left_behind: list[str]

    @property
    def heard(self) -> list[tuple[str, str]]:
        """Who was sent what, as printed."""
        found = [HEARD.fullmatch(line) for line in self.story]
        return [(each["label"], each["text"]) for each in found if each is not None]

    @property
    def server_pids(self) -> list[int]:
        """The processes that the demo started."""
        return [int(pid) for pid in re.findall(r"^Server +> +process (\d+)", "\n".join(self.story), re.MULTILINE)]


def environment(directory: Path) -> dict[str, str]:
    # Settings and a token of a user's own server, which must reach neither the demo's server nor its clients.
    stray = {"HOOKFLASH_LISTEN": "127.0.0.1:1", "HOOKFLASH_TTL_S": "nonsense", "HOOKFLASH_TOKEN": "someone-else"}
    return {**os.environ, **stray, "TMPDIR": str(directory)}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    directory = tmp_path_factory.mktemp("demo")
    started = time.monotonic()
    ended = subprocess.run(
        DEMO,
        env=environment(directory),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    took_s = time.monotonic() - started
    story, _, checks = ended.stdout.partition(CHECKS)
    left_behind = [path.name for path in directory.iterdir()]
    return Played(ended.returncode, story.splitlines(), checks.splitlines(), ended.stderr, took_s, left_behind)


@pytest.mark.slow
def test_the_demo_ends_well_and_soon_and_says_nothing_on_stderr(played: Played) -> None:
    assert (played.code, played.stderr) == (0, ""), "\n".join(played.story[-20:] + played.checks)
    assert played.took_s < DURATION_MAX_S


@pytest.mark.slow
@pytest.mark.spec("A-01", "A-03", "A-05", "A-08")
def test_everybody_is_sent_the_texts_of_the_seed_in_the_order_of_the_seed(played: Played) -> None:
    rest = iter(played.heard)
    missing = [each for each in STORY if each not in rest]
    assert missing == []


@pytest.mark.slow
@pytest.mark.spec("A-04", "R-W3", "INV-5")
def test_whispers_and_notes_are_on_the_agents_side_and_never_on_a_line_of_the_customer(played: Played) -> None:
    whispers = {
        each["text"].partition(": ")[2]
        for each in map(HEARD.fullmatch, played.story)
        if each and each["kind"] == "whisper"
    }
    notes = {text.removeprefix("note: ") for _, text in played.heard if text.startswith("note: ")}
    customer_side = [line for line in played.story if line.startswith("Customer")]
    agents_view = "\n".join(line for line in played.story if line.startswith("Agents   |"))
    assert (len(whispers), len(notes)) == (2, 2)
    assert all(whisper in agents_view for whisper in whispers)
    assert any(line.startswith("Customer |") for line in customer_side)
    assert [line for line in customer_side if any(secret in line for secret in whispers | notes)] == []


@pytest.mark.slow
@pytest.mark.spec("A-31", "F-04", "F-05")
def test_the_offer_that_was_open_when_the_server_was_killed_is_open_afterwards_until_the_same_moment(
    played: Played,
) -> None:
    kill = next(index for index, line in enumerate(played.story) if "SIGKILL" in line)
    offers = [
        [line for line in part if line.startswith("Dan") and "offers/" in line]
        for part in (played.story[:kill], played.story[kill:])
    ]
    before, after = ([each[line.index("offers/") :] for line, each in zip(part, part, strict=True)] for part in offers)
    assert before == after
    assert len(before) == 1
    assert len(set(played.server_pids)) == 2


@pytest.mark.slow
def test_every_promise_is_listed_as_seen(played: Played) -> None:
    lines = [line for line in played.checks if line.startswith(("✓ seen", "seen", "MISSING"))]
    assert len(lines) > len(STORY)
    assert not any(line.startswith("MISSING") for line in lines)


@pytest.mark.slow
def test_what_readme_shows_of_the_demo_is_what_it_prints(played: Played) -> None:
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    shown = readme.partition("```text\n")[2].partition("```")[0].splitlines()
    printed = iter([*played.story, *played.checks])
    assert shown
    assert [line for line in shown if line != "..." and line not in printed] == []


@pytest.mark.slow
def test_nothing_is_left_behind(played: Played) -> None:
    assert played.left_behind == []
    for pid in played.server_pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.fixture
def playing(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        DEMO, env=environment(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_demo_that_is_interrupted_takes_its_server_and_its_directory_with_it(
    playing: subprocess.Popen[str], tmp_path: Path, number: signal.Signals
) -> None:
    assert playing.stdout is not None
    pid = next(int(found[1]) for line in playing.stdout if (found := re.match(r"Server +> +process (\d+)", line)))
    playing.send_signal(number)
    _, stderr = playing.communicate(timeout=60)
    assert (playing.returncode, stderr.strip()) == (130, "")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.slow
def test_a_promise_that_is_not_kept_is_named_and_fails_the_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    promised = {**promises.NOTICES, "Bob": (("transfer 9", Kind.TOAST, "Thank you for waiting"),)}
    monkeypatch.setattr(promises, "NOTICES", promised)
    screen = io.StringIO()
    assert run(Console(file=screen, width=1000, highlight=False), is_fast=True) == 1
    missing = [line.split() for line in screen.getvalue().splitlines() if line.startswith("MISSING")]
    assert missing[0] == ["MISSING", "transfer", "9", "Bob", "toast:", "Thank", "you", "for", "waiting"]
    assert screen.getvalue().splitlines()[-1] == "2 of 38 promises were not seen."


def test_a_server_that_does_not_start_ends_the_demo_with_its_own_last_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(own_server, "_COMMAND", "raise SystemExit('hookflash: the disk is full')")
    with pytest.raises(
        CommandError, match=r"^The demo stopped: its server did not start\. hookflash: the disk is full$"
    ):
        run(Console(file=io.StringIO()), is_fast=True)


def test_who_saw_nothing_was_promised_nothing_that_was_kept() -> None:
    assert [each for each in promises.checked(promises.Evidence()) if each.is_kept] == []


def test_a_text_is_found_in_its_order_only() -> None:
    texts = ["Transfer request placed successfully", "Conversation is closed due to CHAT TRANSFERRED"]
    kinds = [Kind.TOAST, Kind.NOTICE]
    heard = [Heard(kind=kind, text=text) for kind, text in zip(kinds, texts, strict=True)]
    checks = promises.checked(promises.Evidence(heard={"Ann": heard}))
    assert [each.is_kept for each in checks if each.who == "Ann" and each.step == "transfer 4"] == [True, False]


@pytest.mark.spec("R-W3")
def test_beside_a_whisper_the_customers_side_is_empty() -> None:
    def told(name: str, text: str) -> m.Message:
        return m.Message(name=name, text=text)

    first, whisper, second = m.TimelineEntry(), m.TimelineEntry(), m.TimelineEntry()
    first.message.CopyFrom(told("messages/1", "hello"))
    whisper.whisper.text = "careful"
    second.message.CopyFrom(told("messages/2", "goodbye"))
    for at, entry in enumerate((first, whisper, second), 1):
        entry.create_time.seconds = at
    lines = [m.TranscriptEntry(create_time=each.create_time, message=each.message) for each in (first, second)]
    # A notice for the customer alone stands in a row of its own, in its place.
    alone = m.TranscriptEntry(create_time=whisper.create_time, notice=m.Notice(text="Ann has left"))
    assert list(beside([first, whisper, second], [lines[0], alone, lines[1]])) == [
        (first, lines[0]), (whisper, None), (None, alone), (second, lines[1]),
    ]  # fmt: skip
