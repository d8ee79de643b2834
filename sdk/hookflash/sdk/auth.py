"""Authenticators: who calls, from credentials of somebody else's making.

Asked in the order of registration, until one knows the caller. An exception is a refusal: it never admits.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Protocol, final, runtime_checkable

from hookflash.sdk.config import Secret
from hookflash.sdk.types import Principal

__all__ = ["Authenticator", "Credentials"]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What a call came with: its bearer token, the URIs and names in its client certificate, its other metadata."""

    token: Secret | None = None
    certificate_names: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)


@runtime_checkable
class Authenticator(Protocol):
    """Knows callers; registered as an object, made of the plugin's own config. IO: 2 s."""

    name: ClassVar[str]

    async def authenticate(self, credentials: Credentials) -> Principal | None:
        """Name the caller, or None for one that somebody else may know."""
