"""systemd hears that the engine is up and that it stops, on the socket that it named."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from hookflash.plugins import systemd
from hookflash.sdk import ChannelId, EngineFacts

FACTS = EngineFacts(version="0.1.0", channels=(ChannelId("web"), ChannelId("mail")))


@pytest.fixture(params=["a path", "an abstract address"])
def notified(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[socket.socket]:
    place = str(tmp_path / "notify") if request.param == "a path" else f"@{tmp_path.name}-{id(request)}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listener:
        listener.bind(place.replace("@", "\0", 1) if place.startswith("@") else place)
        monkeypatch.setenv("NOTIFY_SOCKET", place)
        yield listener


def test_it_says_ready_when_the_engine_is_up_and_stopping_when_it_ends(notified: socket.socket) -> None:
    systemd.hookflash_engine_started(engine=FACTS)
    assert notified.recv(1000) == b"READY=1\nSTATUS=hookflash 0.1.0, 2 channels"
    systemd.hookflash_engine_stopping(reason="stop")
    assert notified.recv(1000) == b"STOPPING=1\nSTATUS=stopping: stop"


def test_without_systemd_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    systemd.hookflash_engine_started(engine=FACTS)


def test_a_socket_that_is_gone_is_a_fault_of_the_plugin_and_not_silence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "gone"))
    with pytest.raises(OSError, match="No such file"):
        systemd.hookflash_engine_started(engine=FACTS)
