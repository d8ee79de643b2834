"""Check that no file is longer than 400 lines and no function longer than 50.

A function is counted from its `def` to its last line, docstring included; generated code is left out. Each breach is a
line of output, any breach is exit 1.
"""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("engine", "sdk", "cli", "plugins", "proto", "tests", "tools")
FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 50


def main() -> int:
    """Print every breach; 0 when there is none."""
    sources = [path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*.py")) if "_pb2" not in path.name]
    breaches = [breach for path in sources for breach in breaches_in(path)]
    for breach in breaches:
        print(breach)
    lengths = sorted(len(path.read_text(encoding="utf-8").splitlines()) for path in sources)
    median, longest = lengths[len(lengths) // 2], lengths[-1]
    print(f"limits: {len(sources)} files, median {median} lines, longest {longest}; {len(breaches)} breaches")
    return 1 if breaches else 0


def breaches_in(path: Path) -> Iterator[str]:
    """Yield a sentence for each thing in this file that is too long."""
    text = path.read_text(encoding="utf-8")
    name = path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
    lines = len(text.splitlines())
    if lines > FILE_LINES_MAX:
        yield f"{name}: {lines} lines, at most {FILE_LINES_MAX}"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES_MAX:
                yield f"{name}:{node.lineno}: {node.name} has {length} lines, at most {FUNCTION_LINES_MAX}"


if __name__ == "__main__":
    sys.exit(main())
