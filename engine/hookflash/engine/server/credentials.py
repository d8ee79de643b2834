"""How a call proves who makes it: a token of ours in its metadata, or anything that an authenticator knows.

Judged anew on every call: a connection outlives tokens. A token of ours goes before all else, and costs no more for
what there is beside it.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias

import grpc

from hookflash.engine.domain.refusals import NotAuthenticated
from hookflash.engine.server.authenticators import Asked, Authenticators
from hookflash.engine.server.tokens import Tokens, is_ours
from hookflash.sdk import auth
from hookflash.sdk.config import Secret
from hookflash.sdk.types import Principal

__all__ = ["Context", "Credentials"]

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
"""One call, as grpc knows it."""

_HEADER: Final = "authorization"
_BEARER: Final = "bearer "
_NAMES: Final = "x509_subject_alternative_name"


class Credentials:
    """Tells whose a call is."""

    def __init__(
        self, tokens: Tokens, authenticators: Authenticators, now: Callable[[], float], *, is_mutual: bool
    ) -> None:
        """Take the tokens, whom to ask else, the engine's clock, and whether clients show certificates."""
        self._tokens, self._authenticators, self._now = tokens, authenticators, now
        self._is_mutual = is_mutual

    def of(self, context: Context) -> tuple[str, Principal] | None:
        """Return the token's id and its principal; None without a token of ours. Raises NotAuthenticated."""
        for name, value in context.invocation_metadata() or ():
            if name == _HEADER:
                if isinstance(value, str) and value[: len(_BEARER)].lower() == _BEARER:
                    token = value[len(_BEARER) :]
                    return self._tokens.authenticate(token, self._now()) if is_ours(token) else None
                return None
        return None

    async def asked(self, context: Context) -> Asked:
        """Ask the authenticators who calls. Raises NotAuthenticated."""
        token: Secret | None = None
        rest: dict[str, str] = {}
        for name, value in context.invocation_metadata() or ():
            if name != _HEADER:
                if isinstance(value, str):
                    rest[name] = value
            elif not isinstance(value, str) or value[: len(_BEARER)].lower() != _BEARER:
                raise NotAuthenticated
            else:
                token = Secret(value[len(_BEARER) :])
        names = _certificate_names(context.auth_context()) if self._is_mutual else ()
        return await self._authenticators.ask(auth.Credentials(token=token, certificate_names=names, metadata=rest))

    def check(self, token: str) -> None:
        """Raise NotAuthenticated where a token was revoked or has expired."""
        self._tokens.check(token, self._now())


def _certificate_names(facts: Mapping[str, Iterable[bytes]]) -> tuple[str, ...]:
    return tuple(name.decode("utf-8", "replace") for name in facts.get(_NAMES, ()))
