"""Loading one plugin: from its source to a state with a reason, and nothing of it left behind unless it is loaded.

pluggy's own loader lets one broken package stop the host, so each step is made here, under one guard (plugins.md 1.1).
"""

import hashlib
import inspect
import traceback
from collections.abc import Callable, Collection
from difflib import get_close_matches

import structlog
from pluggy import PluginManager

from hookflash.engine.domain.struct import Struct
from hookflash.engine.plugins.facts import PluginSettings, PluginState
from hookflash.engine.plugins.sources import Source
from hookflash.engine.plugins.staging import Registered, StagingRegistry
from hookflash.engine.plugins.terms import Isolation, terms_of
from hookflash.engine.plugins.versions import is_in_range
from hookflash.sdk import hooks
from hookflash.sdk.declarations import declared

__all__ = ["START_FAILED_S", "START_WARNED_S", "Verdict", "is_isolated", "load"]

START_WARNED_S = 5.0
START_FAILED_S = 30.0
REGISTER = "hookflash_register"

_log = structlog.get_logger("hookflash.plugins")


class Verdict(Struct, frozen=True, kw_only=True):
    """How loading ended; `registered` is what it brought, for a loaded plugin only."""

    state: PluginState
    reason: str = ""
    traceback: str = ""
    registered: Registered | None = None
    hooks: tuple[str, ...] = ()


class _RefusedError(Exception):
    def __init__(self, state: PluginState, reason: str) -> None:
        super().__init__(reason)
        self.state = state


def is_isolated(source: Source, settings: PluginSettings) -> bool:
    """Whether a plugin is to be loaded in a process of its own; not one that is left out, or whose table is wrong."""
    if _left_out(source, settings) is not None:
        return False
    try:
        return terms_of(settings.tables.get(source.name, {})).isolation is Isolation.PROCESS
    except ValueError:
        return False


def load(
    source: Source,
    settings: PluginSettings,
    manager: PluginManager,
    clock: Callable[[], float],
    *,
    taken: Collection[tuple[str, str]],
) -> Verdict:
    """Load one plugin; raises only KeyboardInterrupt and SystemExit."""
    table = settings.tables.get(source.name, {})
    if left_out := _left_out(source, settings):
        return left_out
    try:
        terms = terms_of(table)
    except ValueError as error:
        return Verdict(state=PluginState.FAILED, reason=str(error))
    staging = StagingRegistry(terms.settings, taken=taken, is_agents_granted=terms.is_agents_granted)
    try:
        if manager.has_plugin(source.name):
            raise _RefusedError(PluginState.FAILED, f"another plugin is named {source.name!r}")  # noqa: TRY301
        _check_pin(source, table.get("sha256"))
        if source.name not in settings.tables and _declared(source, "NEEDS_CONFIG") is True:
            reason = f"it does nothing without settings; give it a table [plugins.{source.name}]"
            raise _RefusedError(PluginState.DISABLED, reason)  # noqa: TRY301
        _check_api(_declared(source, "SDK_API"), is_final=False)
        module = source.import_module()
        _check_api(getattr(module, "SDK_API", None), is_final=True)
        plugin = source.plugin(module)
        _admit(plugin, source.name, manager, staging, clock)
    except (KeyboardInterrupt, SystemExit):
        raise
    except _RefusedError as refusal:
        return Verdict(state=refusal.state, reason=str(refusal))
    except BaseException as error:  # noqa: BLE001 - a plugin may raise anything, and the engine starts in any case
        return Verdict(
            state=PluginState.FAILED,
            reason=f"{type(error).__name__}: {error}",
            traceback="".join(traceback.format_exception(error)),
        )
    found = sorted(caller.name for caller in manager.get_hookcallers(plugin) or () if caller.name != REGISTER)
    return Verdict(state=PluginState.LOADED, registered=staging.registered, hooks=tuple(found))


def _left_out(source: Source, settings: PluginSettings) -> Verdict | None:
    if settings.allow is not None and source.name not in settings.allow:
        return Verdict(state=PluginState.DISABLED, reason="not in [plugins] allow")
    if settings.tables.get(source.name, {}).get("enabled", True) is False:
        return Verdict(state=PluginState.DISABLED, reason=f"[plugins.{source.name}] enabled = false")
    return None


