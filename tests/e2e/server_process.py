"""A real `hookflash serve` in a process of its own, on a free port: what the end-to-end tests run against.

It is forked from a process that has loaded the engine, as `tests/forked.py` says. Its address is what it announces on
stdout; what it says on stderr is kept in a file beside its data, so that a test can read it and a full pipe never stops
it.
"""

import os
import select
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import IO, Final

from tests.forked import PIPE, Forked

__all__ = ["Ended", "NotStartedError", "ServerProcess", "environment_of", "hookflash", "running", "start_server"]

ANNOUNCEMENT: Final = "hookflash listens on "
_READY_S: Final = 30.0
_END_S: Final = 20.0
_MODULE: Final = "hookflash.cli"


class NotStartedError(AssertionError):
    """A server has announced nothing; `code` is how it ended by itself, None where it had not."""

    def __init__(self, words: str, code: int | None) -> None:
        super().__init__(f"the server did not start: {words}")
        self.code = code


@dataclass(kw_only=True)
class ServerProcess:
    """A server that has announced where it listens."""

    process: Forked
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
    """Run a command that ends by itself, to the end of all that it has started. Raises TimeoutError."""
    until = monotonic() + _READY_S
    with Forked(_MODULE, *arguments, environment=environment_of(settings), stderr=PIPE) as process:
        try:
            stdout, stderr = _read(process.stdout, until), _read(process.stderr, until)
            return Ended(code=process.wait(_END_S), stdout=stdout, stderr=stderr)
        finally:
            process.kill()


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

    `settings` are by their names, such as `ttl_s`. Another `module` than the command's does something first;
    `environment` is what it wants to be told. Raises NotStartedError, with what the server said.
    """
    log = data.with_name(f"{data.name}.stderr")
    with log.open("ab") as errors:
        process = Forked(
            module,
            *("serve", "--data", data, "--listen", listen, *arguments),
            environment={**environment_of(settings), **(environment or {})},
            stderr=errors,
        )
    server = ServerProcess(process=process, address="", data=data, log=log)
    line = _first_line(process)
    if line is None or not line.startswith(ANNOUNCEMENT):
        code = server.until_ended() if line == "" else None
        server.kill()
        raise NotStartedError(f"it announced {line!r}, ended with {code} and said {server.stderr[-2000:]}", code)
    server.address = line.removeprefix(ANNOUNCEMENT).strip()
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


def _first_line(process: Forked) -> str | None:
    """The first line that it prints: empty where it ends without one, None where there is none in time."""
    assert process.stdout is not None
    readable, _, _ = select.select([process.stdout], [], [], _READY_S)
    return process.stdout.readline() if readable else None


def _read(pipe: IO[str] | None, until: float) -> str:
    assert pipe is not None
    parts: list[bytes] = []
    while select.select([pipe], [], [], max(0.0, until - monotonic()))[0]:
        part = os.read(pipe.fileno(), 1 << 16)
        if not part:
            return b"".join(parts).decode()
        parts.append(part)
    raise TimeoutError(f"the command does not end; so far it said {b''.join(parts).decode()!r}")


def environment_of(settings: Mapping[str, str] | None) -> dict[str, str]:
    """The environment of a server or command with these settings and no others."""
    # A setting or token of this user's own server must not change a test's.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("HOOKFLASH_")}
    given = {f"HOOKFLASH_{name.upper()}": value for name, value in (settings or {}).items()}
    return {**kept, "GRPC_ENABLE_FORK_SUPPORT": "0", **given}
