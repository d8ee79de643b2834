"""Plants a defect into this process: its module is compiled from a changed copy of its source when it is imported.

The file on the disk stays as it is, and no compiled file is read or written.
"""

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import find_spec
from pathlib import Path
from types import CodeType, ModuleType

from .defect import Defect

__all__ = ["plant", "source_of"]


def plant(defect: Defect) -> None:
    """Let this process import the module with the defect. Raises ValueError where that comes too late or cannot be."""
    if defect.module in sys.modules:
        raise ValueError(f"{defect.module} is imported already; plant a defect in a process of its own")
    sys.meta_path.insert(0, _Finder(defect))


def source_of(defect: Defect) -> str:
    """The source of the defect's module, as it is today."""
    spec = find_spec(defect.module)
    if spec is None or spec.origin is None:
        raise ValueError(f"{defect.module} is not there")
    return Path(spec.origin).read_text(encoding="utf-8")


class _Finder(MetaPathFinder):
    """Finds one module, and gives it the loader that plants."""

    def __init__(self, defect: Defect) -> None:
        self._defect = defect

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._defect.module:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec is None or spec.origin is None:
            raise ImportError(f"{fullname} is not there, so {self._defect.name} cannot be planted in it")
        spec.loader = _Loader(self._defect, spec.origin)
        return spec


class _Loader(SourceFileLoader):
    """Compiles the changed source."""

    def __init__(self, defect: Defect, path: str) -> None:
        super().__init__(defect.module, path)
        self._defect = defect

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002  the loader is of one module
        changed = self._defect.planted_in(Path(self.path).read_text(encoding="utf-8"))
        return compile(changed, self.path, "exec", dont_inherit=True)
