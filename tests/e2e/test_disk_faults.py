"""Disks that are full, read-only, damaged or torn: a server says so, and nothing it acknowledged is lost."""

import os
import re
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from time import monotonic

import pytest

from tests.e2e.calling import Caller, Refused, admin_of, site_on
from tests.e2e.server_process import ServerProcess, hookflash, running, start_server
from tests.small_disk import MOUNT, small_disk

TALK = "conversations/talk"
LONG = "x" * 2_000
LONG_S = 30.0
FULL = "UNAVAILABLE JOURNAL_UNAVAILABLE"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MiB."""
    with small_disk(tmp_path / "disk", 4) as place:
        yield place


def _fill(disk: Path) -> Path:
    """Leave no byte free; the answer is what to remove to get the room back."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        room = os.statvfs(disk)
        os.posix_fallocate(file.fileno(), 0, room.f_bavail * room.f_frsize)
    return ballast


def _begin_talk(server: ServerProcess) -> None:
    with site_on(server) as site:
        site.opened("talk")


def _say(admin: Caller, text: str) -> str:
    """Let the customer write; the answer is the refusal's code and reason, empty where it was taken."""
    try:
        admin.call(
            "ChannelService/Receive",
            channel="channels/web",
            address="address of talk",
            external_id=text[:20],
            text=text,
        )
    except Refused as refused:
        return f"{refused.code} {refused.reason}" if refused.retry else "no delay to try again after"
    return ""


def _heard(server: ServerProcess) -> list[str]:
    """Everything the timeline has of the talk."""
    admin = admin_of(server)
    with admin.channel:
        page = admin.call("ConversationService/ListTimeline", name=TALK, page_size=1_000)
    return [entry.message.text for entry in page.entries if entry.WhichOneof("entry") == "message"]


@pytest.mark.slow
@pytest.mark.spec("I1", "I16")
def test_a_full_disk_refuses_commands_answers_reads_and_works_again_once_there_is_room(disk: Path) -> None:
    with running(disk / "data", settings={"customer_commands_per_s_max": "10000"}) as server:
        _begin_talk(server)
        assert _heard(server) == []
        admin = admin_of(server)
        with admin.channel:
            ballast = _fill(disk)
            position = admin.call("AdminService/GetServer").position
            for attempt in range(3):
                assert _say(admin, f"no room {attempt} {LONG}") == FULL
            _assert_reads_go_on(admin)
            assert admin.call("AdminService/GetServer").position == position

            os.truncate(ballast, ballast.stat().st_size - 300_000)
            taken = _say_until_refused(admin)
            assert taken
            assert admin.call("ConversationService/GetConversation", name=TALK).name == TALK

            ballast.unlink()
            assert _say(admin, "room again") == ""
            assert _heard(server) == [*taken, "room again"]
        server.kill()
    with running(disk / "data") as server:
        assert _heard(server) == [*taken, "room again"]
        assert server.terminate() == 0
    assert hookflash("doctor", "--data", disk / "data").code == 0


def _assert_reads_go_on(admin: Caller) -> None:
    assert admin.call("ConversationService/GetConversation", name=TALK).name == TALK
    assert len(admin.call("ConversationService/ListConversations").conversations) == 1
    assert admin.call("ConversationService/ListTimeline", name=TALK) is not None
    assert admin.call("QueueService/ListQueues").queues
    assert admin.call("EventService/ListEvents").events


def _say_until_refused(admin: Caller) -> list[str]:
    taken: list[str] = []
    for number in range(1_000):
        text = f"text {number} {LONG}"
        reason = _say(admin, text)
        if reason:
            assert reason == FULL
            return taken
        taken.append(text)
    pytest.fail("300 kB held 2 MB")


def test_a_disk_without_room_is_said_to_be_full_at_the_start(disk: Path) -> None:
    ballast = _fill(disk)
    ended = hookflash("serve", "--data", disk / "data", "--listen", "127.0.0.1:0")
    assert (ended.code, ended.stdout) == (1, "")
    assert re.search(r"[Ff]ree", ended.stderr)
    assert "Traceback" not in ended.stderr
    ballast.unlink()
    with running(disk / "data") as server:
        assert server.terminate() == 0


