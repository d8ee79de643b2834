"""Write constraints.txt and constraints-test.txt: every package an environment needs, its exact version, its hashes.

Each Python given resolves pyproject.toml for itself; the oldest comes first and its versions bind the others. Then the
hashes of each wheel that one of `PLATFORMS` would choose are gathered, so that one file serves them all. The files name
no index: where packages come from is the business of the machine that installs them.

    python tools/lock.py python3.11 python3.12 python3.13
"""

import argparse
import json
import subprocess
import sys
import tempfile
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
# pip does not unfold the newer manylinux tags by itself, so each is named.
_MANYLINUX = ("2_34", "2_31", "2_28", "2_27", "2_26", "2_24", "2_17", "2_12", "2_5")
# The first platform must be complete; one of the others is left out for a Python for which some wheel is missing.
PLATFORMS: Mapping[str, Sequence[str]] = {
    "Linux on x86_64": [f"manylinux_{version}_x86_64" for version in _MANYLINUX] + ["manylinux2014_x86_64"],
    "Linux on aarch64": [f"manylinux_{version}_aarch64" for version in _MANYLINUX[:-2]] + ["manylinux2014_aarch64"],
    "macOS on arm64": ["macosx_14_0_arm64"],
}

# Pythons that are not tested yet and get the same versions, so that a machine that has nothing else can at least try.
AHEAD = ("3.14",)


def main() -> int:
    """Resolve, gather, write; the exit code is 0, or what pip's failure raises."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pythons", nargs="+", help="interpreters to resolve for, the oldest first")
    pythons: list[str] = parser.parse_args().pythons
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"]
    runtime = [
        *project["build-system"]["requires"],
        *project["project"]["dependencies"],
        *extras["web"],
        *extras["jwt"],
    ]
    test = extras["test"]

    resolved = {_version_of(python): python for python in pythons}
    pins: dict[str, str] = {}
    needed_by: dict[str, set[str]] = defaultdict(set)
    for version, python in resolved.items():
        for name, pin in _resolve(python, [*runtime, *test], pins).items():
            pins.setdefault(name, pin)
            needed_by[name].add(version)
    at_runtime: set[str] = set()
    for python in resolved.values():
        at_runtime |= _resolve(python, runtime, pins).keys()
    hashes = _gather_hashes(pins, needed_by)

    def lines(names: Iterable[str]) -> str:
        return "".join(_line(name, pins[name], needed_by[name], set(resolved), hashes[name]) for name in sorted(names))

    header = "# Written by tools/lock.py; `make lock` writes it anew. Use: pip install --require-hashes -r {}\n"
    (ROOT / "constraints.txt").write_text(
        header.format("constraints.txt") + "# What running and building hookflash needs.\n" + lines(at_runtime),
        encoding="utf-8",
    )
    (ROOT / "constraints-test.txt").write_text(
        header.format("constraints-test.txt")
        + "# What testing and checking need besides.\n-r constraints.txt\n"
        + lines(pins.keys() - at_runtime),
        encoding="utf-8",
    )
    print(f"{len(at_runtime)} packages to run, {len(pins)} to test, for Python {', '.join(resolved)}")
    return 0


def _version_of(python: str) -> str:
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    return subprocess.run([python, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def _resolve(python: str, requirements: Sequence[str], pins: Mapping[str, str]) -> dict[str, str]:
    """Name to version of all that these requirements need under this interpreter, bound by the pins so far."""
    with tempfile.TemporaryDirectory() as folder:
        bound = Path(folder) / "bound.txt"
        bound.write_text("".join(f"{name}=={pin}\n" for name, pin in pins.items()), encoding="utf-8")
        report = _pip_report(python, folder, ["-c", str(bound), *requirements])
    return {_normal(item["metadata"]["name"]): item["metadata"]["version"] for item in report}


def _gather_hashes(pins: Mapping[str, str], needed_by: Mapping[str, set[str]]) -> dict[str, set[str]]:
    hashes: dict[str, set[str]] = defaultdict(set)
    versions = sorted(set().union(*needed_by.values()))
    for platform, tags in PLATFORMS.items():
        for version in [*versions, *AHEAD]:
            needed = {version} if version in versions else set(versions)
            wanted = [f"{name}=={pin}" for name, pin in pins.items() if needed <= needed_by[name]]
            try:
                report = _wheels(version, tags, wanted)
            except subprocess.CalledProcessError as failure:
                if platform == next(iter(PLATFORMS)) and version in versions:
                    raise
                print(f"left out: {platform}, Python {version}: {failure.stderr.strip().splitlines()[-1]}")
                continue
            for item in report:
                hashes[_normal(item["metadata"]["name"])].add(item["download_info"]["archive_info"]["hashes"]["sha256"])
    return hashes


def _wheels(version: str, tags: Sequence[str], wanted: Sequence[str]) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        platform = [part for tag in tags for part in ("--platform", tag)]
        target = ["--target", f"{folder}/nowhere", "--implementation", "cp", "--python-version", version]
        return _pip_report(sys.executable, folder, ["--no-deps", *target, *platform, *wanted])


def _pip_report(python: str, folder: str, arguments: Sequence[str]) -> list[dict[str, Any]]:
    """What pip would install, as it reports it; nothing is installed."""
    report = Path(folder) / "report.json"
    options = ["--quiet", "--dry-run", "--ignore-installed", "--only-binary", ":all:", "--report", str(report)]
    subprocess.run([python, "-m", "pip", "install", *options, *arguments], check=True, capture_output=True, text=True)
    installed: list[dict[str, Any]] = json.loads(report.read_text(encoding="utf-8"))["install"]
    return installed


def _line(name: str, pin: str, needed: set[str], versions: set[str], hashes: set[str]) -> str:
    marker = "" if needed == versions else " ; " + " or ".join(f'python_version == "{v}"' for v in sorted(needed))
    return (
        " \\\n    ".join([f"{name}=={pin}{marker}", *(f"--hash=sha256:{digest}" for digest in sorted(hashes))]) + "\n"
    )


def _normal(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


if __name__ == "__main__":
    sys.exit(main())
