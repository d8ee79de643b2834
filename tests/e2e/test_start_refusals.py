"""What keeps a server from starting: each time one sentence, an exit code, and nothing changed on the disk."""

import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from hookflash.cli.main import main
from hookflash.engine.journal.sqlite import SqliteJournal
from tests.e2e.server_process import Ended, ServerProcess, environment_of, hookflash, running

FAILED = 1
USAGE = 2
THREE_COMMANDS = (
    "other machines.*no TLS",
    "`hookflash serve --listen 127.0.0.1:7433`",
    "`HOOKFLASH_TLS_CERT=cert.pem HOOKFLASH_TLS_KEY=key.pem hookflash serve`",
    "`hookflash serve --insecure-i-know`",
)


def _serve(data: Path | str, *arguments: str | Path, **settings: str) -> Ended:
    return hookflash("serve", "--data", data, "--listen", "127.0.0.1:0", *arguments, settings=settings)


def _assert_refused(ended: Ended, code: int, *words: str) -> None:
    assert (ended.code, ended.stdout) == (code, ""), ended
    assert "Traceback" not in ended.stderr
    lines = ended.stderr.strip().splitlines()
    assert len(lines) == 1, "one sentence, or a few, on one line"
    assert lines[0].startswith("hookflash: "), lines[0]
    assert lines[0].endswith("."), lines[0]
    for word in words:
        assert re.search(word, lines[0]), f"{word!r} is not in: {lines[0]}"


