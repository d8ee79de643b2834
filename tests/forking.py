"""A process that has loaded the engine, and forks for each module it is told of by `tests.forked`.

A fork gets the environment, folder and pipes that it is told of, and runs its module as `python -m` does. The others
are killed when nobody can ask any more.
"""

import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import sys
from contextlib import suppress
from io import TextIOWrapper
from time import monotonic
from typing import Any, Final

from hookflash.engine import lean  # noqa: F401  first, as in a start
from hookflash.engine.plugins import PluginHost, PluginSettings

_MESSAGE_BYTES_MAX: Final = 1 << 20
_PIPES: Final = 4
_LOADED: Final = (
    "hookflash.engine.serve",
    "hookflash.cli.main",
    "hookflash.cli.doctor.command",
    "hookflash.sdk.client",
    "tests.journal.samples",
)


def _load() -> None:
    for name in _LOADED:
        importlib.import_module(name)
    PluginHost.load(PluginSettings(), monotonic)
    gc.collect()
    gc.freeze()


def _serve(asked: socket.socket) -> dict[str, Any] | None:
    """Fork until nobody asks any more. Answers what is to be run, in its fork alone."""
    ended, ending = os.pipe()
    for pipe in (ended, ending):
        os.set_blocking(pipe, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)  # A signal that is ignored wakes nobody.
    signal.set_wakeup_fd(ending)
    running: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([asked.fileno(), ended], [], [])
        if ended in ready:
            os.read(ended, 1 << 16)
            _tell_of_ends(running)
        if asked.fileno() in ready:
            message, pipes, _, _ = socket.recv_fds(asked, _MESSAGE_BYTES_MAX, _PIPES)
            if not message:
                for pid in running:
                    os.kill(pid, signal.SIGKILL)
                return None
            child = os.fork()
            if child == 0:
                _take(pipes)
                return json.loads(message)  # type: ignore[no-any-return]
            *of_child, running[child] = pipes
            for pipe in of_child:
                os.close(pipe)
            _tell(running[child], child)


def _tell_of_ends(running: dict[int, int]) -> None:
    while running:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        told = running.pop(pid)
        _tell(told, os.waitstatus_to_exitcode(status))
        os.close(told)


def _tell(pipe: int, number: int) -> None:
    with suppress(BrokenPipeError):  # Whoever asked does not want to know.
        os.write(pipe, f"{number}\n".encode())


def _take(pipes: list[int]) -> None:
    """Have these pipes for stdin, stdout and stderr, and nothing else of the process that forked."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for place, pipe in enumerate(pipes[:-1]):
        os.dup2(pipe, place)
    os.closerange(len(pipes) - 1, os.sysconf("SC_OPEN_MAX"))


def _run(module: str, arguments: list[str], environment: dict[str, str], folder: str) -> None:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = [module, *arguments]
    if environment.get("PYTHONUNBUFFERED") and isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    _load()
    connection = socket.socket(fileno=int(sys.argv[1]))
    told = _serve(connection)
    connection.detach()  # A fork has closed it already.
    if told is not None:
        _run(**told)
