"""How a call proves who makes it: a token in its metadata, or the certificate of its connection.

Judged anew on every call: a connection outlives tokens. With mutual TLS a certificate's URI names the principal, as
`hookflash:ROLE:SUBJECT`, such as `hookflash:ADAPTER:channels/wa-main`; a token in the same call goes before it.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TypeAlias

import grpc

from hookflash.engine.domain.refusals import NotAuthenticated
from hookflash.engine.server.tokens import Tokens
from hookflash.sdk.types import ChannelId, Principal, Role

__all__ = ["Context", "Credentials", "principal_of_uri"]

Context: TypeAlias = "grpc.aio.ServicerContext[Any, Any]"
"""One call, as grpc knows it."""

_HEADER: Final = "authorization"
_BEARER: Final = "bearer "
_URI: Final = "hookflash:"
_NAMES: Final = "x509_subject_alternative_name"


class Credentials:
    """Tells whose a call is."""

    def __init__(self, tokens: Tokens, now: Callable[[], float], *, is_mutual: bool) -> None:
        """Take the tokens, the engine's clock, and whether clients show certificates."""
        self._tokens, self._now, self._is_mutual = tokens, now, is_mutual

    def of(self, context: Context) -> tuple[str, Principal]:
        """Return the credential's id and the principal. Raises NotAuthenticated."""
        for name, value in context.invocation_metadata() or ():
            if name == _HEADER:
                if isinstance(value, str) and value[: len(_BEARER)].lower() == _BEARER:
                    return self._tokens.authenticate(value[len(_BEARER) :], self._now())
                raise NotAuthenticated
        if self._is_mutual:
            return "", _of_certificate(context.auth_context())
        raise NotAuthenticated

    def check(self, credential: str) -> None:
        """Raise NotAuthenticated where a token was revoked or has expired; a certificate lasts its connection."""
        if credential:
            self._tokens.check(credential, self._now())


def _of_certificate(facts: Mapping[str, Iterable[bytes]]) -> Principal:
    for name in facts.get(_NAMES, ()):
        uri = name.decode("utf-8", "replace")
        if uri.startswith(_URI):
            return principal_of_uri(uri)
    raise NotAuthenticated


def principal_of_uri(uri: str) -> Principal:
    """Return the principal that a certificate's URI names. Raises NotAuthenticated."""
    _, _, rest = uri.partition(":")
    role, _, subject = rest.partition(":")
    collection, _, identifier = subject.partition("/")
    if role not in set(Role) or not collection or not identifier:
        raise NotAuthenticated
    if role == Role.AGENT and collection != "agents":
        raise NotAuthenticated
    if role != Role.ADAPTER:
        return Principal(Role(role), subject)
    if collection != "channels":
        raise NotAuthenticated
    return Principal(Role.ADAPTER, subject, (), ChannelId(identifier))
