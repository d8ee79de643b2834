"""A layer between SQLite and the disk, put there by ctypes into the very library that Python's sqlite3 uses.

So the engine's own code runs over it unchanged, with its statements, pragmas and locks. A file is opened by SQLite's
own VFS; then the few methods that a disk's faults concern are replaced in its table, and all others stay native.
"""

import ctypes
from collections.abc import Callable
from pathlib import Path
from typing import Final, Protocol

__all__ = ["OK", "Below", "Disk", "ShimMissing", "install"]

OK: Final = 0
_IOERR: Final = 10
_CREATE: Final = 0x4
_LOGS: Final = 0x80000 | 0x800
"""SQLITE_OPEN_WAL and SQLITE_OPEN_MAIN_JOURNAL."""

_POINTER, _INT, _LONG = ctypes.c_void_p, ctypes.c_int, ctypes.c_int64
# Names go through as addresses: SQLite keeps them, and has more behind their end.
_Open = ctypes.CFUNCTYPE(_INT, _POINTER, _POINTER, _POINTER, _INT, _POINTER)
_Delete = ctypes.CFUNCTYPE(_INT, _POINTER, _POINTER, _INT)
_Move = ctypes.CFUNCTYPE(_INT, _POINTER, _POINTER, _INT, _LONG)
_Truncate = ctypes.CFUNCTYPE(_INT, _POINTER, _LONG)
_Sync = ctypes.CFUNCTYPE(_INT, _POINTER, _INT)
_FileSize = ctypes.CFUNCTYPE(_INT, _POINTER, ctypes.POINTER(_LONG))


class ShimMissing(Exception):  # noqa: N818  a reason, not a fault
    """Python's SQLite cannot be reached by ctypes here, as where it is built into the interpreter."""


class _Vfs(ctypes.Structure):
    """`struct sqlite3_vfs`, version 3."""

    _fields_ = (
        ("iVersion", _INT),
        ("szOsFile", _INT),
        ("mxPathname", _INT),
        ("pNext", _POINTER),
        ("zName", ctypes.c_char_p),
        ("pAppData", _POINTER),
        ("xOpen", _POINTER),
        ("xDelete", _POINTER),
        ("others", _POINTER * 13),
    )


class _Methods(ctypes.Structure):
    """`struct sqlite3_io_methods`, version 3."""

    _fields_ = (
        ("iVersion", _INT),
        ("xClose", _POINTER),
        ("xRead", _POINTER),
        ("xWrite", _POINTER),
        ("xTruncate", _POINTER),
        ("xSync", _POINTER),
        ("xFileSize", _POINTER),
        ("others", _POINTER * 12),
    )


class Below:
    """An open file, past the layer: what SQLite's own VFS would do and see. Never opens it again, for that would give
    up the process's locks on it."""

    __slots__ = ("_file", "_methods", "_owes_directory", "path")

    def __init__(self, path: Path, file: int, methods: _Methods, flags: int) -> None:
        self.path, self._file, self._methods = path, file, methods
        self._owes_directory = bool(flags & _CREATE and flags & _LOGS)

    def syncs_directory(self) -> bool:
        """Whether the sync at hand is one with which SQLite's own VFS syncs the directory: a new log's first."""
        owes, self._owes_directory = self._owes_directory, False
        return owes

    def read(self, offset: int, length: int) -> bytes:
        """What is there; shorter than asked for at the file's end."""
        length = max(0, min(length, self.size() - offset))
        buffer = ctypes.create_string_buffer(length or 1)
        if length and _Move(self._methods.xRead)(self._file, ctypes.addressof(buffer), length, offset) != OK:
            raise OSError(f"{self.path} cannot be read at {offset}")
        return buffer.raw[:length]

    def size(self) -> int:
        """How long the file is, in bytes."""
        size = _LONG()
        if _FileSize(self._methods.xFileSize)(self._file, ctypes.byref(size)) != OK:
            raise OSError(f"{self.path} has no size")
        return size.value

    def write(self, offset: int, content: bytes) -> int:
        """Write; SQLite's result code."""
        buffer = ctypes.create_string_buffer(content, len(content))
        return int(_Move(self._methods.xWrite)(self._file, ctypes.addressof(buffer), len(content), offset))

    def truncate(self, size: int) -> int:
        """Cut it short; SQLite's result code."""
        return int(_Truncate(self._methods.xTruncate)(self._file, size))

    def sync(self, flags: int) -> int:
        """Have it on the platter; SQLite's result code."""
        return int(_Sync(self._methods.xSync)(self._file, flags))


