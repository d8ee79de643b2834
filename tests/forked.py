"""Processes of the engine without the time that it takes to load it: forked from one that has loaded it.

Loading is most of a start, and the tests start some hundred servers. What is loaded and when, and whatever else comes
of being started anew, is for the tests that do so: those of the demo, of `tests/cli/test_start.py` and of the wheel.
"""

import atexit
import json
import os
import select
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from subprocess import DEVNULL, PIPE, TimeoutExpired
from time import monotonic
from types import TracebackType
from typing import IO, Final, Self

__all__ = ["PIPE", "Forked"]

_ROOT: Final = Path(__file__).resolve().parent.parent
_START_S: Final = 30.0
_STDERR: Final = 2


class Forked:
    """A process that runs a module as `python -m` does. It is used as a `subprocess.Popen` of text is."""

    def __init__(
        self,
        module: str,
        *arguments: str | Path,
        environment: Mapping[str, str],
        folder: Path | None = None,
        stdin: int = DEVNULL,
        stdout: int = PIPE,
        stderr: int | IO[bytes] | IO[str] = _STDERR,
    ) -> None:
        """Start it. Raises TimeoutExpired where there is no process to fork from."""
        self.returncode: int | None = None
        self._command = [module, *map(str, arguments)]
        self.stdin, its_stdin = _pipe(stdin, "w")
        self.stdout, its_stdout = _pipe(stdout, "r")
        self.stderr, its_stderr = _pipe(stderr, "r")
        self._told, tells = os.pipe()
        self._heard = b""
        command = {
            "module": module,
            "arguments": self._command[1:],
            "environment": dict(environment),
            "folder": str(folder or Path.cwd()),
        }
        its = [its_stdin, its_stdout, its_stderr, tells]
        socket.send_fds(_forking(), [json.dumps(command).encode()], its)
        for pipe in its:
            os.close(pipe)
        self.pid: Final = self._number(_START_S)

    def poll(self) -> int | None:
        """Look whether it has ended; its exit code, or None."""
        try:
            return self.wait(0)
        except TimeoutExpired:
            return None

    def wait(self, timeout: float | None = None) -> int:
        """Wait until it has ended; its exit code. Raises TimeoutExpired."""
        if self.returncode is None:
            self.returncode = self._number(timeout)
            os.close(self._told)
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Send it a signal, if it has not ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):  # It ends just now.
                os.kill(self.pid, number)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close what leads to it and from it, and wait until it has ended."""
        for pipe in (self.stdin, self.stdout, self.stderr):
            if pipe is not None:
                pipe.close()
        self.wait()

    def _number(self, timeout: float | None) -> int:
        """The next number that is told of it: first its id, then its exit code."""
        until = None if timeout is None else monotonic() + timeout
        while b"\n" not in self._heard:
            left = None if until is None else max(0.0, until - monotonic())
            if not select.select([self._told], [], [], left)[0]:
                raise TimeoutExpired(self._command, timeout or 0.0)
            part = os.read(self._told, 64)
            assert part, "the process that forks has ended"
            self._heard += part
        line, _, self._heard = self._heard.partition(b"\n")
        return int(line)


def _pipe(wanted: int | IO[bytes] | IO[str], mode: str) -> tuple[IO[str] | None, int]:
    """Our end and its end of what was wanted; there is ours of a pipe only."""
    if wanted == PIPE:
        ends = os.pipe()
        ours, its = ends if mode == "r" else reversed(ends)
        return os.fdopen(ours, mode, buffering=1, encoding="utf-8"), its
    if wanted == DEVNULL:
        return None, os.open(os.devnull, os.O_RDWR)
    return None, os.dup(wanted if isinstance(wanted, int) else wanted.fileno())


@cache
def _forking() -> socket.socket:
    """The connection to the process that forks; it ends with this one, and kills what it has started."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with theirs:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.forking", str(theirs.fileno())],
            cwd=_ROOT,
            env={**os.environ, "GRPC_ENABLE_FORK_SUPPORT": "0"},
            stdin=DEVNULL,
            pass_fds=[theirs.fileno()],
            start_new_session=True,
        )

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours
