"""Where plugins come from: entry points of the group `hookflash.plugins`, then each `*.py` of `plugins_dir`.

Nothing is imported here. A bare checkout has no entry points: there the modules and packages of `hookflash.plugins`
that implement a hook stand for them.
"""

import ast
import pkgutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, reduce
from importlib import import_module
from importlib.metadata import Distribution, EntryPoint, PackageNotFoundError, distribution, entry_points
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

from hookflash.engine.domain.struct import Struct, changed
from hookflash.sdk.hosting.registered import GROUP, import_file

__all__ = ["BUNDLE", "GROUP", "Source", "installed_sources", "sources_in"]

BUNDLE = "hookflash"


class Source(Struct, frozen=True, kw_only=True):
    """One plugin that could be loaded: a module by name or by file, perhaps an attribute of it."""

    name: str
    module: str
    attribute: str = ""
    path: Path | None = None
    version: str = ""
    is_bundled: bool = False

    def file(self) -> Path | None:
        """Find the module's source without running it (a package above it is imported); None where there is none."""
        if self.path is not None:
            return self.path
        known = sys.modules.get(self.module)
        found = known.__spec__ if known is not None else find_spec(self.module)
        if found is None or not found.has_location or found.origin is None:
            return None
        return Path(found.origin)

    def import_module(self) -> ModuleType:
        """Import the module; whatever it raises comes through, and a half imported file is forgotten."""
        return import_module(self.module) if self.path is None else import_file(self.module, self.path)

    def plugin(self, module: ModuleType) -> object:
        """Give what is registered: the module, or the attribute that the entry point names; of a class an object."""
        names = self.attribute.split(".") if self.attribute else []
        found: object = reduce(getattr, names, module)
        return found() if isinstance(found, type) else found


def installed_sources(group: Iterable[EntryPoint] | None = None) -> list[Source]:
    """List the entry points, bundled ones first, then by name; the same one listed twice counts once."""
    points = _installed() if group is None else list(group)
    # Each look at these reads a file of the distribution, and most plugins are of one.
    distributions = {point.dist for point in points if point.dist is not None}
    origins = {each: (each.name, each.version) for each in distributions}
    found = {(point.name, point.value): _source(point, origins) for point in points}
    sources = list(found.values())
    if group is None:
        sources += _bare_checkout()
    return sorted(sources, key=lambda source: (not source.is_bundled, source.name, source.module))


def sources_in(folder: Path) -> list[Source]:
    """List the `*.py` of a folder by name, those that start with an underscore aside."""
    paths = sorted(path for path in folder.glob("*.py") if not path.name.startswith("_"))
    return [Source(name=path.stem, module=f"hookflash_plugins_dir_{path.stem}", path=path) for path in paths]


@cache
def _installed() -> Sequence[EntryPoint]:
    """What is installed is looked at once: an engine does not see what changes beneath it."""
    return tuple(entry_points(group=GROUP))


def _source(point: EntryPoint, origins: Mapping[Distribution, tuple[str, str]]) -> Source:
    distribution_name, version = ("", "") if point.dist is None else origins[point.dist]
    return Source(
        name=point.name,
        module=point.module,
        attribute=point.attr or "",
        version=version,
        is_bundled=distribution_name == BUNDLE,
    )


def _bare_checkout() -> list[Source]:
    try:
        distribution(BUNDLE)
    except PackageNotFoundError:
        portion = find_spec(GROUP)
        folders = list(portion.submodule_search_locations or ()) if portion is not None else []
        names = sorted(module.name for module in pkgutil.iter_modules(folders))
        sources = [Source(name=name, module=f"{GROUP}.{name}", is_bundled=True) for name in names]
        return [changed(source, attribute=hooks) for source in sources if (hooks := _hooks_of(source)) is not None]
    return []


def _hooks_of(source: Source) -> str | None:
    """Where its hooks are: in the module (empty) or in one of its classes; None: it is no plugin, only shared by some.

    Told by its text, for nothing is imported here.
    """
    file = source.file()
    if file is None:
        return None
    module = ast.parse(file.read_bytes())
    places: list[ast.Module | ast.ClassDef] = [module]
    places += (node for node in module.body if isinstance(node, ast.ClassDef))
    for place in places:
        functions = (node for node in place.body if isinstance(node, ast.FunctionDef))
        if any("hookimpl" in ast.unparse(decorator) for node in functions for decorator in node.decorator_list):
            return place.name if isinstance(place, ast.ClassDef) else ""
    return None