class Disk(Protocol):
    """What stands for the disk. Every method answers a result code of SQLite, OK or what went wrong."""

    def write(self, file: Below, offset: int, content: bytes) -> int:
        """SQLite writes."""

    def truncate(self, file: Below, size: int) -> int:
        """SQLite cuts a file short."""

    def sync(self, file: Below, flags: int) -> int:
        """SQLite wants it durable."""

    def delete(self, path: Path, delete: Callable[[], int], *, is_synced: bool) -> int:
        """SQLite removes a file, durably or not; `delete` does it."""


class _Layer:
    """The functions that SQLite calls, and everything that must live as long as they may be called."""

    def __init__(self, real: _Vfs, disk: Disk) -> None:
        self._real, self._disk = real, disk
        self._files: dict[int, Below] = {}
        self._tables: dict[int, _Methods] = {}
        self._native: dict[int, _Methods] = {}
        self._callbacks = (
            _Move(self._write),
            _Truncate(self._truncate),
            _Sync(self._sync),
            _Open(self._open),
            _Delete(self._delete),
        )
        self.vfs = _Vfs.from_buffer_copy(real)
        self.vfs.zName, self.vfs.pNext = b"torture", None
        self.vfs.xOpen, self.vfs.xDelete = (ctypes.cast(each, _POINTER).value for each in self._callbacks[3:])

    def _open(self, _vfs: int, name: int | None, file: int, flags: int, flags_out: int | None) -> int:
        code = int(_Open(self._real.xOpen)(ctypes.addressof(self._real), name, file, flags, flags_out))
        place = _POINTER.from_address(file)
        if code == OK and name and place.value:
            native = self._native.setdefault(place.value, _Methods.from_address(place.value))
            self._files[file] = Below(_path(name), file, native, flags)
            place.value = ctypes.addressof(self._table(place.value, native))
        return code

    def _table(self, address: int, native: _Methods) -> _Methods:
        table = self._tables.get(address)
        if table is None:
            table = self._tables[address] = _Methods.from_buffer_copy(native)
            table.xWrite, table.xTruncate, table.xSync = (
                ctypes.cast(each, _POINTER).value for each in self._callbacks[:3]
            )
        return table

    def _write(self, file: int, content: int, length: int, offset: int) -> int:
        return _guarded(lambda: self._disk.write(self._files[file], offset, ctypes.string_at(content, length)))

    def _truncate(self, file: int, size: int) -> int:
        return _guarded(lambda: self._disk.truncate(self._files[file], size))

    def _sync(self, file: int, flags: int) -> int:
        return _guarded(lambda: self._disk.sync(self._files[file], flags))

    def _delete(self, _vfs: int, name: int, is_synced: int) -> int:
        def delete() -> int:
            return int(_Delete(self._real.xDelete)(ctypes.addressof(self._real), name, is_synced))

        return _guarded(lambda: self._disk.delete(_path(name), delete, is_synced=bool(is_synced)))


def _path(name: int) -> Path:
    return Path(ctypes.string_at(name).decode())


def _guarded(act: Callable[[], int]) -> int:
    # ctypes would print what is raised and answer 0, which SQLite takes for success.
    try:
        return act()
    except Exception as error:  # noqa: BLE001  whatever it is, SQLite must hear of it
        print(f"the shim failed: {error!r}", flush=True)  # noqa: T201
        return _IOERR


_installed: list[_Layer] = []


def install(disk: Disk) -> None:
    """From now on, every file that this process opens through sqlite3 goes through `disk`. There is no way back.

    Raises:
        ShimMissing: this Python's SQLite cannot be reached.
    """
    try:
        import _sqlite3  # noqa: PLC0415  asked for only where it is wanted

        library = ctypes.CDLL(_sqlite3.__file__)
        library.sqlite3_vfs_find.restype = ctypes.POINTER(_Vfs)
        library.sqlite3_vfs_find.argtypes = [ctypes.c_char_p]
        library.sqlite3_vfs_register.argtypes = [_POINTER, _INT]
        library.sqlite3_initialize()
        real = library.sqlite3_vfs_find(None).contents
    except (AttributeError, OSError, ImportError, ValueError) as error:
        raise ShimMissing(f"Python's SQLite cannot be reached by ctypes here: {error}") from error
    layer = _Layer(real, disk)
    _installed.append(layer)
    if library.sqlite3_vfs_register(ctypes.addressof(layer.vfs), 1) != OK:
        raise ShimMissing("SQLite takes no other VFS here")
