"""Calls the command as a program does, in this process or in one of its own: output, errors, exit code."""

import io
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from hookflash.cli.main import main
from tests.forked import PIPE, Forked


@dataclass(frozen=True, slots=True)
class Done:
    """What a call of the command left."""

    code: int
    out: str
    err: str


@dataclass(slots=True)
class Command:
    """The command with an environment of its own: no context, no token, an empty directory."""

    home: Path
    capture: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch

    def __call__(self, *arguments: str, typed: str = "") -> Done:
        self.capture.readouterr()
        self.monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(typed.encode()), encoding="utf-8"))
        code = main(arguments)
        captured = self.capture.readouterr()
        return Done(int(code), captured.out, captured.err)


@contextmanager
def silent_address() -> Iterator[str]:
    """Yield an address of this machine at which nobody listens, and nobody else can while the block lasts."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{held.getsockname()[1]}"


@contextmanager
def process(*arguments: str, home: Path) -> Iterator[Forked]:
    """Run the command in a process of its own, with pipes; it is ended at the latest when the block is left."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HOOKFLASH_")}
    environment |= {"HOME": str(home), "XDG_CONFIG_HOME": str(home / "config"), "PYTHONUNBUFFERED": "1"}
    with Forked("hookflash.cli", *arguments, environment=environment, folder=home, stdin=PIPE, stderr=PIPE) as started:
        try:
            yield started
        finally:
            started.kill()