@pytest.fixture(scope="module")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of a server that was killed when its views showed ten acknowledged texts; all are in the log."""
    data = tmp_path_factory.mktemp("stopped") / "data"
    server = start_server(data)
    try:
        _begin_talk(server)
        admin = admin_of(server)
        with admin.channel:
            for number in range(10):
                assert _say(admin, f"text {number}") == ""
            _await_views(admin)
    finally:
        server.kill()
    return data


def _await_views(admin: Caller) -> None:
    until = monotonic() + LONG_S
    while admin.call("AdminService/GetServer").projector_lag:
        assert monotonic() < until, "the views do not come up to the journal"


def _copied(stopped: Path, folder: Path) -> Path:
    data = folder / "data"
    shutil.copytree(stopped, data)
    return data


@pytest.mark.spec("I1")
def test_a_disk_mounted_read_only_is_refused_at_the_start_and_keeps_what_is_there(disk: Path, stopped: Path) -> None:
    data = _copied(stopped, disk)
    subprocess.run([MOUNT, "-o", "remount,ro", disk], check=True)
    ended = hookflash("serve", "--data", data, "--listen", "127.0.0.1:0")
    assert (ended.code, ended.stdout) == (1, "")
    assert "cannot be used (Read-only file system" in ended.stderr
    assert "Traceback" not in ended.stderr
    subprocess.run([MOUNT, "-o", "remount,rw", disk], check=True)
    with running(data) as server:
        assert _heard(server) == [f"text {number}" for number in range(10)]


def _checkpointed(data: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(data / "journal.sqlite", isolation_level=None)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return connection


@pytest.mark.spec("I13")
def test_flipped_bytes_in_the_last_group_are_refused_with_their_position_and_doctor_says_the_same(
    stopped: Path, tmp_path: Path
) -> None:
    data = _copied(stopped, tmp_path)
    with closing(_checkpointed(data)) as journal:
        position, chain = journal.execute(
            "SELECT first_position, last_hash FROM groups ORDER BY first_position DESC LIMIT 1"
        ).fetchone()
    path = data / "journal.sqlite"
    content = path.read_bytes()
    place = content.rindex(chain)
    path.write_bytes(content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :])
    damaged = path.read_bytes()
    ended = hookflash("serve", "--data", data, "--listen", "127.0.0.1:0")
    assert (ended.code, ended.stdout) == (1, "")
    assert f"damaged at position {position}" in ended.stderr
    assert "Restore the data directory" in ended.stderr
    assert "Traceback" not in ended.stderr
    found = hookflash("doctor", "--data", data)
    assert found.code == 1
    assert f"damaged at position {position}" in found.stdout
    assert path.read_bytes() == damaged, "neither of them changed anything"
    path.write_bytes(content)
    with running(data) as server:
        assert _heard(server) == [f"text {number}" for number in range(10)]


def _files(data: Path) -> dict[str, bytes]:
    """What must not change when a start is refused."""
    return {name: (data / name).read_bytes() for name in ("journal.sqlite", "journal.sqlite-wal", "views.sqlite")}


def _torn(data: Path, lost_bytes: int) -> None:
    log = data / "journal.sqlite-wal"
    assert log.stat().st_size > lost_bytes
    with log.open("r+b") as file:
        file.truncate(log.stat().st_size - lost_bytes)


def _flipped(data: Path, from_end: int) -> None:
    log = data / "journal.sqlite-wal"
    content = bytearray(log.read_bytes())
    content[-from_end] ^= 0x10
    log.write_bytes(content)


def _assert_starts_with_an_unbroken_beginning(data: Path) -> None:
    with running(data) as server:
        heard = _heard(server)
        assert heard == [f"text {number}" for number in range(len(heard))]
        assert len(heard) < 10
        admin = admin_of(server)
        with admin.channel:
            assert _say(admin, "after") == ""
        assert _heard(server) == [*heard, "after"]
        assert server.terminate() == 0
    assert hookflash("doctor", "--data", data).code == 0


@pytest.mark.slow
@pytest.mark.spec("I1", "I13")
@pytest.mark.parametrize(("spoil", "place"), [(_torn, 1), (_torn, 25_000), (_flipped, 1), (_flipped, 25_000)])
def test_a_log_that_lost_acknowledged_records_is_refused_and_stays_as_it_is_until_somebody_goes_on_without_them(
    stopped: Path, tmp_path: Path, spoil: Callable[[Path, int], None], place: int
) -> None:
    data = _copied(stopped, tmp_path)
    spoil(data, place)
    damaged = _files(data)
    ended = hookflash("serve", "--data", data, "--listen", "127.0.0.1:0")
    assert (ended.code, ended.stdout) == (1, "")
    said = re.search(
        r"The journal ends at position (\d+), but .* at position (\d+): (\d+) acknowledged records are missing\. "
        r"Bring the journal back from a backup\..*`hookflash doctor --rebuild-views`",
        ended.stderr,
    )
    assert said, ended.stderr
    assert "Traceback" not in ended.stderr
    end, known, missing = map(int, said.groups())
    assert known - end == missing > 0
    for option in ((), ("--repair",)):
        found = hookflash("doctor", "--data", data, *option)
        assert found.code == 1
        assert f"damaged at position {end + 1}: it ends at position {end}" in found.stdout
        assert f"durable up to {known}" in found.stdout
    assert _files(data) == damaged, "none of them changed anything"

    accepted = hookflash("doctor", "--data", data, "--rebuild-views")
    assert (accepted.code, "were made anew" in accepted.stdout) == (0, True)
    _assert_starts_with_an_unbroken_beginning(data)


@pytest.mark.spec("I1", "I13")
def test_once_the_log_is_brought_back_the_refused_server_starts_and_has_everything(
    stopped: Path, tmp_path: Path
) -> None:
    data = _copied(stopped, tmp_path)
    _flipped(data, 5_000)
    assert hookflash("serve", "--data", data, "--listen", "127.0.0.1:0").code == 1
    _flipped(data, 5_000)
    with running(data) as server:
        assert _heard(server) == [f"text {number}" for number in range(10)]


@pytest.mark.spec("I1", "I10")
@pytest.mark.parametrize("lost_bytes", [1, 25_000])
def test_after_a_torn_log_of_which_nothing_tells_the_server_starts_with_an_unbroken_beginning_of_what_was_said(
    stopped: Path, tmp_path: Path, lost_bytes: int
) -> None:
    """What a disk lost is lost; but no hole, nothing out of order, and no view that shows more than the journal."""
    data = _copied(stopped, tmp_path)
    _torn(data, lost_bytes)
    for file in data.glob("views.sqlite*"):
        file.unlink()
    _assert_starts_with_an_unbroken_beginning(data)
