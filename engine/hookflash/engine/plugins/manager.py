"""pluggy's manager, told where not to look for hooks: it examines every name of a plugin, and most cannot be one."""

from types import FunctionType, MethodType, ModuleType
from typing import Final, final

from pluggy import HookimplOpts, PluginManager

from hookflash.sdk import hooks

__all__ = ["HookManager"]

_HOOKABLE: Final = frozenset({FunctionType, MethodType, classmethod, staticmethod})


@final
class HookManager(PluginManager):
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
