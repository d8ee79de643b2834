"""Takes methods away from roles that the API would let call them.

    [plugins.forbidden_verbs]
    agent = "CloseConversation"
    service = "Drain Apply"

It can only narrow: what a role may not call, it may not call with this either.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from hookflash.sdk import Denial, Principal, Registry, Role, hookimpl

__all__ = ["NEEDS_CONFIG", "SDK_API", "Config", "ForbiddenVerbs"]

SDK_API = ">=1.0,<2"
NEEDS_CONFIG = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """`[plugins.forbidden_verbs]`: for each role the methods it may not call, with blanks between.

    An ADMIN has no row: he could not take it back.
    """

    viewer: str = ""
    agent: str = ""
    supervisor: str = ""
    service: str = ""
    adapter: str = ""


class ForbiddenVerbs:
    """The plugin."""

    def __init__(self) -> None:
        """Forbid nothing before there are settings."""
        self._forbidden: Mapping[Role, frozenset[str]] = {}

    @hookimpl
    def hookflash_register(self, registry: Registry) -> None:
        """Read the settings."""
        config = registry.config(Config)
        self._forbidden = {
            Role.VIEWER: frozenset(config.viewer.split()),
            Role.AGENT: frozenset(config.agent.split()),
            Role.SUPERVISOR: frozenset(config.supervisor.split()),
            Role.SERVICE: frozenset(config.service.split()),
            Role.ADAPTER: frozenset(config.adapter.split()),
        }

    @hookimpl
    def hookflash_deny(self, principal: Principal, verb: str) -> Denial | None:
        """Deny what the settings take away from the caller's role."""
        if verb in self._forbidden.get(principal.role, ()):
            return Denial(f"{verb} is forbidden to {principal.role} in [plugins.forbidden_verbs]")
        return None
