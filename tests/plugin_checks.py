"""How tests have plugins checked: by a mypy that knows the SDK, beside no pytest plugin that only our own tests need.

What it knows was worked out once in this checkout, and each user begins with a copy. mypy takes nothing from it for a
file that has changed since, so that a check with it finds what one without would find.
"""

import fcntl
import shutil
import subprocess
import sys
from pathlib import Path

__all__ = ["MYPY", "environment_of_checks"]

# As `hookflash plugin check` calls it: what is known is of use only to checks with the same options.
MYPY = (sys.executable, "-m", "mypy", "--strict", "--follow-imports=silent", "--no-error-summary")

_KEPT = Path(__file__).resolve().parent.parent / ".mypy_cache" / "of-the-sdk"
_IMPORTS = "import hookflash.sdk.calls\nimport hookflash.sdk.messages\nimport hookflash.sdk.signing\n"
_OURS = ("asyncio", "hypothesispytest", "xdist", "xdist.looponfail")


def environment_of_checks(place: Path) -> dict[str, str]:
    """The variables under which to call MYPY and `hookflash plugin check`; the new folder `place` is for mypy's use."""
    _KEPT.mkdir(parents=True, exist_ok=True)
    with (_KEPT / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        command = [*MYPY, "--config-file=", "--cache-dir", str(_KEPT / "types"), "-c", _IMPORTS]
        subprocess.run(command, cwd=_KEPT, check=True, capture_output=True)
        shutil.copytree(_KEPT / "types", place)
    return {"MYPY_CACHE_DIR": str(place), "PYTEST_ADDOPTS": " ".join(f"-p no:{plugin}" for plugin in _OURS)}
