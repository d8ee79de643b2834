"""What is known about plugins: settings that go in, states, faults and answers that come out.

Values only; `hookflash.engine.plugins.host` makes and changes them.
"""

from collections.abc import Mapping
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Literal, Protocol

from hookflash.engine.domain.struct import Struct, field
from hookflash.sdk.auth import Authenticator
from hookflash.sdk.sinks import EventSink
from hookflash.sdk.types import AgentId, Role

__all__ = [
    "Answer",
    "IsolatedAdapter",
    "LoadedAuthenticator",
    "LoadedPlugin",
    "LoadedSink",
    "PluginFault",
    "PluginSettings",
    "PluginState",
    "PluginsNotLoadedError",
]


class PluginState(StrEnum):
    """How loading a plugin ended."""

    LOADED = "loaded"
    DISABLED = "disabled"
    INCOMPATIBLE = "incompatible"
    FAILED = "failed"


class PluginSettings(Struct, frozen=True, kw_only=True):
    """What an admin says about plugins.

    `allow` are the only names that are loaded (None: all); `plugins_dir` holds further `*.py`; `tables` are the
    `[plugins.NAME]` tables, some of whose keys are the engine's (`terms.py`), the rest the plugin's own; `is_strict`
    is `--strict-plugins`; `is_traced` (HOOKFLASH_TRACE_PLUGINS=1) logs every hook call with its time.
    """

    allow: frozenset[str] | None = None
    plugins_dir: Path | None = None
    tables: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    is_strict: bool = False
    is_traced: bool = False

    def digest(self, plugin: str) -> str:
        """What tells a plugin's settings from others, without showing any of them."""
        return sha256(repr(sorted(self.tables.get(plugin, {}).items())).encode()).hexdigest()


class LoadedPlugin(Struct, frozen=True, kw_only=True):
    """A plugin as an admin sees it now; `reason` says why it is not loaded, `is_open` that a breaker of it is.

    `kept_back` are the objects and hooks with an open breaker, `objects` what it registered and which hooks it has.
    """

    name: str
    version: str
    state: PluginState
    reason: str = ""
    traceback: str = ""
    is_bundled: bool = False
    faults: int = 0
    is_open: bool = False
    kept_back: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()


class LoadedSink(Struct, frozen=True, kw_only=True):
    """A sink and whose it is; `settings_digest` differs once its plugin's settings do."""

    plugin: str
    sink: EventSink
    settings_digest: str


class SettingsJudge(Protocol):
    """What knows which settings an adapter can use; `file` is its plugin's, None where that is installed."""

    file: Path | None

    def problems(self, settings: Mapping[str, str]) -> tuple[str, ...]:
        """What is wrong with a channel's settings, a sentence each."""


class IsolatedAdapter(Struct, frozen=True, kw_only=True):
    """A kind of adapter that runs in a process of its own, whose it is, where it takes requests (empty: nowhere)."""

    plugin: str
    kind: str
    listen: str
    judge: SettingsJudge

    @property
    def file(self) -> Path | None:
        """The file that is its plugin; None where it is installed."""
        return self.judge.file


class LoadedAuthenticator(Struct, frozen=True, kw_only=True):
    """An authenticator, whose it is, and the roles that it may give."""

    plugin: str
    is_bundled: bool
    authenticator: Authenticator
    roles: frozenset[Role]


class PluginFault(Struct, frozen=True, kw_only=True):
    """A plugin's call that failed: which one, how, and what was done instead."""

    plugin: str
    hook: str
    error: str
    fallback: str


class Answer(Struct, frozen=True, kw_only=True):
    """What a strategy said; all but the `fault` is empty where it failed.

    It wants one or (`to`) all of these agents asked, the first of them preferred, all of them candidates; or nobody for
    `wait_s` seconds; or the invite `rejected`, for that reason. `cursor` is its cursor as JSON text, empty for None.
    """

    agents: tuple[AgentId, ...] = ()
    to: Literal["one", "all"] = "one"
    wait_s: float | None = None
    rejected: str | None = None
    cursor: str = ""
    fault: str | None = None


class PluginsNotLoadedError(Exception):
    """A strict start with a plugin that is neither loaded nor disabled."""

    def __init__(self, plugins: tuple[LoadedPlugin, ...]) -> None:
        """Name each plugin with its reason."""
        listed = "; ".join(f"{plugin.name} is {plugin.state}: {plugin.reason}" for plugin in plugins)
        super().__init__(f"{listed}. Repair or disable it, or start without --strict-plugins")
        self.plugins = plugins
