"""A file system of a few MiB in memory, mounted for one test where that is allowed; else the test is skipped."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

__all__ = ["MOUNT", "small_disk"]

MOUNT = shutil.which("mount") or ""
UMOUNT = shutil.which("umount") or ""


@contextmanager
def small_disk(place: Path, size_mib: int) -> Iterator[Path]:
    """Mount it at a new directory `place`, and unmount it in the end."""
    place.mkdir()
    if not (MOUNT and UMOUNT):
        pytest.skip("mount and umount are not installed")
    command = [MOUNT, "-t", "tmpfs", "-o", f"size={size_mib}m", "tmpfs", str(place)]
    mounted = subprocess.run(command, capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.decode().strip()}")
    try:
        yield place
    finally:
        subprocess.run([UMOUNT, place], check=True)
