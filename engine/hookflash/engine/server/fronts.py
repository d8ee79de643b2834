"""Fronts as the engine has them: started, and ended; each at the other end of a socket that nobody else can open."""

import asyncio
import os
import socket
import subprocess
import sys
from pathlib import Path
from threading import Thread
from typing import Final, Protocol

from hookflash.engine.front.front import Front

__all__ = ["FrontProcess", "FrontThread", "RunningFront"]

_END_S: Final = 5.0


class RunningFront(Protocol):
    """A front that has been started."""

    socket: socket.socket
    """The engine's end."""

    async def end(self) -> str:
        """Wait until it is gone, and see to it; in words, how it ended."""


class FrontProcess:
    """One in a process of its own, which dies with this one."""

    def __init__(self) -> None:
        """Start it. Raises OSError."""
        self.socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603  ourselves
                (sys.executable, "-P", "-m", "hookflash.engine.front.process", str(theirs.fileno())),
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                env=_environment(),
                start_new_session=True,  # Ctrl-C is for us, also while it is not there yet to ignore it.
            )

    @property
    def pid(self) -> int:
        """The id of the process."""
        return self._process.pid

    async def end(self) -> str:
        """Wait until it is gone; what does not end by itself is killed."""
        try:
            code = await asyncio.to_thread(self._process.wait, _END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            code = await asyncio.to_thread(self._process.wait)
        return f"with code {code}"


class FrontThread:
    """One on threads of this process: for an engine that somebody else's program holds, such as a test."""

    def __init__(self) -> None:
        """Start it."""
        self.socket, theirs = socket.socketpair()
        self._thread = Thread(target=self._run, args=(theirs,), name="hookflash-front", daemon=True)
        self._thread.start()

    async def end(self) -> str:
        """Wait until its threads have ended."""
        await asyncio.to_thread(self._thread.join, _END_S)
        return "by itself"

    @staticmethod
    def _run(theirs: socket.socket) -> None:
        with theirs:
            Front(theirs).run()


def _environment() -> dict[str, str]:
    """What it needs: to find what we found, wherever that was. Our settings may be secret, and are none of its."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HOOKFLASH_")}
    return {**kept, "PYTHONPATH": os.pathsep.join(str(Path(place).absolute()) for place in sys.path)}
