"""Commands that end by themselves, such as a start that is refused: each in a process of its own.

It is forked from one that has loaded the engine, which takes longer than most of them. Servers that are to run are
started as everybody starts them, by `server_process`.
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
from functools import cache
from pathlib import Path
from time import monotonic
from typing import Final

from tests.e2e.server_process import Ended, environment_of

__all__ = ["hookflash"]

_ROOT: Final = Path(__file__).resolve().parent.parent.parent
_END_S: Final = 30.0


def hookflash(*arguments: str | Path, settings: Mapping[str, str] | None = None) -> Ended:
    """Run a command to the end of its process and of all that it has started. Raises TimeoutError."""
    until = monotonic() + _END_S
    command = {
        "arguments": [str(argument) for argument in arguments],
        "environment": environment_of(settings),
        "folder": str(Path.cwd()),
    }
    forking = _forking()
    (out, its_out), (err, its_err) = os.pipe(), os.pipe()
    try:
        socket.send_fds(forking, [json.dumps(command).encode()], [its_out, its_err])
        for pipe in (its_out, its_err):
            os.close(pipe)
        stdout, stderr = _read(out, until), _read(err, until)
        return Ended(code=int(forking.recv(100)), stdout=stdout, stderr=stderr)
    finally:
        for pipe in (out, err):
            os.close(pipe)


def _read(pipe: int, until: float) -> str:
    parts: list[bytes] = []
    while select.select([pipe], [], [], max(0.0, until - monotonic()))[0]:
        part = os.read(pipe, 1 << 16)
        if not part:
            return b"".join(parts).decode()
        parts.append(part)
    raise TimeoutError(f"the command does not end; so far it said {b''.join(parts).decode()!r}")


@cache
def _forking() -> socket.socket:
    """The connection to the process that forks; it ends with this one, and so does a fork that hangs."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    command = [sys.executable, "-m", "tests.e2e.forking", str(theirs.fileno())]
    process = subprocess.Popen(
        command, cwd=_ROOT, env=environment_of(None), pass_fds=[theirs.fileno()], start_new_session=True
    )
    theirs.close()
    ours.settimeout(_END_S)

    def end() -> None:
        ours.close()
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    atexit.register(end)
    return ours