def _content_of(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(directory.iterdir()) if path.is_file()}


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server that runs."""
    with running(tmp_path_factory.mktemp("used") / "data") as server:
        yield server


# --- the data directory


def test_a_file_in_the_place_of_the_data_directory(tmp_path: Path) -> None:
    place = tmp_path / "data"
    place.write_text("my notes")
    _assert_refused(_serve(place), FAILED, re.escape(str(place)), "cannot be used", "has to be a directory")
    assert place.read_text() == "my notes"


def test_a_start_is_refused_alike_whether_or_not_its_process_has_to_load_the_engine(tmp_path: Path) -> None:
    place = tmp_path / "data"
    place.write_text("my notes")
    command = [sys.executable, "-m", "hookflash.cli", "serve", "--data", str(place), "--listen", "127.0.0.1:0"]
    done = subprocess.run(command, env=environment_of(None), capture_output=True, encoding="utf-8", check=False)
    ended = Ended(code=done.returncode, stdout=done.stdout, stderr=done.stderr)
    assert ended == _serve(place)
    _assert_refused(ended, FAILED, "cannot be used")


def test_a_data_directory_that_cannot_be_made() -> None:
    _assert_refused(_serve("/proc/hookflash-data"), FAILED, "/proc/hookflash-data cannot be used", "read and write")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read and write every directory")
def test_a_data_directory_without_rights(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir(mode=0o500)
    _assert_refused(_serve(data), FAILED, "cannot be used", "Permission denied", "read and write")


def test_views_that_cannot_be_opened(tmp_path: Path) -> None:
    SqliteJournal.open(tmp_path).close()
    (tmp_path / "views.sqlite").mkdir()
    _assert_refused(_serve(tmp_path), FAILED, "The views in .* cannot be written", "unable to open", "See to the disk")
    _assert_refused(
        hookflash("doctor", "--data", tmp_path, "--rebuild-views"), FAILED, "The views in .* cannot be written"
    )
    assert (tmp_path / "views.sqlite").is_dir()


@pytest.mark.parametrize("content", [b"", b"somebody else's notes " * 50], ids=["empty", "a text"])
def test_a_journal_file_that_is_no_database(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "journal.sqlite").write_bytes(content)
    _assert_refused(_serve(tmp_path), FAILED, "no SQLite database", "empty directory of its own")
    assert _content_of(tmp_path)["journal.sqlite"] == content


def test_a_journal_file_of_another_program(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "journal.sqlite")) as foreign:
        foreign.execute("CREATE TABLE recipes (name TEXT)")
        foreign.commit()
    before = _content_of(tmp_path)
    _assert_refused(_serve(tmp_path), FAILED, "of another program", "empty directory of its own")
    assert before.items() <= _content_of(tmp_path).items()
    with closing(sqlite3.connect(tmp_path / "journal.sqlite")) as foreign:
        assert foreign.execute("SELECT name FROM sqlite_master").fetchall() == [("recipes",)]


def test_a_journal_of_a_newer_release(tmp_path: Path) -> None:
    SqliteJournal.open(tmp_path).close()
    with closing(sqlite3.connect(tmp_path / "journal.sqlite")) as journal:
        journal.execute("PRAGMA user_version=99")
        journal.commit()
    _assert_refused(_serve(tmp_path), FAILED, "format 99", "newer")


def test_a_journal_that_is_gone_while_its_log_is_there(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite-wal").write_bytes(b"what was written last")
    _assert_refused(_serve(tmp_path), FAILED, "is missing, although its write-ahead log is there")
    assert (tmp_path / "journal.sqlite-wal").read_bytes() == b"what was written last"


@pytest.mark.spec("I4")
def test_a_second_server_on_the_same_data(used: ServerProcess) -> None:
    _assert_refused(_serve(used.data), FAILED, "is in use by another hookflash", r"process \d+", "Stop that one first")


# --- the address


def test_a_second_server_on_the_same_port(used: ServerProcess, tmp_path: Path) -> None:
    second = hookflash("serve", "--data", tmp_path / "data", "--listen", used.address)
    _assert_refused(second, FAILED, f"{used.address} cannot be listened on", "another program has it", "choose another")
    assert used.process.poll() is None


def test_an_address_that_is_none_of_this_machine(tmp_path: Path) -> None:
    ended = hookflash("serve", "--data", tmp_path / "data", "--listen", "192.0.2.1:0", "--insecure-i-know")
    _assert_refused(ended, FAILED, "no address of this machine")


def test_listening_off_loopback_without_tls_names_three_commands(tmp_path: Path) -> None:
    ended = hookflash("serve", "--data", tmp_path / "data", "--listen", "0.0.0.0:0")
    _assert_refused(ended, USAGE, *THREE_COMMANDS)
    assert not (tmp_path / "data").exists(), "nothing was made before the refusal"


def test_a_certificate_that_is_none(tmp_path: Path) -> None:
    for name in ("cert.pem", "key.pem"):
        (tmp_path / name).write_text("not a certificate")
    ended = _serve(tmp_path / "data", tls_cert=str(tmp_path / "cert.pem"), tls_key=str(tmp_path / "key.pem"))
    _assert_refused(ended, FAILED, r"cert\.pem and .*key\.pem cannot be used", "PEM")


def test_a_certificate_that_is_not_there(tmp_path: Path) -> None:
    ended = _serve(tmp_path / "data", tls_cert=str(tmp_path / "cert.pem"), tls_key=str(tmp_path / "key.pem"))
    _assert_refused(ended, FAILED, r"\.pem cannot be read: No such file", "PEM")


# --- the settings: refused before anything is made, so the command is called in this process


@pytest.fixture
def command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Ended]:
    """`hookflash serve` in this process, on a data directory that must not be made."""
    for name in [name for name in os.environ if name.startswith("HOOKFLASH_")]:
        monkeypatch.delenv(name)

    def serve(*arguments: str | Path, **settings: str) -> Ended:
        for name, value in settings.items():
            monkeypatch.setenv(f"HOOKFLASH_{name.upper()}", value)
        code = main(["serve", "--data", str(tmp_path / "data"), *map(str, arguments)])
        said = capsys.readouterr()
        assert not (tmp_path / "data").exists(), "something was made before the refusal"
        return Ended(code=int(code), stdout=said.out, stderr=said.err)

    return serve


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "[::]:0", "192.0.2.1:7433", "example.org:7433", "127.0.0.1.evil:1"])
def test_every_address_off_loopback_is_refused_without_tls(command: Callable[..., Ended], listen: str) -> None:
    _assert_refused(command("--listen", listen), USAGE, *THREE_COMMANDS)


@pytest.mark.parametrize("listen", ["7433", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:65536", "127.0.0.1:-1", ":", "a b"])
def test_an_address_that_is_none(command: Callable[..., Ended], listen: str) -> None:
    _assert_refused(command("--listen", listen), USAGE, "listen = .* is refused")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("ttl = 5", r"ttl in hookflash\.toml is unknown; known there are"),
        ("[engine]\nttl = 5", r"ttl in \[engine\].* is unknown; known there are .*ttl_s"),
        ("[engine]\nttl_s = -1", "ttl_s = -1 is refused.*more than 0"),
        ("[engine]\nttl_s = nan", "ttl_s = nan is refused"),
        ("[engine]\nttl_s = inf", "ttl_s = inf is refused"),
        ("[engine]\nttl_s = 1e300", r"ttl_s = 1e\+300 is refused"),
        ('[engine]\nttl_s = "soon"', "ttl_s = 'soon' is refused"),
        ("[engine]\noffer_timeout_s = 300", "offer_timeout_s = 300 must be less than ttl_s = 300"),
        ("[engine]\nnote_length_max = 0", "note_length_max = 0 is refused"),
        ("[engine]\nnote_length_max = true", "note_length_max = True is refused"),
        ("engine = 3", "engine = 3 .*must be a table"),
        ('[log]\nlevel = "loud"', "level = 'loud' is refused.*debug"),
        ('[tls]\ncert = "c.pem"', "tls_key is missing"),
        ("[plugins]\nfoo = 3", "foo in .plugins.* is unknown"),
        ("[engine", "is not valid TOML"),
        ("\ufeff[engine]\nttl_s = \u0661", "is not valid TOML"),
    ],
)
def test_a_bad_settings_file(command: Callable[..., Ended], tmp_path: Path, content: str, words: str) -> None:
    file = tmp_path / "hookflash.toml"
    file.write_text(content, encoding="utf-8")
    _assert_refused(command("-c", file), USAGE, words)


def test_a_settings_file_that_is_not_there_or_no_text(command: Callable[..., Ended], tmp_path: Path) -> None:
    _assert_refused(command("-c", tmp_path / "none.toml"), USAGE, "none.toml cannot be read")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\0")
    _assert_refused(command("-c", tmp_path / "binary.toml"), USAGE, "is not valid TOML")


@pytest.mark.parametrize("value", ["nan", "inf", "-1", "0", "1e400", "five", "1,5", " "])
def test_a_bad_setting_in_the_environment(command: Callable[..., Ended], value: str) -> None:
    _assert_refused(command(ttl_s=value), USAGE, "ttl_s = .* is refused .HOOKFLASH_TTL_S.")
