"""Where plugins' hooks are registered: pluggy's own place, told which names of a plugin cannot be a hook."""

from types import FunctionType, MethodType, ModuleType
from typing import Final, final

from pluggy import HookimplOpts, PluginManager

from hookflash.sdk import hooks

__all__ = ["PluginHooks"]

_HOOKABLE: Final = frozenset({FunctionType, MethodType, classmethod, staticmethod})


@final
class PluginHooks(PluginManager):
    """Knows the hooks of the SDK."""

    def __init__(self) -> None:
        """Begin without plugins."""
        super().__init__(hooks.PROJECT)
        self.add_hookspecs(hooks)

    def parse_hookimpl_opts(self, plugin: object, name: str) -> HookimplOpts | None:
        """Say what a name's mark says; None where it has none, as a module's classes, modules and constants."""
        if name.startswith("__"):
            return None
        if isinstance(plugin, ModuleType) and type(vars(plugin).get(name)) not in _HOOKABLE:
            return None
        return super().parse_hookimpl_opts(plugin, name)
