"""Plugins written into a folder by a test, and a host that loads nothing else.

The host's clock stands still until a test moves it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent

from hookflash.engine.plugins import LoadedPlugin, PluginFault, PluginHost, PluginSettings

HEAD = 'from hookflash.sdk import *\nfrom hookflash.sdk import hookimpl\n\nSDK_API = ">=1.0,<2"\n'


@dataclass
class Clock:
    """Seconds that pass when a test says so."""

    now: float = 100.0

    def __call__(self) -> float:
        return self.now


SHARED = Clock()
"""For plugins that move the clock themselves."""


@dataclass
class Folder:
    """A plugins_dir and the hosts made over it."""

    path: Path
    clock: Clock = field(default_factory=Clock)
    faults: list[PluginFault] = field(default_factory=list)
    hosts: list[PluginHost] = field(default_factory=list)

    def write(self, name: str, body: str, *, head: str = HEAD) -> Path:
        file = self.path / f"{name}.py"
        file.write_text(head + dedent(body), encoding="utf-8")
        return file

    def load(
        self,
        *,
        allow: frozenset[str] | None = None,
        tables: Mapping[str, Mapping[str, object]] | None = None,
        is_strict: bool = False,
    ) -> PluginHost:
        settings = PluginSettings(plugins_dir=self.path, allow=allow, tables=tables or {}, is_strict=is_strict)
        host = PluginHost.load(settings, self.clock, self.faults.append, installed=())
        self.hosts.append(host)
        return host


def plugin(host: PluginHost, name: str) -> LoadedPlugin:
    """Give the one plugin of this name."""
    (found,) = (one for one in host.plugins if one.name == name)
    return found
