"""A new plugin's project: everything that is needed for its contract tests to pass at once.

The templates are files in `templates/`, a folder a kind; `$name`, `$module`, `$title` and `$version` are filled in.
"""

import re
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from importlib.resources import files
from importlib.resources.abc import Traversable
from keyword import iskeyword
from pathlib import Path
from string import Template

from hookflash.sdk.hooks import SDK_VERSION
from hookflash.sdk.hosting.registered import GROUP

__all__ = ["KINDS", "ScaffoldError", "write"]

KINDS = ("channel", "strategy", "sink", "filter")
"""What a project can be begun for."""

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_NAME_LENGTH_MAX = 50
_SUFFIX = ".template"


class ScaffoldError(ValueError):
    """Why a project cannot be written, in a sentence with a way out; nothing was written."""


def write(kind: str, name: str, folder: Path) -> list[Path]:
    """Write the project of a plugin called `name` (such as my-sms) into a folder that is empty or not there yet.

    Answers the files, in the order in which they should be read. Raises ScaffoldError.
    """
    if kind not in KINDS:
        raise ScaffoldError(f"there is no template for {kind!r}; there are: {', '.join(KINDS)}")
    if not _NAME.fullmatch(name) or len(name) > _NAME_LENGTH_MAX:
        raise ScaffoldError(f"a plugin is named like my-sms, in lower-case words of letters and digits, not {name!r}")
    module = name.replace("-", "_")
    if iskeyword(module) or module in sys.stdlib_module_names or module == "hookflash":
        raise ScaffoldError(f"{name!r} is a word of Python's, or a module that is there already; take another name")
    if module in {point.name for point in entry_points(group=GROUP)}:
        raise ScaffoldError(f"a plugin {module} is installed here; take another name, for no two can be loaded")
    if folder.exists() and not folder.is_dir():
        raise ScaffoldError(f"{folder} is a file; name a new folder")
    if folder.exists() and any(folder.iterdir()):
        raise ScaffoldError(f"{folder} is not empty; name a new folder")
    words = {
        "name": name,
        "module": module,
        "title": "".join(word.capitalize() for word in name.split("-")),
        "version": SDK_VERSION,
    }
    written = []
    templates = files(__package__) / "templates"
    for source, place in [*_templates(templates / kind), *_templates(templates / "common")]:
        path = folder / Template(place).substitute(words).removesuffix(_SUFFIX)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(Template(source.read_text(encoding="utf-8")).substitute(words), encoding="utf-8")
        written.append(path)
    return written


def _templates(root: Traversable, place: str = "") -> Iterator[tuple[Traversable, str]]:
    for entry in sorted(root.iterdir(), key=lambda entry: entry.name):
        if entry.is_dir():
            yield from _templates(entry, f"{place}{entry.name}/")
        elif entry.name.endswith(_SUFFIX):
            yield entry, place + entry.name
