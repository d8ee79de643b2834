"""What a plugin's source says of itself, read without running it: `SDK_API`, `NEEDS_CONFIG`.

So a plugin that is made for another SDK, or is not wanted, is never imported just to learn that.
"""

import ast
from pathlib import Path

__all__ = ["declared"]


def declared(source: Path, constant: str) -> object:
    """Give the value of a module's constant; None where it has none, or where the file is no readable Python."""
    if source.suffix != ".py":
        return None
    try:
        tree = ast.parse(source.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return None  # An import will say it with a traceback.
    for statement in tree.body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=value)) if name == constant:
                return value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=value)) if name == constant:
                return value
            case _:
                continue
    return None
