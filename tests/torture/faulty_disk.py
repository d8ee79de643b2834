"""A server on a disk that fails: `python -m tests.torture.faulty_disk serve ...`, the fault named in the environment.

`TORTURE_FAULT=sync:1034:25` lets the 25th sync of the journal's files, and every later one, answer SQLite's code 1034.
"""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from hookflash.cli.main import main
from hookflash.engine.journal.data_directory import JOURNAL_FILE
from tests.torture.disk_shim import OK, Below, ShimMissing, install

__all__ = ["ENVIRONMENT", "NO_SHIM", "FaultyDisk"]

ENVIRONMENT: Final = "TORTURE_FAULT"
NO_SHIM: Final = 77
"""The exit code where there can be no such disk."""


@dataclass
class FaultyDisk:
    """From the `number`th operation of one kind on the journal's files, each one fails with `code`."""

    kind: str
    code: int
    number: int
    passed: int = 0

    def write(self, file: Below, offset: int, content: bytes) -> int:
        """Write, or fail."""
        return self._fails("write", file.path) or file.write(offset, content)

    def truncate(self, file: Below, size: int) -> int:
        """Cut short."""
        return file.truncate(size)

    def sync(self, file: Below, flags: int) -> int:
        """Sync, or fail."""
        return self._fails("sync", file.path) or file.sync(flags)

    def delete(self, path: Path, delete: Callable[[], int], *, is_synced: bool) -> int:  # noqa: ARG002
        """Remove a file."""
        return delete()

    def _fails(self, kind: str, path: Path) -> int:
        if kind != self.kind or not path.name.startswith(JOURNAL_FILE):
            return OK
        self.passed += 1
        return self.code if self.passed >= self.number else OK


def _install() -> None:
    kind, code, number = os.environ[ENVIRONMENT].split(":")
    try:
        install(FaultyDisk(kind, int(code), int(number)))
    except ShimMissing as missing:
        sys.stderr.write(f"{missing}\n")
        sys.exit(NO_SHIM)


if __name__ == "__main__":
    _install()
    sys.exit(main())
