"""A real server's HTTP edge: what a provider was answered 200 for is in its conversation, also after a kill."""

import socket
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from hookflash.engine.edge.inbox_file import INBOX_FILE, ArrivalRow, InboxFile
from hookflash.engine.serve import _start_http
from hookflash.engine.settings import HttpSettings, Settings
from hookflash.engine.starting import StartError
from hookflash.v1 import channel_pb2
from tests.e2e.calling import Caller, admin_of
from tests.e2e.server_process import ServerProcess, hookflash, running

PLUGIN = """
from tests.edge.hook import Hook
from hookflash.sdk import hookimpl

SDK_API = ">=1.0,<2"

@hookimpl
def hookflash_register(registry):
    registry.channel(Hook)
"""
SIGNED = {"x-secret": "right"}


@contextmanager
def _admin(server: ServerProcess) -> Iterator[Caller]:
    admin = admin_of(server)
    with closing(admin.channel):
        yield admin


def _url(server: ServerProcess) -> str:
    """Where its HTTP edge is: the second line that it prints."""
    assert server.process.stdout is not None
    line = server.process.stdout.readline().strip()
    assert line.startswith("hookflash serves webhooks on "), line
    return line.rpartition(" ")[2]


def _post(url: str, *said: list[str], headers: dict[str, str]) -> int:
    return httpx.post(f"{url}/channels/hook", json=said, headers=headers, trust_env=False).status_code


@pytest.mark.slow
@pytest.mark.spec("I1", "I2")
def test_what_was_acknowledged_before_a_kill_is_in_its_conversation_once(tmp_path: Path) -> None:
    plugins, data = tmp_path / "plugins", tmp_path / "data"
    plugins.mkdir()
    (plugins / "hook.py").write_text(PLUGIN)
    settings = {"http_listen": "127.0.0.1:0", "plugins_dir": str(plugins)}
    environment = {"PYTHONPATH": str(Path.cwd())}
    with running(data, settings=settings, environment=environment) as server:
        url = _url(server)
        with _admin(server) as admin:
            admin.call("AdminService/Apply", channels=[channel_pb2.Channel(name="channels/hook", kind="hook")])
        for number in range(5):
            assert _post(url, [f"k{number}", f"customer {number}", f"text {number}"], headers=SIGNED) == 200
        assert _post(url, headers={}) == 401
        server.kill()
    with running(data, settings=settings, environment=environment) as server, _admin(server) as admin:
        assert _post(_url(server), ["k0", "customer 0", "text 0"], headers=SIGNED) == 200
        listed = admin.call("ConversationService/ListConversations")
        texts: list[str] = []
        for conversation in listed.conversations:
            entries = admin.call("ConversationService/GetTranscript", name=conversation.name).entries
            texts += [entry.message.text for entry in entries]
        assert sorted(texts) == [f"text {number}" for number in range(5)]
        assert server.terminate() == 0


def test_a_port_that_is_taken_and_an_inbox_that_is_none_are_refused_in_a_sentence(tmp_path: Path) -> None:
    second = ("serve", "--data", tmp_path / "second", "--listen", "127.0.0.1:0")
    # Whoever has the port would share it: the edge must not.
    with socket.create_server(("127.0.0.1", 0), reuse_port=True) as taken:
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        ended = hookflash(*second, settings={"http_listen": listen})
        assert (ended.code, ended.stdout) == (1, "")
        assert f"[http] listen = {listen} cannot be listened on" in ended.stderr
    (tmp_path / "second" / INBOX_FILE).write_text("my notes, longer than a header " * 10)
    ended = hookflash(*second)
    assert ended.code == 1
    assert "inbox.sqlite cannot be used (file is not a database)" in ended.stderr


async def test_without_the_extra_the_start_is_refused_with_the_command_that_repairs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class OfSettings:
        settings = Settings(http=HttpSettings(listen="127.0.0.1:0"))

    for module in [name for name in sys.modules if name.startswith("hookflash.engine.edge.http")]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(StartError, match=r"needs uvicorn, which is not installed: .*pip install 'hookflash\[web\]'"):
        await _start_http(OfSettings())  # type: ignore[arg-type]  # it comes no further than the settings


async def test_a_key_is_forgotten_with_time_and_what_is_not_done_is_never(tmp_path: Path) -> None:
    file = InboxFile(tmp_path / INBOX_FILE)
    rows = [ArrivalRow("web", "", key, at, b"x") for key, at in (("old", 1.0), ("new", 9.0), ("open", 1.0))]
    old, new, still_open = await file.keep(rows)
    assert old is not None
    assert new is not None
    await file.mark_done([old, new])
    await file.forget_before(5.0)
    again = await file.keep(rows)
    assert [number is None for number in again] == [False, True, True]
    assert (still_open, b"x") in await file.not_done("web")
    file.close()
    with closing(sqlite3.connect(tmp_path / INBOX_FILE)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
