"""A process that has loaded the engine, and forks for each command it is told of by `tests.e2e.commands`.

The fork gets the command's environment, folder and pipes, and ends as `python -m hookflash.cli` does.
"""

import json
import os
import socket
import sys
from typing import Any

import hookflash.cli.doctor.command
import hookflash.engine.serve  # noqa: F401  loaded for the forks
from hookflash.cli.main import main


def _run(asked: socket.socket) -> list[str] | None:
    """Fork for each command until nobody asks any more. Answers a command's arguments, in its fork alone."""
    while True:
        message, pipes, _, _ = socket.recv_fds(asked, 1 << 20, 2)
        if not message:
            return None
        child = os.fork()
        if child == 0:
            return _become(json.loads(message), pipes)
        for pipe in pipes:
            os.close(pipe)
        _, status = os.waitpid(child, 0)
        asked.send(str(os.waitstatus_to_exitcode(status)).encode())


def _become(command: Any, pipes: list[int]) -> list[str]:  # noqa: ANN401  what JSON makes of it
    nothing = os.open(os.devnull, os.O_RDONLY)
    for place, pipe in enumerate((nothing, *pipes)):
        os.dup2(pipe, place)
        os.close(pipe)
    os.environ.clear()
    os.environ.update(command["environment"])
    os.chdir(command["folder"])
    return [str(argument) for argument in command["arguments"]]


if __name__ == "__main__":
    with socket.socket(fileno=int(sys.argv[1])) as connection:
        arguments = _run(connection)
    sys.exit(0 if arguments is None else main(arguments))
