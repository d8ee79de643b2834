"""What a plugin's source says of itself, read without running it: `SDK_API`, `NEEDS_CONFIG`.

So a plugin that is made for another SDK, or is not wanted, is never imported just to learn that.
"""

import ast
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

__all__ = ["declared"]


def declared(source: Path, constant: str) -> object:
    """Give the value of a module's constant; None where it has none, or where the file is no readable Python."""
    if source.suffix != ".py":
        return None
    try:
        facts = source.stat()
        return _constants(source, facts.st_mtime_ns, facts.st_size).get(constant)
    except (OSError, SyntaxError, ValueError):
        return None  # An import will say it with a traceback.


@lru_cache(maxsize=256)
def _constants(source: Path, _changed_ns: int, _bytes: int) -> Mapping[str, object]:
    """Parse a file once for all that is asked of it, until it changes."""
    constants: dict[str, object] = {}
    for statement in ast.parse(source.read_bytes()).body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=value)):
                constants.setdefault(name, value)
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=value)):
                constants.setdefault(name, value)
            case _:
                continue
    return constants
