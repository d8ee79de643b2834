"""The demo's own server: a real `hookflash serve` in a process of its own, that may be killed and started again.

It has a session of its own, so that Ctrl-C reaches the demo alone, which then ends it.
"""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Final

from hookflash.cli.failures import CommandError

__all__ = ["OwnServer"]

_START_S: Final = 30.0
_STOP_S: Final = 5.0
_ANNOUNCEMENT: Final = "hookflash listens on "
_COMMAND: Final = "from hookflash.cli.main import main; raise SystemExit(main())"


class OwnServer:
    """One data directory and the server on it; after a restart it listens where it did before."""

    def __init__(self, directory: Path) -> None:
        self.address = "127.0.0.1:0"
        self._directory = directory / "data"
        self._log = directory / "server.log"
        self._process: Process | None = None

    @property
    def pid(self) -> int:
        """The number of the process that was started last; 0 before."""
        return 0 if self._process is None else self._process.pid

    @property
    def admin_token(self) -> str:
        """The token that the first start wrote."""
        return (self._directory / "admin.token").read_text(encoding="utf-8").strip()

    async def start(self) -> None:
        """Start and wait for the address. Raises CommandError with the server's own last words."""
        serve = ("serve", "--data", str(self._directory), "--listen", self.address)
        with self._log.open("ab") as log:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-c", _COMMAND, *serve,
                stdin=asyncio.subprocess.DEVNULL, stdout=PIPE, stderr=log, env=_environment(), start_new_session=True,
            )  # fmt: skip
        try:
            async with asyncio.timeout(_START_S):
                line = await self._first_line(self._process)
        except TimeoutError:
            raise CommandError(f"The demo stopped: its server was not ready within {_START_S:g} s.") from None
        if not line.startswith(_ANNOUNCEMENT):
            await self._process.wait()
            raise CommandError(f"The demo stopped: its server did not start. {self._last_words()}".rstrip())
        self.address = line.removeprefix(_ANNOUNCEMENT)

    async def kill(self) -> None:
        """End it as a power cut would: SIGKILL, no chance to write anything."""
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    async def stop(self) -> None:
        """End it in order; one that does not end is killed."""
        if self._process is None or self._process.returncode is not None:
            return
        self._process.terminate()
        try:
            async with asyncio.timeout(_STOP_S):
                await self._process.wait()
        except TimeoutError:
            pass
        finally:
            await self.kill()

    @staticmethod
    async def _first_line(process: Process) -> str:
        if process.stdout is None:
            return ""
        return (await process.stdout.readline()).decode(errors="replace").strip()

    def _last_words(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else ""


def _environment() -> dict[str, str]:
    # A setting or token of this user's own server must not change the demo's.
    return {name: value for name, value in os.environ.items() if not name.startswith("HOOKFLASH_")}
