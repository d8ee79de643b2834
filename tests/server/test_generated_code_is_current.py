"""The API's Python code that is checked in is what the pinned generator writes from the .proto files."""

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

PROTO = Path(__file__).resolve().parents[2] / "proto"
GENERATED = ("*_pb2.py", "*_pb2.pyi", "*_pb2_grpc.py", "*_pb2_grpc.pyi")


def _generator() -> ModuleType:
    # proto/ is an import root for the API alone, so its script is loaded by its path.
    spec = spec_from_file_location("proto_generate", PROTO / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _generated(root: Path) -> dict[str, bytes]:
    paths = [path for pattern in GENERATED for path in (root / "hookflash/v1").glob(pattern)]
    return {path.name: path.read_bytes() for path in paths}


def test_generating_the_code_again_changes_no_byte(tmp_path: Path) -> None:
    generator = _generator()
    if missing := generator.missing_tools():
        pytest.skip("; ".join(missing))
    generator.generate(tmp_path)
    fresh, checked_in = _generated(tmp_path), _generated(PROTO)
    assert sorted(fresh) == sorted(checked_in)
    stale = sorted(name for name, content in fresh.items() if checked_in[name] != content)
    assert stale == [], f"run: {Path(sys.executable).name} proto/generate.py"


def test_every_proto_file_has_its_generated_module() -> None:
    protos = {path.stem for path in (PROTO / "hookflash/v1").glob("*.proto")}
    modules = {path.name.removesuffix("_pb2.py") for path in (PROTO / "hookflash/v1").glob("*_pb2.py")}
    assert modules == protos
