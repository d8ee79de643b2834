"""`Registry.authenticator`: whoever knows the code of the day is a viewer. An exception never admits anybody."""

import hmac
from dataclasses import dataclass
from typing import ClassVar

from hookflash.sdk import Credentials, Principal, Registry, Role, Secret, hookimpl

SDK_API = ">=1.0,<2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """`code` is a reference, `env:NAME` or `file:PATH`; the secret itself is in no file of settings."""

    code: Secret


class DoorCode:
    """Compares in constant time."""

    name: ClassVar[str] = "door_code"

    def __init__(self, config: Config) -> None:
        """Keep the code."""
        self._code = config.code

    async def authenticate(self, credentials: Credentials) -> Principal | None:
        """Admit a viewer, or leave it to others."""
        given = credentials.token.reveal() if credentials.token is not None else ""
        if not hmac.compare_digest(given.encode(), self._code.reveal().encode()):
            return None
        return Principal(Role.VIEWER, "services/wallboard")


@hookimpl
def hookflash_register(registry: Registry) -> None:
    """Register the authenticator."""
    registry.authenticator(DoorCode(registry.config(Config)))
