"""The command and a scripted server, ready to use."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import Command
from tests.cli.fake_server import FakeServer


@pytest.fixture
def command(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Command:
    for name in os.environ:
        if name.startswith("HOOKFLASH_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.chdir(tmp_path)
    return Command(tmp_path, capsys, monkeypatch)


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer() as started:
        yield started


@pytest.fixture
def local(command: Command, server: FakeServer) -> FakeServer:
    """A server that the command calls without being told to."""
    command.monkeypatch.setenv("HOOKFLASH_SERVER", server.address)
    return server
