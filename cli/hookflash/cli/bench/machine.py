"""The machine that was measured on, as the published figures describe it.

A durable rate means nothing without the disk: how long one fdatasync takes is measured where the journal will lie.
"""

import os
import platform
import sqlite3
import sys
from importlib.metadata import version
from pathlib import Path
from statistics import median
from time import perf_counter

from hookflash.cli.bench.figures import percentile

__all__ = ["described", "fdatasync_ms"]

_PACKAGES = ("grpcio", "protobuf", "pykka", "msgspec", "pluggy")
_SYNCS = 200
_BLOCK = b"\0" * 512


def described(directory: Path) -> dict[str, object]:
    """Return what a reader needs in order to compare figures with his own."""
    return {
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "load_average": [round(each, 2) for each in os.getloadavg()],
        "system": f"{platform.system()} {platform.release()}",
        "file_system": _file_system(directory),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "sqlite": sqlite3.sqlite_version,
        **{package: version(package) for package in _PACKAGES},
    }


def fdatasync_ms(directory: Path) -> tuple[float, float]:
    """Return p50 and p99 of appending 512 bytes and syncing them, in milliseconds."""
    sync = os.fsync if sys.platform == "darwin" else os.fdatasync
    path = directory / "fdatasync"
    spent: list[float] = []
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    try:
        for _ in range(_SYNCS):
            begun = perf_counter()
            os.write(descriptor, _BLOCK)
            sync(descriptor)
            spent.append((perf_counter() - begun) * 1e3)
    finally:
        os.close(descriptor)
        path.unlink()
    return median(spent), percentile(spent, 0.99)


def _cpu_model() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    models = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return models[0] if models else platform.machine()


def _file_system(directory: Path) -> str:
    try:
        mounts = Path("/proc/mounts").read_text(encoding="utf-8").splitlines()
    except OSError:
        return "unknown"
    found = "unknown"
    longest = -1
    for _device, place, kind, *_rest in (line.split() for line in mounts):
        if directory.resolve().is_relative_to(place) and len(place) > longest:
            found, longest = kind, len(place)
    return found
