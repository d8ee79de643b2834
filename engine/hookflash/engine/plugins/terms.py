"""On what terms an admin lets a plugin in: the keys of `[plugins.NAME]` that are the engine's, not the plugin's own.

What is not said is the careful choice: no view of what agents hear, no admins, and no process of its own.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from hookflash.engine.domain.struct import Struct
from hookflash.sdk.types import Role

__all__ = ["Isolation", "Terms", "terms_of"]

OWN_KEYS: Final = frozenset(
    {"enabled", "sha256", "grant_agents", "grant_roles", "isolation", "candidates_max", "memory_max_mb", "listen"}
)
ROLES: Final = frozenset(Role) - {Role.ADMIN}


class Isolation(StrEnum):
    """Where a plugin runs: in the engine's process, or in a child of its own."""

    NONE = "none"
    PROCESS = "process"


class Terms(Struct, frozen=True, kw_only=True):
    """`is_agents_granted`: its sinks may hear what agents hear; `roles` are those that its authenticators may give.

    In a process of its own, a strategy sees `candidates_max` candidates at once, and the process has `memory_max_mb` of
    address space; its adapter takes requests at `listen`, HOST:PORT. `settings` is what is left of the table: the
    plugin's own.
    """

    is_agents_granted: bool = False
    roles: frozenset[Role] = ROLES
    isolation: Isolation = Isolation.NONE
    candidates_max: int = 64
    memory_max_mb: int = 512
    listen: str = ""
    settings: Mapping[str, object]


def terms_of(table: Mapping[str, object]) -> Terms:
    """Read a plugin's table. Raises ValueError with a sentence."""
    granted = table.get("grant_agents", False)
    if not isinstance(granted, bool):
        raise ValueError(f"grant_agents must be true or false, not {granted!r}")  # noqa: TRY004  an admin wrote it
    isolation = table.get("isolation", "none")
    if not isinstance(isolation, str) or isolation not in list(Isolation):
        raise ValueError(f"isolation must be one of {', '.join(Isolation)}, not {isolation!r}")
    is_isolated = isolation == Isolation.PROCESS
    listen = table.get("listen", "") if is_isolated else ""
    if not isinstance(listen, str):
        raise ValueError(f"listen must be HOST:PORT, not {listen!r}")  # noqa: TRY004  an admin wrote it
    return Terms(
        listen=listen,
        is_agents_granted=granted,
        roles=_roles(table.get("grant_roles")),
        isolation=Isolation(isolation),
        candidates_max=_within(table, "candidates_max", 64, 1, 200),
        memory_max_mb=_within(table, "memory_max_mb", 512, 64, 65_536),
        settings={
            key: value
            for key, value in table.items()
            # A plugin that runs inside may have a `listen` of its own.
            if key not in OWN_KEYS or (key == "listen" and not is_isolated)
        },
    )


def _within(table: Mapping[str, object], key: str, default: int, low: int, high: int) -> int:
    given = table.get(key, default)
    if type(given) is not int or not low <= given <= high:
        raise ValueError(f"{key} must be a whole number from {low:,} to {high:,}, not {given!r}")
    return given


def _roles(given: object) -> frozenset[Role]:
    if given is None:
        return ROLES
    if not isinstance(given, list | tuple) or any(role not in list(Role) for role in given):
        raise ValueError(f"grant_roles must be a list of {', '.join(Role)}, not {given!r}")
    return frozenset(Role(role) for role in given)
