"""A trial's server, and what is looked at when it is over: its own log, and its journal under `hookflash doctor`.

Starting and ending a server takes seconds; here that never stops the event loop of those who torment another one.
"""

import asyncio
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from tests.e2e.server_process import ServerProcess, running

__all__ = ["examined", "said_wrong", "started"]

_LIMIT_S: Final = 1_800
_SHOWN: Final = 1_500


@asynccontextmanager
async def started(data: Path, settings: Mapping[str, str]) -> AsyncIterator[ServerProcess]:
    """A server on a data directory until the end of the block."""
    server = running(data, settings=settings)
    process = await asyncio.to_thread(server.__enter__)
    try:
        yield process
    finally:
        await asyncio.to_thread(server.__exit__, None, None, None)


def examined(data: Path) -> list[str]:
    """What the doctor finds in a data directory; nothing where all is well."""
    done = subprocess.run(
        [sys.executable, "-m", "hookflash.cli", "doctor", "--data", str(data)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=_LIMIT_S,
        check=False,
    )
    if done.returncode == 0:
        return []
    return [f"hookflash doctor ended with {done.returncode}: {done.stdout[-_SHOWN:]}{done.stderr[-_SHOWN:]}"]


def said_wrong(server: ServerProcess) -> list[str]:
    """The lines of a server's log that speak of a defect in itself; nothing where there is none."""
    signs = ("defect", "Traceback", "hearing.failed", "detach.failed", "Task exception", "never retrieved", "[error")
    lines = [line for line in server.stderr.splitlines() if any(sign in line for sign in signs)]
    return [f"the server's log has {len(lines)} lines such as: {line[:1_500]}" for line in lines[:3]]
