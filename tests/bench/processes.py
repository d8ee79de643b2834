"""The processes of a benchmark: the real server, the bare echo server, and the load clients.

Each is a process of its own, so that what is measured shares no interpreter with what measures. Where one is ready it
says so in a line on stdout that holds its address; its log goes to a file, whose end is shown when it fails.
"""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Final, Self

__all__ = ["ROOT", "BenchError", "Server", "cpu_s", "run_job", "run_opening", "start_echo", "start_engine"]

ROOT: Final = Path(__file__).resolve().parents[2]
_ADDRESS: Final = re.compile(r"((?:127\.0\.0\.1|\[::1\]|localhost):\d+)")
_READY_S: Final = 60.0
_STOP_S: Final = 20.0
_JOB_S: Final = 300.0
# Nobody is attached while messages are sent, and nobody shall be logged out for that.
_SETTINGS: Final = {"HOOKFLASH_DISCONNECT_GRACE_S": "86400", "HOOKFLASH_LOG_LEVEL": "warning"}


class BenchError(Exception):
    """Something that should have been measured could not be; the message says what."""


@dataclass(kw_only=True)
class Server:
    """A running server process; `ready_s` is how long it took from its start to its address."""

    process: asyncio.subprocess.Process
    address: str
    ready_s: float
    started: float

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    def rss_bytes(self) -> int:
        """Return the memory that it holds."""
        for line in Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise BenchError("This system does not say how much memory a process holds.")

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
        """Stop it."""
        await self.stop()


async def start_engine(data: Path) -> Server:
    """Start `hookflash serve` on a data directory and a free port."""
    arguments = ("-m", "hookflash.cli", "serve", "--data", str(data), "--listen", "127.0.0.1:0")
    return await _start("hookflash serve", arguments, data.parent / f"{data.name}.log", _SETTINGS)


async def start_echo(directory: Path) -> Server:
    """Start the bare echo server on a free port."""
    return await _start("the echo server", ("-m", "tests.bench.echo"), directory / "echo.log", {})


async def run_job(kind: str, job: Mapping[str, object]) -> dict[str, float]:
    """Run a load client to its end and return its figures. Raises BenchError with what it said last."""
    figures: dict[str, float] = json.loads(await _run(kind, job))
    return figures


async def run_opening(job: Mapping[str, object]) -> list[tuple[str, str]]:
    """Let a client open conversations; return them, each with the agent who has it. Raises BenchError."""
    return [(conversation, agent) for conversation, agent in json.loads(await _run("opening", job))]


def cpu_s(pid: int) -> float:
    """Return the CPU seconds that a process has used so far; 0.0 where the system does not say."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / float(os.sysconf("SC_CLK_TCK"))


async def _run(kind: str, job: Mapping[str, object]) -> bytes:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        f"tests.bench.{kind}",
        cwd=ROOT,
        env=_environment({}),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        said, complaint = await asyncio.wait_for(process.communicate(json.dumps(job).encode()), _JOB_S)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        raise BenchError(f"The load client {kind} failed:\n{complaint.decode(errors='replace')[-2000:]}")
    return said


async def _start(what: str, arguments: tuple[str, ...], log: Path, settings: Mapping[str, str]) -> Server:
    started = perf_counter()
    with log.open("ab") as errors:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            cwd=ROOT,
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


def _end_of(log: Path) -> str:
    return log.read_text(encoding="utf-8", errors="replace")[-2000:]


async def _address(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    while line := await process.stdout.readline():
        found = _ADDRESS.search(line.decode())
        if found is not None:
            return found.group(1)
    raise EOFError


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HOOKFLASH_")}
    return {**kept, "GRPC_ENABLE_FORK_SUPPORT": "0", **settings}
