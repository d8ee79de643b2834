"""Writes the Python code of the API beside its .proto files: `python proto/generate.py [--out DIR]`.

What stands in the repository was written by exactly the versions in `PINNED`, and a test of the server compares it byte
for byte. The generator is the oldest one supported, because generated code demands a runtime at least as new as its
generator: grpcio-tools 1.76.0 writes for protobuf >= 6.31.1 and grpcio >= 1.76.0, and protobuf 7 still loads it.
"""

import argparse
import sysconfig
from collections.abc import Sequence
from importlib import import_module, metadata
from pathlib import Path

__all__ = ["PINNED", "ROOT", "generate", "main", "missing_tools"]

ROOT = Path(__file__).resolve().parent
"""The import root of the API: what lies in it under `hookflash/v1` is imported under that name."""

PINNED = {"grpcio-tools": "1.76.0", "mypy-protobuf": "5.1.0"}
"""The distributions that write the code, and the one version of each whose output is checked in."""


def missing_tools() -> list[str]:
    """Say, a sentence each, which pinned generator this interpreter lacks; empty when it can generate."""
    sentences = []
    for name, version in PINNED.items():
        try:
            found = metadata.version(name)
        except metadata.PackageNotFoundError:
            found = "none"
        if found != version:
            sentences.append(f"{name}=={version} is needed to generate the API's code, found {found}")
    return sentences


def generate(out: Path) -> None:
    """Write every generated file under `out`, in folders named after the package.

    Raises:
        RuntimeError: a generator is missing, of another version, or refused the .proto files.
    """
    if missing := missing_tools():
        raise RuntimeError("; ".join(missing))
    protos = sorted(str(path) for path in ROOT.glob("hookflash/v1/*.proto"))
    services = [path for path in protos if path.endswith("_service.proto")]
    _protoc(protos, [f"--python_out={out}", f"--mypy_out={out}"])
    # Files without a service would only get an empty module here.
    _protoc(services, [f"--grpc_python_out={out}", f"--mypy_grpc_out={out}"])


def _protoc(protos: Sequence[str], outputs: Sequence[str]) -> None:
    # Imported by name: grpc_tools has no types, and everything but generating works without it.
    protoc = import_module("grpc_tools.protoc")
    well_known = Path(import_module("grpc_tools").__path__[0]) / "_proto"
    scripts = Path(sysconfig.get_path("scripts"))
    plugins = [f"--plugin={name}={scripts / name}" for name in ("protoc-gen-mypy", "protoc-gen-mypy_grpc")]
    code = protoc.main(["protoc", f"-I{ROOT}", f"-I{well_known}", *plugins, *outputs, *protos])
    if code != 0:
        raise RuntimeError(f"protoc ended with {code}; what it objects to stands above")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description="Write the Python code of the API beside its .proto files.")
    parser.add_argument("--out", type=Path, default=ROOT, help="write under this folder instead")
    generate(parser.parse_args().out)


if __name__ == "__main__":
    main()
