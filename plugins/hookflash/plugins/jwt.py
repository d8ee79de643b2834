"""Callers with a JSON Web Token of somebody else's making: an identity provider signs, claims say who it is.

Algorithms, audience, issuer and the claims that must be there are settings, never taken from the token. What is wrong
with a token makes its bearer a stranger, and nobody is told what it was.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import ClassVar, Final, final

from hookflash.sdk import AgentId, ConfigError, Credentials, Principal, Registry, Role, Secret, hookimpl
from hookflash.sdk.types import ChannelId

__all__ = ["SDK_API", "JwtConfig", "WebTokens", "hookflash_register"]

SDK_API = ">=1.0,<2"

SYMMETRIC: Final[Mapping[str, int]] = {"HS256": 32, "HS384": 48, "HS512": 64}
ASYMMETRIC: Final = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)
REQUIRED: Final = ("exp", "iss", "aud")
TOKEN_SIZE_MAX: Final = 8_192
AGENTS_MAX: Final = 1_000
ID: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}", re.ASCII)
COLLECTIONS: Final[Mapping[Role, str]] = {
    Role.VIEWER: "viewers",
    Role.AGENT: "agents",
    Role.SUPERVISOR: "supervisors",
    Role.SERVICE: "services",
    Role.ADAPTER: "channels",
    Role.ADMIN: "admins",
}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class JwtConfig:
    """Whose tokens are taken; without an issuer none are.

    `algorithms` are separated by commas and of one family; the symmetric ones need `secret` (a reference), the others
    `public_key` (a PEM file). The claim `subject_claim` holds an id, `role_claim` a role or one of its names in `roles`
    (`NAME=ROLE`, separated by commas); `role` is taken where the token has no such claim. A SERVICE acts for the agents
    in `agents_claim`, and for all only with `is_service_for_all`; an ADAPTER serves the channel that is its subject.
    """

    issuer: str = ""
    audience: str = ""
    algorithms: str = ""
    secret: Secret | None = None
    public_key: Path | None = None
    subject_claim: str = "sub"
    role_claim: str = "hookflash_role"
    roles: str = ""
    role: Role | None = None
    agents_claim: str = "hookflash_agents"
    is_service_for_all: bool = False
    leeway_s: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what would take tokens that nobody meant to take."""
        if not self.issuer:
            return
        names = self.algorithm_names()
        if not self.audience:
            raise ValueError("setting 'audience' is missing: a token for somebody else must not be taken")
        is_symmetric, is_asymmetric = names <= SYMMETRIC.keys(), names <= ASYMMETRIC
        if not names or not (is_symmetric or is_asymmetric):
            raise ValueError("setting 'algorithms' must be of one family, as HS256 or RS256,ES256; there is no 'none'")
        if (self.secret is not None) != is_symmetric or (self.public_key is not None) != is_asymmetric:
            raise ValueError("HS algorithms need 'secret' and nothing else, all others 'public_key' and nothing else")
        size_min = max(SYMMETRIC.get(name, 0) for name in names)
        if self.secret is not None and len(self.secret.reveal().encode()) < size_min:
            raise ValueError(f"setting 'secret' must be at least {size_min} bytes long for these algorithms")
        if not 0 <= self.leeway_s <= 300:  # noqa: PLR2004 - five minutes, said in the sentence
            raise ValueError("setting 'leeway_s' must be 0 to 300")
        self.named_roles()

    def algorithm_names(self) -> frozenset[str]:
        """The algorithms, one by one."""
        return frozenset(filter(None, (name.strip() for name in self.algorithms.split(","))))

    def named_roles(self) -> Mapping[str, Role]:
        """The roles by their names in tokens; raises ValueError."""
        found = {str(role): role for role in Role}
        for pair in filter(None, (each.strip() for each in self.roles.split(","))):
            name, _, role = pair.rpartition("=")
            if not name or role not in list(Role):
                raise ValueError(f"setting 'roles' reads `NAME=ROLE,NAME=ROLE`, not {pair!r}")
            found[name] = Role(role)
        return found


@final
class WebTokens:
    """Knows the bearers of one issuer's tokens."""

    name: ClassVar[str] = "jwt"

    def __init__(self, config: JwtConfig, library: ModuleType) -> None:
        """Take the settings and PyJWT; reads the public key. Raises ConfigError."""
        self._config = config
        self._jwt = library
        self._roles = config.named_roles()
        self._algorithms = sorted(config.algorithm_names())
        self._key = _public_key(config.public_key) if config.secret is None else config.secret
        self._required = [*REQUIRED, config.subject_claim]

    async def authenticate(self, credentials: Credentials) -> Principal | None:
        """Name the bearer; None for a token that is not this issuer's, or not good."""
        token = "" if credentials.token is None else credentials.token.reveal()
        if not token or len(token) > TOKEN_SIZE_MAX:
            return None
        try:
            claims: dict[str, object] = self._jwt.decode(
                token,
                self._key.reveal() if isinstance(self._key, Secret) else self._key,
                algorithms=self._algorithms,
                audience=self._config.audience,
                issuer=self._config.issuer,
                leeway=self._config.leeway_s,
                options={"require": self._required},
            )
        except (self._jwt.PyJWTError, ValueError):
            return None
        return self._principal(claims)

    def _principal(self, claims: Mapping[str, object]) -> Principal | None:
        identifier, named = claims.get(self._config.subject_claim), claims.get(self._config.role_claim)
        role = self._config.role if named is None else self._roles.get(named) if isinstance(named, str) else None
        if role is None or not isinstance(identifier, str) or not ID.fullmatch(identifier):
            return None
        subject = f"{COLLECTIONS[role]}/{identifier}"
        if role is Role.ADAPTER:
            return Principal(role, subject, (), ChannelId(identifier))
        if role is not Role.SERVICE:
            return Principal(role, subject)
        agents = self._agents(claims.get(self._config.agents_claim))
        return None if agents is None else Principal(role, subject, agents)

    def _agents(self, given: object) -> tuple[AgentId, ...] | None:
        """For whom a SERVICE acts; None where the token does not say it, which would mean: for all."""
        if given is None:
            return () if self._config.is_service_for_all else None
        if not isinstance(given, list) or not 0 < len(given) <= AGENTS_MAX:
            return None
        if not all(isinstance(agent, str) and ID.fullmatch(agent) for agent in given):
            return None
        return tuple(AgentId(agent) for agent in given)


def _public_key(path: Path | None) -> object:
    """Read the key once: as an object of its own sort it can be nobody's HMAC secret."""
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - comes with the extra, as PyJWT does
    from cryptography.hazmat.primitives.serialization import load_pem_public_key  # noqa: PLC0415

    if path is None:  # pragma: no cover - the Config has refused that
        raise ConfigError(("setting 'public_key' is missing",))
    try:
        return load_pem_public_key(path.read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        raise ConfigError((f"setting 'public_key': {path} cannot be read ({type(error).__name__})",)) from error


@hookimpl
def hookflash_register(registry: Registry) -> None:
    """Register the authenticator, where the settings name an issuer."""
    config = registry.config(JwtConfig)
    if not config.issuer:
        return
    try:
        # Only here: without the extra and without an issuer this plugin is loaded and has nothing to do.
        import jwt  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError(("PyJWT is not installed: pip install 'hookflash[jwt]'",)) from error
    registry.authenticator(WebTokens(config, jwt))
