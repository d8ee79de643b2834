"""Web tokens: good ones are known under their claims, and none of the known ways to forge one works."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from hookflash.engine.plugins import PluginState
from hookflash.plugins.jwt import JwtConfig, WebTokens
from hookflash.sdk import AgentId, ConfigError, Credentials, Principal, Role, Secret
from hookflash.sdk.testing import AuthenticatorContract
from hookflash.sdk.types import ChannelId
from tests.plugins.written import Folder, plugin

SECRET = "0123456789abcdef" * 4
ISSUER, AUDIENCE = "https://id.example", "hookflash"
KEY: RSAPrivateKey = generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def claims(**others: Any) -> dict[str, Any]:  # noqa: ANN401  whatever a claim may be
    now = int(time.time())
    made = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "ann",
        "iat": now,
        "exp": now + 300,
        "hookflash_role": "AGENT",
        **others,
    }
    return {name: value for name, value in made.items() if value is not None}


def symmetric(**settings: Any) -> WebTokens:  # noqa: ANN401  fields of the Config
    config = JwtConfig(issuer=ISSUER, audience=AUDIENCE, algorithms="HS256", secret=Secret(SECRET), **settings)
    return WebTokens(config, jwt)


def asymmetric(folder: Path, **settings: Any) -> WebTokens:  # noqa: ANN401  fields of the Config
    (folder / "public.pem").write_bytes(PEM)
    config = JwtConfig(
        issuer=ISSUER, audience=AUDIENCE, algorithms="RS256", public_key=folder / "public.pem", **settings
    )
    return WebTokens(config, jwt)


def known(door: WebTokens, token: str) -> Principal | None:
    return asyncio.run(door.authenticate(Credentials(token=Secret(token))))


def signed(key: Any = SECRET, algorithm: str = "HS256", **others: Any) -> str:  # noqa: ANN401
    return jwt.encode(claims(**others), key, algorithm=algorithm)


class TestSymmetric(AuthenticatorContract):
    @pytest.fixture
    def authenticator(self) -> WebTokens:
        return symmetric()

    @pytest.fixture
    def known(self) -> Credentials:
        return Credentials(token=Secret(signed()))


class TestAsymmetric(AuthenticatorContract):
    @pytest.fixture
    def authenticator(self, tmp_path: Path) -> WebTokens:
        return asymmetric(tmp_path)

    @pytest.fixture
    def known(self) -> Credentials:
        return Credentials(token=Secret(signed(KEY, "RS256")))


@pytest.mark.parametrize(
    ("given", "principal"),
    [
        ({}, Principal(Role.AGENT, "agents/ann")),
        ({"hookflash_role": "boss"}, Principal(Role.SUPERVISOR, "supervisors/ann")),
        ({"hookflash_role": None}, Principal(Role.VIEWER, "viewers/ann")),
        ({"aud": ["other", AUDIENCE]}, Principal(Role.AGENT, "agents/ann")),
        (
            {"hookflash_role": "ADAPTER", "sub": "web"},
            Principal(Role.ADAPTER, "channels/web", (), ChannelId("web")),
        ),
        (
            {"hookflash_role": "SERVICE", "sub": "crm", "hookflash_agents": ["ann", "ben"]},
            Principal(Role.SERVICE, "services/crm", (AgentId("ann"), AgentId("ben"))),
        ),
    ],
)
def test_claims_say_who_it_is(given: dict[str, Any], principal: Principal, tmp_path: Path) -> None:
    settings: dict[str, Any] = {"roles": "boss=SUPERVISOR", "role": Role.VIEWER}
    assert known(symmetric(**settings), signed(**given)) == principal
    assert known(asymmetric(tmp_path, **settings), signed(KEY, "RS256", **given)) == principal


@pytest.mark.parametrize(
    "given",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "other"},
        {"aud": None},
        {"exp": 1},
        {"exp": None},
        {"exp": "tomorrow"},
        {"nbf": int(time.time()) + 3600},
        {"iat": int(time.time()) + 3600},
        {"sub": None},
        {"sub": "Ann"},
        {"sub": "ann/../ben"},
        {"sub": ""},
        {"hookflash_role": "KING"},
        {"hookflash_role": ["ADMIN"]},
        {"hookflash_role": None},
        {"hookflash_role": "SERVICE"},
        {"hookflash_role": "SERVICE", "hookflash_agents": []},
        {"hookflash_role": "SERVICE", "hookflash_agents": "ann"},
        {"hookflash_role": "SERVICE", "hookflash_agents": ["ann", 1]},
    ],
)
def test_a_signed_token_with_wrong_claims_is_nobodys(given: dict[str, Any], tmp_path: Path) -> None:
    assert known(symmetric(), signed(**given)) is None
    assert known(asymmetric(tmp_path), signed(KEY, "RS256", **given)) is None


def _part(value: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _forged(header: Mapping[str, Any], key: bytes | None) -> str:
    """A token made by hand: the library refuses to make such."""
    body = f"{_part(header)}.{_part(claims())}"
    if key is None:
        return f"{body}."
    signature = hmac.new(key, body.encode(), hashlib.sha256).digest()
    return f"{body}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def _padded() -> str:
    head, body, signature = signed().split(".")
    return f"{head}.{body}.{signature}."


BAD: Mapping[str, Callable[[], str]] = {
    "no signature, alg none": lambda: _forged({"alg": "none", "typ": "JWT"}, None),
    "no signature, alg None": lambda: _forged({"alg": "None"}, None),
    "no signature, alg nOnE": lambda: _forged({"alg": "nOnE"}, None),
    "no alg at all": lambda: _forged({"typ": "JWT"}, None),
    "alg none with a signature": lambda: _forged({"alg": "none"}, SECRET.encode()),
    "key confusion: HMAC with the public key": lambda: _forged({"alg": "HS256"}, PEM),
    "key confusion: HMAC with the stripped public key": lambda: _forged({"alg": "HS256"}, PEM.strip()),
    "another HMAC of the same key": lambda: signed(algorithm="HS512"),
    "another secret": lambda: signed(SECRET[::-1]),
    "an empty secret": lambda: _forged({"alg": "HS256"}, b""),
    "another private key": lambda: signed(generate_private_key(65537, 2048), "RS256"),
    "a key of its own in the header": lambda: jwt.encode(
        claims(), "f" * 64, "HS256", headers={"jwk": {"kty": "oct", "k": "ZmZm"}, "kid": "/dev/null"}
    ),
    "a critical header that nobody understands": lambda: jwt.encode(claims(), "f" * 64, headers={"crit": ["x"]}),
    "the signature left out": lambda: signed().rpartition(".")[0] + ".",
    "a part more": _padded,
    "two parts": lambda: signed().rpartition(".")[0],
    "five parts, as if encrypted": lambda: "a.b.c.d.e",
    "too large": lambda: jwt.encode(claims(more="x" * 10_000), SECRET),
    "no JSON inside": lambda: "e30.e30.e30",
    "a list instead of claims": lambda: f"{_part({'alg': 'HS256'})}.W10.AAAA",
    "not ASCII": lambda: "ä.ö.ü",
    "empty": lambda: "",
}


@pytest.mark.parametrize("bad", list(BAD))
def test_a_bad_token_is_nobodys_and_raises_nothing(bad: str, tmp_path: Path) -> None:
    token = BAD[bad]()
    assert known(symmetric(), token) is None
    assert known(asymmetric(tmp_path), token) is None


def test_a_token_of_one_family_is_nobodys_for_the_other(tmp_path: Path) -> None:
    assert known(symmetric(), signed(KEY, "RS256")) is None
    assert known(asymmetric(tmp_path), signed()) is None


def test_a_service_acts_for_all_only_where_the_settings_say_so() -> None:
    token = signed(hookflash_role="SERVICE", sub="crm")
    assert known(symmetric(), token) is None
    assert known(symmetric(is_service_for_all=True), token) == Principal(Role.SERVICE, "services/crm")


@pytest.mark.parametrize(
    "settings",
    [
        {"audience": ""},
        {"algorithms": ""},
        {"algorithms": "none"},
        {"algorithms": "HS256,RS256"},
        {"secret": None},
        {"secret": Secret("short")},
        {"public_key": Path("key.pem")},
        {"algorithms": "RS256"},
        {"algorithms": "HS512", "secret": Secret("x" * 63)},
        {"roles": "boss=KING"},
        {"roles": "boss"},
        {"leeway_s": -1.0},
        {"leeway_s": 3600.0},
    ],
)
def test_settings_that_would_take_what_nobody_meant_are_refused(settings: dict[str, Any]) -> None:
    good: dict[str, Any] = {
        "issuer": ISSUER,
        "audience": AUDIENCE,
        "algorithms": "HS256",
        "secret": Secret(SECRET),
    }
    JwtConfig(**good)
    with pytest.raises(ValueError, match=r"setting|HS algorithms") as refused:
        JwtConfig(**{**good, **settings})
    assert SECRET not in str(refused.value)


@pytest.mark.parametrize("content", [None, b"", b"no key", SECRET.encode()])
def test_a_public_key_that_cannot_be_read_keeps_the_plugin_out(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    if content is not None:
        path.write_bytes(content)
    config = JwtConfig(issuer=ISSUER, audience=AUDIENCE, algorithms="RS256", public_key=path)
    with pytest.raises(ConfigError, match="cannot be read"):
        WebTokens(config, jwt)


def test_without_an_issuer_there_is_no_authenticator(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    (folder.path / "webtokens.py").write_text("from hookflash.plugins.jwt import *\n", encoding="utf-8")
    host = folder.load()
    assert (plugin(host, "webtokens").state, host.authenticators) == (PluginState.LOADED, ())
