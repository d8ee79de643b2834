"""Who calls, by the certificate of the connection: with mutual TLS, a name in it stands for a principal.

A name of the form `hookflash:ROLE:SUBJECT`, such as `hookflash:ADAPTER:channels/wa-main`, says it by itself; others are
given one in the settings. The authority that signs such names decides who may call, so it should sign nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

from hookflash.sdk import Credentials, Principal, Registry, Role, hookimpl
from hookflash.sdk.types import ChannelId

__all__ = ["SDK_API", "Certificates", "MtlsConfig", "hookflash_register", "principal_of"]

SDK_API = ">=1.0,<2"

SCHEME = "hookflash:"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class MtlsConfig:
    """Names that stand for principals.

    `known` has lines `NAME = ROLE:SUBJECT`, as in `spiffe://shop/crm = SERVICE:services/crm`; with
    `is_own_scheme_known`, names of the form `hookflash:ROLE:SUBJECT` stand for what they say.
    """

    known: str = ""
    is_own_scheme_known: bool = True

    def __post_init__(self) -> None:
        """Refuse lines that cannot be read."""
        self.principals()

    def principals(self) -> Mapping[str, Principal]:
        """The principals by name; raises ValueError for a line that is none."""
        found: dict[str, Principal] = {}
        for line in filter(None, map(str.strip, self.known.splitlines())):
            name, equals, words = line.rpartition(" = ")
            principal = principal_of(words.strip()) if equals else None
            if principal is None or not name.strip():
                raise ValueError(f"setting 'known': a line reads `NAME = ROLE:SUBJECT`, not {line!r}")
            found[name.strip()] = principal
        return found


@final
class Certificates:
    """Knows callers by their certificates."""

    name: ClassVar[str] = "mtls"

    def __init__(self, config: MtlsConfig) -> None:
        """Take the names that are known."""
        self._known = config.principals()
        self._is_own_scheme_known = config.is_own_scheme_known

    async def authenticate(self, credentials: Credentials) -> Principal | None:
        """Name the caller; a token in the same call goes before the certificate."""
        if credentials.token is not None:
            return None
        for name in credentials.certificate_names:
            if name in self._known:
                return self._known[name]
            if self._is_own_scheme_known and name.startswith(SCHEME):
                return principal_of(name.removeprefix(SCHEME))
        return None


def principal_of(words: str) -> Principal | None:
    """Read `ROLE:SUBJECT`, such as `SERVICE:services/crm`; None where it is none."""
    role, _, subject = words.partition(":")
    collection, _, identifier = subject.partition("/")
    if role not in list(Role) or not collection or not identifier:
        return None
    if role == Role.AGENT and collection != "agents":
        return None
    if role != Role.ADAPTER:
        return Principal(Role(role), subject)
    return Principal(Role.ADAPTER, subject, (), ChannelId(identifier)) if collection == "channels" else None


@hookimpl
def hookflash_register(registry: Registry) -> None:
    """Register the authenticator."""
    registry.authenticator(Certificates(registry.config(MtlsConfig)))
