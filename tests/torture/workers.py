"""Client processes of a trial: each reads its job as JSON, says how far it is, and last what it found; all by line.

Processes of their own, so that what torments and what watches share no interpreter; lower in priority than the server.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Thread
from time import monotonic
from typing import Any, Final

__all__ = ["Worker"]

_ROOT: Final = Path(__file__).resolve().parents[2]
_END_S: Final = 60.0


class Worker:
    """One client process of `python -m tests.torture.MODULE`; `done` is the number it said last."""

    def __init__(self, module: str, job: Mapping[str, object], folder: Path, *, niceness: int = 5) -> None:
        self.done = 0.0
        self.found: dict[str, Any] | None = None
        self._errors = folder / f"{module}-{id(self)}.stderr"
        with self._errors.open("wb") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", f"tests.torture.{module}"],
                cwd=_ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                encoding="utf-8",
                env={**os.environ, "GRPC_ENABLE_FORK_SUPPORT": "0"},
            )
        os.setpriority(os.PRIO_PROCESS, self._process.pid, niceness)
        self._reader = Thread(target=self._read, daemon=True)
        self._reader.start()
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(job))
        self._process.stdin.close()

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            said = json.loads(line)
            if isinstance(said, dict):
                self.found = said
            else:
                self.done = float(said)

    @property
    def is_running(self) -> bool:
        """Whether it is still at work."""
        return self._process.poll() is None

    def findings(self, while_waiting: Callable[[], None] = lambda: None, *, limit_s: float = 1e9) -> dict[str, Any]:
        """Wait for its end, and return what it found. Raises AssertionError with what it said when it failed."""
        deadline = monotonic() + limit_s
        while self.is_running:
            while_waiting()
            try:
                self._process.wait(0.5)
            except subprocess.TimeoutExpired:
                assert monotonic() < deadline, f"a client process did not end within {limit_s:g} s"
        self._reader.join(_END_S)
        said = self._errors.read_text(encoding="utf-8", errors="replace")
        assert self.found is not None, f"a client process ended without findings: {said[-2_000:]}"
        return self.found

    def stop(self) -> None:
        """End it if it is still there."""
        if self.is_running:
            self._process.kill()
        self._process.wait(_END_S)
        self._reader.join(_END_S)
        if self._process.stdout is not None:
            self._process.stdout.close()
