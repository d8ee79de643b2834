"""A disk whose power is cut: it remembers what was written since each file's last sync, and spoils that at the cut.

Each write that was never synced is undone (60 %), torn (10 %) or kept, whatever became of those before it. Removing a
file is undone the same way. A disk that lies about a sync is not modelled, nor one that damages what it had synced.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final, NoReturn

from tests.torture.disk_shim import OK, Below

__all__ = ["CUT_CODE", "Cut", "PowerDisk"]

CUT_CODE: Final = 99
"""The exit code of a process whose power was cut."""

_UNDONE, _TORN = 0.6, 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """When the power goes: at the `number`th operation of these kinds on files whose names end so."""

    number: int
    kinds: tuple[str, ...] = ("write", "truncate", "sync", "delete")
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class _Change:
    """One write or truncation that is not synced: where, what was there up to which size, and what came instead."""

    offset: int
    before: bytes
    size_before: int
    after: bytes | None
    """None for a truncation to `offset`."""


@dataclass
class PowerDisk:
    """Files in memory's grip until their sync; at the cut the process ends as if the machine had."""

    place: Path
    """The directory whose files lose; others are left alone."""

    chance: Random
    cut: Cut
    unsynced: dict[Path, list[_Change]] = field(default_factory=dict)
    removed: dict[Path, bytes] = field(default_factory=dict)
    passed: int = 0

    def write(self, file: Below, offset: int, content: bytes) -> int:
        """Write, and remember what was there."""
        if file.path.parent != self.place:
            return file.write(offset, content)
        change = _Change(offset, file.read(offset, len(content)), file.size(), content)
        self.unsynced.setdefault(file.path, []).append(change)
        code = file.write(offset, content)
        self._passed("write", file.path)
        return code

    def truncate(self, file: Below, size: int) -> int:
        """Cut short, and remember what was there."""
        if file.path.parent != self.place:
            return file.truncate(size)
        whole = file.size()
        self.unsynced.setdefault(file.path, []).append(_Change(size, file.read(size, whole - size), whole, None))
        code = file.truncate(size)
        self._passed("truncate", file.path)
        return code

    def sync(self, file: Below, flags: int) -> int:  # noqa: ARG002  all of them mean it
        """Everything written to the file is safe. The process is what dies here, so no real sync is needed."""
        is_before = self.chance.random() < 0.5  # The power goes before a sync is through, or right after.
        if is_before:
            self._passed("sync", file.path)
        self.unsynced.pop(file.path, None)
        if file.syncs_directory():
            self.removed.clear()
        if not is_before:
            self._passed("sync", file.path)
        return OK

    def delete(self, path: Path, delete: Callable[[], int], *, is_synced: bool) -> int:
        """Remove a file, and keep its content unless the directory is synced with it."""
        content = path.read_bytes() if path.exists() else None
        code = delete()
        self.unsynced.pop(path, None)
        if content is not None and not is_synced and path.parent == self.place:
            self.removed[path] = content
        self._passed("delete", path)
        return code

    def _passed(self, kind: str, path: Path) -> None:
        if kind in self.cut.kinds and path.parent == self.place and path.name.endswith(self.cut.suffix):
            self.passed += 1
            if self.passed == self.cut.number:
                self.lose_power()

    def lose_power(self) -> NoReturn:
        """Spoil what was not synced and end this process at once."""
        try:
            for path, changes in self.unsynced.items():
                if path.exists():
                    self._spoil(path, changes)
            for path, content in self.removed.items():
                if not path.exists() and self.chance.random() < _UNDONE:
                    path.write_bytes(content)
        finally:
            os._exit(CUT_CODE)

    def _spoil(self, path: Path, changes: list[_Change]) -> None:
        file = os.open(path, os.O_RDWR)
        for change in reversed(changes):
            os.pwrite(file, change.before, change.offset)
            os.ftruncate(file, change.size_before)
        for change in changes:
            die = self.chance.random()
            if die < _UNDONE:
                continue
            if change.after is None:
                os.ftruncate(file, change.offset)
                continue
            kept = self.chance.randrange(len(change.after)) if die < _UNDONE + _TORN else len(change.after)
            os.pwrite(file, change.after[:kept], change.offset)
        os.close(file)
