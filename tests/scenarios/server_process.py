"""Server processes with a clock that the test turns, kept from one scenario to the next.

A crash is a SIGKILL and a new process on the same data directory, at the time the killed one stood at.
"""

import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.forked import PIPE, Forked

__all__ = ["ServerProcess", "Servers"]

START = 1_700_000_000.0


class ServerProcess:
    """One server and its data. What it prints is read as it is asked for; its log goes to a file beside the data."""

    def __init__(self, limits: Mapping[str, Any]) -> None:
        self.now = START
        self.address = ""
        self._limits = json.dumps(dict(limits))
        self._directory = tempfile.TemporaryDirectory(prefix="hookflash-scenarios-")
        self.data = Path(self._directory.name) / "data"
        self._process = self._started()

    @property
    def token(self) -> str:
        """The first admin's token."""
        return (self.data / "admin.token").read_text(encoding="utf-8").strip()

    def advance(self, seconds: float) -> None:
        """Let time pass; everything due is durable then. Blocks."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"advance {seconds}\n")
        self._process.stdin.flush()
        self.now = float(self._line("at "))

    def kill(self) -> None:
        """Kill the process. Blocks until it is gone."""
        self._process.kill()
        self._end()

    def start_again(self, down_s: float) -> None:
        """Start another process on the same data, that much later. Blocks."""
        self.now += down_s
        self._process = self._started()

    def close(self) -> None:
        """End the process in order, and drop its data."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        assert self._process.wait(30) == 0, self.log()
        self._end()
        self._directory.cleanup()

    def log(self) -> str:
        """What it has logged."""
        return self._log.read_text(encoding="utf-8")

    @property
    def _log(self) -> Path:
        return Path(self._directory.name) / "log"

    def _started(self) -> Forked:
        with self._log.open("a", encoding="utf-8") as log:
            process = Forked(
                "tests.scenarios.manual_server",
                *(self.data, repr(self.now), self._limits),
                environment=os.environ,
                stdin=PIPE,
                stderr=log,
            )
        self._process = process
        self.address = self._line("listens on ")
        return process

    def _line(self, head: str) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        while line and not line.startswith(head):
            line = self._process.stdout.readline()
        assert line, f"the server ended:\n{self.log()}"
        return line.removeprefix(head).strip()

    def _end(self) -> None:
        with self._process:
            pass


class Servers:
    """The servers of one test run, one for each set of limits."""

    def __init__(self) -> None:
        self._running: dict[str, ServerProcess] = {}

    def with_limits(self, limits: Mapping[str, Any]) -> ServerProcess:
        """The server with these limits, started when first wanted."""
        key = json.dumps(dict(limits), sort_keys=True)
        if key not in self._running:
            self._running[key] = ServerProcess(limits)
        return self._running[key]

    def close(self) -> None:
        """End them all."""
        for server in self._running.values():
            server.close()
