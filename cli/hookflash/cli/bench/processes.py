"""The processes of a benchmark: servers to be measured, and loads that measure them.

Each is a process of its own, so that what is measured shares no interpreter with what measures. A server that is ready
says so in a line on stdout that holds its address; its log goes to a file, whose end is shown when it fails.
"""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Final, ParamSpec, Self, TypeVar

__all__ = [
    "BenchError",
    "Server",
    "apart",
    "cpu_s",
    "processes_of",
    "rss_bytes",
    "run_alone",
    "start_echo",
    "start_engine",
    "start_server",
]

_ADDRESS: Final = re.compile(r"((?:127\.0\.0\.1|\[::1\]|localhost):\d+)")
_READY_S: Final = 120.0
_STOP_S: Final = 20.0
_ALONE_S: Final = 900.0
_P = ParamSpec("_P")
_Result = TypeVar("_Result")
# Nobody is attached while messages are sent, and nobody shall be logged out for that.
_SETTINGS: Final = {
    "HOOKFLASH_DISCONNECT_GRACE_S": "86400",
    "HOOKFLASH_LOG_LEVEL": "warning",
    "HOOKFLASH_UNARY_CALLS_MAX": "4096",
}


class BenchError(Exception):
    """Something that should have been measured could not be; the message says what."""


@dataclass(kw_only=True)
class Server:
    """A running server process; `ready_s` is how long it took from its start to its address."""

    process: asyncio.subprocess.Process
    address: str
    ready_s: float
    started: float
    token: str = ""

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    def rss_bytes(self) -> int:
        """Return the memory that it and its processes hold. Raises BenchError where the system does not say."""
        return rss_bytes(self.pid)

    async def next_address(self) -> str:
        """Wait for the next line that it says with an address in it. Raises EOFError where none comes."""
        return await asyncio.wait_for(_address(self.process), _READY_S)

    async def kill(self) -> None:
        """Kill it at once, as a power cut would."""
        self.process.kill()
        await self.process.wait()

    async def stop(self) -> None:
        """Stop it in order; a second time does nothing."""
        if self.process.returncode is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(self.process.wait(), _STOP_S)
            except TimeoutError:
                await self.kill()

    async def __aenter__(self) -> Self:
        """Return the server itself."""
        return self

    async def __aexit__(self, *_exc: object) -> None:
        """End it; what it would still write is of no interest."""
        if self.process.returncode is None:
            await self.kill()


async def start_engine(data: Path, settings: Mapping[str, str] | None = None) -> Server:
    """Start `hookflash serve` on a data directory and a free port; settings are HOOKFLASH_* variables."""
    arguments = ("-m", "hookflash.cli", "serve", "--data", str(data), "--listen", "127.0.0.1:0")
    log = data.parent / f"{data.name}.log"
    server = await start_server("hookflash serve", arguments, log, {**_SETTINGS, **(settings or {})})
    server.token = (data / "admin.token").read_text(encoding="utf-8").strip()
    return server


async def start_echo(directory: Path) -> Server:
    """Start the bare echo server on a free port."""
    return await start_server("the echo server", ("-m", "hookflash.cli.bench.echo"), directory / "echo.log", {})


async def apart(load: Callable[_P, Awaitable[_Result]], *arguments: _P.args, **named: _P.kwargs) -> _Result:
    """Run a function of ours in a process of its own, arguments and result being JSON. Raises BenchError."""
    job = json.dumps({"arguments": arguments, "named": named}).encode()
    command = [sys.executable, "-m", "hookflash.cli.bench.apart", load.__module__, load.__name__]
    result: _Result = json.loads(await run_alone(f"{load.__module__}.{load.__name__}", command, job))
    return result


async def run_alone(what: str, command: Sequence[str], given: bytes) -> bytes:
    """Run a command to its end and return what it wrote. Raises BenchError with what it said last."""
    process = await asyncio.create_subprocess_exec(
        *command,
        env=_environment({}),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        said, complaint = await asyncio.wait_for(process.communicate(given), _ALONE_S)
    except TimeoutError:
        raise BenchError(f"{what} did not end within {_ALONE_S:g} s.") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise BenchError(f"{what} failed:\n{complaint.decode(errors='replace')[-2000:]}")
    return said


async def start_server(what: str, arguments: Sequence[str], log: Path, settings: Mapping[str, str]) -> Server:
    """Start a Python server and wait for the line with its address. Raises BenchError with the end of its log."""
    started = perf_counter()
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            env=_environment(settings),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
        )
    try:
        address = await asyncio.wait_for(_address(process), _READY_S)
    except (TimeoutError, EOFError) as error:
        if process.returncode is None:
            process.kill()
        await process.wait()
        raise BenchError(f"{what} did not get ready:\n{_end_of(log)}") from error
    return Server(process=process, address=address, ready_s=perf_counter() - started, started=started)


def cpu_s(pid: int) -> float:
    """Return the CPU seconds that a process and those it started have used so far; 0.0 where nobody says."""
    ticks = 0
    for each in processes_of(pid):
        with suppress(OSError):  # It has ended, or this system does not tell.
            fields = Path(f"/proc/{each}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
    return ticks / float(os.sysconf("SC_CLK_TCK"))


def rss_bytes(pid: int) -> int:
    """Return the memory that a process and those it started hold. Raises BenchError where the system does not say."""
    held = 0
    for each in processes_of(pid):
        with suppress(OSError):  # It has ended, or this system does not tell.
            lines = Path(f"/proc/{each}/status").read_text(encoding="utf-8").splitlines()
            held += sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))
    if not held:
        raise BenchError("This system does not say how much memory a process holds.")
    return held


def processes_of(pid: int) -> Iterator[int]:
    """Yield the ids of a process and of those that it started, and these; the first alone where nobody says."""
    yield pid
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # The thread has ended.
            for child in thread.read_text(encoding="ascii").split():
                yield from processes_of(int(child))


def _end_of(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-2000:]


async def _address(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None  # noqa: S101  it was asked for
    while line := await process.stdout.readline():
        found = _ADDRESS.search(line.decode())
        if found is not None:
            return found.group(1)
    raise EOFError


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HOOKFLASH_")}
    return {**kept, "GRPC_ENABLE_FORK_SUPPORT": "0", **settings}
