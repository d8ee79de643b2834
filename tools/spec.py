"""Say which tests show which requirement of docs/requirements.toml, and fail where a core one has none.

A test names what it shows with `@pytest.mark.spec("R-T1", ...)`; a described scenario with `@scenario("A-01", ...)` and
with `spec=("R-T1", ...)` in any call under tests/. Both are read from the source, so nothing has to be run or imported.
An id that nobody knows is a failure too: it is a typing error.
"""

import argparse
import ast
import json
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One requirement and the places that name it, as `tests/area/file.py::test`."""

    id: str
    title: str
    is_core: bool
    tests: tuple[str, ...]

    @property
    def is_missing(self) -> bool:
        """Whether it is core and no test names it."""
        return self.is_core and not self.tests


def main() -> int:
    """Print the table; 1 when a core requirement has no test or a test names an unknown id."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object instead of a table")
    parser.add_argument("--missing", action="store_true", help="only the core requirements without a test")
    parser.add_argument("--tests", type=Path, default=ROOT / "tests", help="the folder to read (default: tests)")
    options = parser.parse_args()

    named = collect(options.tests)
    rows = read_rows(ROOT / "docs" / "requirements.toml", named)
    unknown = sorted(named.keys() - {row.id for row in rows})
    missing = [row for row in rows if row.is_missing]
    if options.json:
        print(
            json.dumps({"rows": [asdict(row) for row in rows], "missing": [r.id for r in missing], "unknown": unknown})
        )
    else:
        print_table(missing if options.missing else rows)
        for name in unknown:
            print(f"unknown: {name} in {', '.join(named[name])}")
        core = [row for row in rows if row.is_core]
        print(
            f"spec: {len(core) - len(missing)} of {len(core)} core requirements have a test, {len(unknown)} unknown ids"
        )
    return 1 if missing or unknown else 0


def read_rows(path: Path, named: Mapping[str, list[str]]) -> list[Row]:
    """Every requirement of the file, in its order."""
    entries = tomllib.loads(path.read_text(encoding="utf-8"))["requirements"]
    return [
        Row(id=name, title=entry["title"], is_core=entry["core"], tests=tuple(named.get(name, ())))
        for name, entry in entries.items()
    ]


def print_table(rows: list[Row]) -> None:
    """Print a line per requirement: the id, a mark, the title; below it each test that names it."""
    for row in rows:
        mark = "MISSING" if row.is_missing else "" if row.is_core else "later"
        print(f"{row.id:<6} {mark:<8} {row.title}")
        for test in row.tests:
            print(f"{'':<15} {test}")


def collect(folder: Path) -> dict[str, list[str]]:
    """Requirement id to the places under this folder that name it."""
    named: dict[str, list[str]] = defaultdict(list)
    for path in sorted(folder.rglob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        file = path.relative_to(folder.parent).as_posix()
        for ids, scope in _named_in(tree, ""):
            place = f"{file}::{scope}" if scope else file
            for name in ids:
                if place not in named[name]:
                    named[name].append(place)
    return dict(named)


def _named_in(node: ast.AST, scope: str) -> Iterator[tuple[list[str], str]]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        scope = f"{scope}::{node.name}" if scope else node.name
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr == "spec":
            yield [text for argument in node.args for text in _texts(argument)], scope
        if isinstance(node.func, ast.Name) and node.func.id == "scenario":
            yield _texts(node.args[0]), scope
        for keyword in node.keywords:
            if keyword.arg == "spec":
                yield _texts(keyword.value), scope or f"line {node.lineno}"
    for child in ast.iter_child_nodes(node):
        yield from _named_in(child, scope)


def _texts(node: ast.expr) -> list[str]:
    elements = node.elts if isinstance(node, ast.Tuple | ast.List | ast.Set) else [node]
    return [
        element.value for element in elements if isinstance(element, ast.Constant) and isinstance(element.value, str)
    ]


if __name__ == "__main__":
    sys.exit(main())
