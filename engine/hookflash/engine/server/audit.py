"""What leaves no record in the journal and must be known later: refused logins, denied calls, texts an ADMIN read.

JSON lines in `audit.log`, each with the hash of the line before it, so that nothing can be taken out or changed
unseen. When the file is full it is put aside under a number and the chain goes on in the next.
"""

import json
import os
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from typing import Final

import structlog

__all__ = ["AUDIT_FILE", "Audit", "audit_files", "first_broken_line"]

AUDIT_FILE: Final = "audit.log"
"""The file in the data directory that is written now."""

_log = structlog.get_logger("hookflash.server")
_SIZE_MAX: Final = 16 * 1024 * 1024
_GENESIS: Final = "0" * 64


class Audit:
    """The audit log of one data directory; None keeps nothing, for engines without one."""

    def __init__(self, directory: Path | None) -> None:
        """Go on where the last line ends."""
        self._path = None if directory is None else directory / AUDIT_FILE
        self._previous = _GENESIS
        self._size = 0
        self._file: int | None = None
        if self._path is not None:
            self._previous = _last_hash(self._path)
            self._open(self._path)

    def write(self, at: float, kind: str, **facts: str) -> None:
        """Add a line; `facts` are names and reasons, never texts or secrets."""
        if self._file is None or self._path is None:
            return
        line = _line(self._previous, {"at": at, "kind": kind, **facts})
        try:
            self._size += os.write(self._file, line)
        except OSError as error:
            # Most likely the disk is full. The call is answered all the same, and the chain stays whole.
            _log.error("audit.failed", error=error.strerror)
            return
        self._previous = sha256(line).hexdigest()
        if self._size >= _SIZE_MAX:
            os.close(self._file)
            self._path.rename(self._path.with_name(f"{AUDIT_FILE}.{len(audit_files(self._path.parent)):06d}"))
            self._open(self._path)

    def close(self) -> None:
        """Write no more."""
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _open(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._size = os.fstat(self._file).st_size


def audit_files(directory: Path) -> list[Path]:
    """The files of the log, oldest first."""
    aside = sorted(directory.glob(f"{AUDIT_FILE}.[0-9]*"))
    now = directory / AUDIT_FILE
    return [*aside, now] if now.exists() else aside


def first_broken_line(files: Iterable[Path]) -> tuple[Path, int] | None:
    """The first line, counted from 1, whose chain does not hold; None where all of it does."""
    previous = _GENESIS
    for path in files:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                if _previous_in(line) != previous:
                    return path, number
                previous = sha256(line).hexdigest()
    return None


def _line(previous: str, facts: dict[str, object]) -> bytes:
    return (json.dumps({**facts, "previous": previous}, separators=(",", ":")) + "\n").encode()


def _previous_in(line: bytes) -> str | None:
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found.get("previous") if isinstance(found, dict) else None


def _last_hash(path: Path) -> str:
    """The hash of the log's last line. A line cut off by a crash is ended, so that the next one stands by itself."""
    for each in reversed(audit_files(path.parent)):
        content = each.read_bytes()
        if content and not content.endswith(b"\n"):
            with each.open("ab") as file:
                file.write(b"\n")
            content += b"\n"
        if content:
            return sha256(content.splitlines(keepends=True)[-1]).hexdigest()
    return _GENESIS
