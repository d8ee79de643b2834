"""What every authenticator keeps; needs fixtures `authenticator` and `known`, credentials that it knows."""
# ruff: noqa: S101 - these are tests

import asyncio
from typing import ClassVar

from hookflash.sdk.auth import Authenticator, Credentials
from hookflash.sdk.config import Secret
from hookflash.sdk.testing.levels import bronze, silver
from hookflash.sdk.types import Principal

__all__ = ["AuthenticatorContract"]


class AuthenticatorContract:
    """An unknown caller is None; whatever is wrong with credentials, nobody is admitted by it."""

    contract: ClassVar[str] = "1.0"

    @bronze
    def test_it_has_a_name(self, authenticator: Authenticator) -> None:
        """One lower-case word."""
        assert isinstance(authenticator, Authenticator)
        assert authenticator.name
        assert authenticator.name == authenticator.name.lower()

    @bronze
    def test_it_knows_whom_it_knows(self, authenticator: Authenticator, known: Credentials) -> None:
        """The same caller is the same principal every time."""
        first, second = _asked(authenticator, known), _asked(authenticator, known)
        assert isinstance(first, Principal)
        assert first == second

    @bronze
    def test_nobody_and_strangers_are_not_admitted(self, authenticator: Authenticator) -> None:
        """No credentials, empty ones, and rubbish."""
        for token in (None, "", " ", "a.b.c", "x" * 10_000, "\u00e4.\u00e4.\u00e4", "hf_1_2"):
            credentials = Credentials(token=None if token is None else Secret(token))
            assert _asked(authenticator, credentials) is None, token

    @silver
    def test_known_credentials_with_one_sign_changed_are_strangers(
        self, authenticator: Authenticator, known: Credentials
    ) -> None:
        """Every place of a token counts; the last few characters may be padding bits and are left alone."""
        if known.token is None:
            return
        token = known.token.reveal()
        for at in range(0, len(token) - 4, max(1, len(token) // 40)):
            other = "A" if token[at] != "A" else "B"
            assert _asked(authenticator, Credentials(token=Secret(token[:at] + other + token[at + 1 :]))) is None, at


def _asked(authenticator: Authenticator, credentials: Credentials) -> Principal | None:
    async def ask() -> Principal | None:
        try:
            return await authenticator.authenticate(credentials)
        except Exception:  # noqa: BLE001 - an exception is a refusal
            return None

    return asyncio.run(ask())
