"""Tokens: made here, shown once, known afterwards by their SHA-256 only.

A token is `hf_ID_SECRET` with 32 random bytes, so a fast hash is enough; it is compared in constant time.
"""

import os
import secrets
from collections.abc import Mapping
from hashlib import sha256
from hmac import compare_digest
from pathlib import Path
from typing import Final

from hookflash.engine.domain.refusals import NotAuthenticated
from hookflash.engine.domain.struct import Struct
from hookflash.engine.domain.values import TokenSettings
from hookflash.sdk.types import Principal

__all__ = ["ADMIN_FILE", "NewToken", "Tokens", "digest_of", "is_ours", "new_token", "write_secret"]

ADMIN_FILE: Final = "admin.token"
"""The file in the data directory that holds the first admin's token."""

_PREFIX: Final = "hf"
_START: Final = f"{_PREFIX}_"
_SECRET_BYTES: Final = 32
_PARTS: Final = 3
_LENGTH_MAX: Final = 256
_NOBODY: Final = sha256(secrets.token_bytes(_SECRET_BYTES)).digest()


class NewToken(Struct, frozen=True):
    """A token as it is made; `secret` is the whole token and is shown once."""

    id: str
    secret: str

    def __repr__(self) -> str:
        """Tell the id alone."""
        return f"NewToken({self.id})"


def new_token() -> NewToken:
    """Return a token that nobody has."""
    identifier = secrets.token_hex(8)
    return NewToken(identifier, f"{_PREFIX}_{identifier}_{secrets.token_urlsafe(_SECRET_BYTES)}")


def is_ours(token: str) -> bool:
    """Whether it is a token of ours, good or not; anything else is for the authenticators to know."""
    return token.startswith(_START)


def digest_of(token: str) -> bytes:
    """Return what is stored of a token."""
    return sha256(token.encode()).digest()


def write_secret(path: Path, secret: str) -> None:
    """Write a token and nothing else into a file that only its owner reads; whole or not at all."""
    beside = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)


class Tokens:
    """The tokens there are, and when each was last used."""

    def __init__(self, known: Mapping[str, TokenSettings]) -> None:
        """Take the live mapping of tokens by id."""
        self._known = known
        self._principals: dict[str, tuple[TokenSettings, Principal]] = {}
        self.last_used_at: dict[str, float] = {}

    def authenticate(self, token: str, now: float) -> tuple[str, Principal]:
        """Return the token's id and whom it stands for. Raises NotAuthenticated, and never says why."""
        parts = token.split("_", _PARTS - 1) if len(token) <= _LENGTH_MAX else []
        identifier = parts[1] if len(parts) == _PARTS and parts[0] == _PREFIX else ""
        settings = self._known.get(identifier)
        # Also an unknown token is compared with something, so that time does not tell which ids there are.
        matches = compare_digest(digest_of(token), _NOBODY if settings is None else settings.digest)
        if settings is None or not matches or (settings.expire_at is not None and settings.expire_at <= now):
            raise NotAuthenticated
        self.last_used_at[identifier] = now
        return identifier, self._principal(settings)

    def check(self, identifier: str, now: float) -> None:
        """Raise NotAuthenticated where a token that was good is so no more: revoked, or its time is over."""
        settings = self._known.get(identifier)
        if settings is None or (settings.expire_at is not None and settings.expire_at <= now):
            raise NotAuthenticated

    def _principal(self, settings: TokenSettings) -> Principal:
        known = self._principals.get(settings.id)
        if known is None or known[0] is not settings:
            principal = Principal(settings.role, settings.subject, settings.agents, settings.channel)
            known = self._principals[settings.id] = (settings, principal)
        return known[1]