def _check_pin(source: Source, pin: object) -> None:
    if pin is None:
        return
    file = source.file()
    digest = hashlib.sha256(file.read_bytes()).hexdigest() if file is not None else None
    if digest != pin:
        raise _RefusedError(PluginState.FAILED, f"the pinned sha256 does not fit: the file has {digest}")


def _declared(source: Source, constant: str) -> object:
    file = source.file()
    return None if file is None else declared(file, constant)


def _check_api(range_: object, *, is_final: bool) -> None:
    if range_ is None and not is_final:
        return
    if not isinstance(range_, str):
        reason = f"it does not say which SDK it is made for; this is {hooks.SDK_VERSION}: write SDK_API = '>=1.0,<2'"
        raise _RefusedError(PluginState.INCOMPATIBLE, reason)
    try:
        fits = is_in_range(hooks.SDK_VERSION, range_)
    except ValueError as error:
        raise _RefusedError(PluginState.INCOMPATIBLE, f"SDK_API {error}") from error
    if not fits:
        raise _RefusedError(PluginState.INCOMPATIBLE, f"it is made for SDK {range_}, this is {hooks.SDK_VERSION}")


def _admit(
    plugin: object, name: str, manager: PluginManager, staging: StagingRegistry, clock: Callable[[], float]
) -> None:
    _refuse_unmarked(plugin)
    manager.register(plugin, name)
    try:
        _refuse_unfit(plugin, manager)
        _register(plugin, name, manager, staging, clock)
        staging.refuse_unread_settings()
    except BaseException:
        manager.unregister(plugin)
        raise


def _refuse_unmarked(plugin: object) -> None:
    """Refuse what looks like a hook and would never be called, because @hookimpl is missing."""
    for name in dir(plugin):
        if not name.startswith("hookflash_"):
            continue
        found = inspect.getattr_static(plugin, name)
        if isinstance(found, staticmethod | classmethod):
            found = found.__func__
        if inspect.isfunction(found) and not hasattr(found, f"{hooks.PROJECT}_impl"):
            raise _RefusedError(PluginState.FAILED, f"{name} is not marked with @hookimpl, so it would never be called")


def _refuse_unfit(plugin: object, manager: PluginManager) -> None:
    callers = manager.get_hookcallers(plugin) or []
    if not callers:
        raise _RefusedError(PluginState.FAILED, "it has no hook, so nothing of it would ever be called")
    for caller in callers:
        for implementation in caller.get_hookimpls():
            if implementation.plugin is not plugin:
                continue
            if not caller.has_spec() and not implementation.optionalhook:
                near = get_close_matches(caller.name, dir(hooks), n=1)
                hint = f"; did you mean {near[0]}?" if near else ""
                raise _RefusedError(PluginState.FAILED, f"there is no hook {caller.name}{hint}")
            if implementation.wrapper or implementation.hookwrapper:
                raise _RefusedError(PluginState.FAILED, f"{caller.name} is a wrapper; wrappers are not public")
            if _is_deferred(implementation.function):
                reason = f"{caller.name} is async or a generator: it would never run; hooks are plain functions"
                raise _RefusedError(PluginState.FAILED, reason)


def _is_deferred(function: Callable[..., object]) -> bool:
    kinds = (inspect.iscoroutinefunction, inspect.isasyncgenfunction, inspect.isgeneratorfunction)
    return any(is_kind(function) for is_kind in kinds)


def _register(
    plugin: object, name: str, manager: PluginManager, staging: StagingRegistry, clock: Callable[[], float]
) -> None:
    for implementation in manager.hook.hookflash_register.get_hookimpls():
        if implementation.plugin is not plugin:
            continue
        began = clock()
        known = {"registry": staging}
        result: object = implementation.function(*(known[argument] for argument in implementation.argnames))
        if inspect.iscoroutine(result):
            result.close()
            raise _RefusedError(PluginState.FAILED, f"{REGISTER} gave back a coroutine: hooks are plain functions")
        took_s = clock() - began
        if took_s > START_FAILED_S:
            raise _RefusedError(PluginState.FAILED, f"{REGISTER} took {took_s:.0f} s, {START_FAILED_S:.0f} are allowed")
        if took_s > START_WARNED_S:
            _log.warning("plugin_slow_to_register", plugin=name, took_s=round(took_s, 1))
