"""A real `hookflash serve` in a process of its own, on a free port: what the end-to-end tests run against.

Its address is what it announces on stdout; what it says on stderr is kept in a file beside its data, so that a test
can read it and a full pipe never stops it.
"""

import os
import select
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Final

__all__ = ["Ended", "ServerProcess", "environment_of", "hookflash", "running", "start_server"]

ANNOUNCEMENT: Final = "hookflash listens on "
_READY_S: Final = 30.0
_END_S: Final = 20.0
_MODULE: Final = "hookflash.cli"
_COMMAND: Final = (sys.executable, "-m", _MODULE)


@dataclass(kw_only=True)
class ServerProcess:
    """A server that has announced where it listens."""

    process: "subprocess.Popen[str]"
    address: str
    data: Path
    log: Path

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    @property
    def admin_token(self) -> str:
        """The token that its first start wrote."""
        return (self.data / "admin.token").read_text(encoding="ascii")

    @property
    def stderr(self) -> str:
        """Everything that it, and servers before it on the same log, said on stderr."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def children(self, part: bytes) -> list[int]:
        """The processes that it has started whose command line has this in it."""
        found = []
        for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="ascii").split():
            with suppress(OSError):  # It has just ended.
                found += [int(pid)] if part in Path(f"/proc/{pid}/cmdline").read_bytes() else []
        return found

    def kill(self) -> None:
        """End it as a power cut would: SIGKILL, no chance to write anything; and wait for what ends with it."""
        beside = list(self._processes_beside())
        self.process.kill()
        self.until_ended()
        for each in beside:
            assert select.select([each], [], [], _END_S)[0], "a process of the server has outlived it"
            os.close(each)

    def _processes_beside(self) -> Iterator[int]:
        """Descriptors of the processes that it has started, such as the one that keeps its views."""
        with suppress(OSError):  # It has ended already, or this system does not tell.
            for pid in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text(encoding="ascii").split():
                yield os.pidfd_open(int(pid))

    def terminate(self) -> int:
        """End it in order; the answer is its exit code."""
        self.process.terminate()
        return self.until_ended()

    def until_ended(self) -> int:
        """Wait until it has ended, whoever ended it; the answer is its exit code."""
        code = self.process.wait(_END_S)
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A command that has ended."""

    code: int
    stdout: str
    stderr: str


def hookflash(*arguments: str | Path, settings: Mapping[str, str] | None = None) -> Ended:
    """Run a command that ends by itself."""
    done = subprocess.run(
        [*_COMMAND, *map(str, arguments)],
        env=environment_of(settings),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=_READY_S,
        check=False,
    )
    return Ended(code=done.returncode, stdout=done.stdout, stderr=done.stderr)


def start_server(
    data: Path,
    *,
    listen: str = "127.0.0.1:0",
    settings: Mapping[str, str] | None = None,
    arguments: Sequence[str | Path] = (),
    module: str = _MODULE,
    environment: Mapping[str, str] | None = None,
) -> ServerProcess:
    """Start a server on a data directory and wait for its address.

    `settings` are by their names, such as `ttl_s`; AssertionError has what the server said if it did not start. Another
    `module` than the command's does something first; `environment` is what it wants to be told.
    """
    log = data.with_name(f"{data.name}.stderr")
    with log.open("ab") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", module, "serve", "--data", str(data), "--listen", listen, *map(str, arguments)],
            env={**environment_of(settings), **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            encoding="utf-8",
        )
    server = ServerProcess(process=process, address="", data=data, log=log)
    line = _first_line(process)
    if not line.startswith(ANNOUNCEMENT):
        server.kill()
        raise AssertionError(f"the server did not start: it announced {line!r} and said {server.stderr[-2000:]}")
    server.address = line.removeprefix(ANNOUNCEMENT)
    return server


@contextmanager
def running(
    data: Path,
    *,
    listen: str = "127.0.0.1:0",
    settings: Mapping[str, str] | None = None,
    arguments: Sequence[str | Path] = (),
    module: str = _MODULE,
    environment: Mapping[str, str] | None = None,
) -> Iterator[ServerProcess]:
    """A server that runs until the end of the block, and is killed there if it still does."""
    server = start_server(
        data, listen=listen, settings=settings, arguments=arguments, module=module, environment=environment
    )
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.kill()
        else:
            server.until_ended()


def _first_line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    deadline = monotonic() + _READY_S
    readable, _, _ = select.select([process.stdout], [], [], deadline - monotonic())
    return process.stdout.readline().strip() if readable else ""


def environment_of(settings: Mapping[str, str] | None) -> dict[str, str]:
    """The environment of a server or command with these settings and no others."""
    # A setting or token of this user's own server must not change a test's.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HOOKFLASH_")}
    given = {f"HOOKFLASH_{name.upper()}": value for name, value in (settings or {}).items()}
    return {**kept, "GRPC_ENABLE_FORK_SUPPORT": "0", **given}
