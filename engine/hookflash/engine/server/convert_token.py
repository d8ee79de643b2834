"""Tokens as an admin sees them, and what CreateToken asks for. Never a secret."""

from typing import Final

from hookflash.engine.domain.refusals import BadField
from hookflash.engine.domain.text import check_id
from hookflash.engine.domain.values import TokenSettings
from hookflash.engine.server import names
from hookflash.engine.server.convert_values import ROLE, seconds_or_none, timestamp
from hookflash.sdk.types import Role
from hookflash.v1 import admin_service_pb2, token_pb2

__all__ = ["ROLES", "token_from", "token_to"]

ROLES: Final = {value: role for role, value in ROLE.items()}
"""The roles by their number on the wire."""

_SUBJECTS: Final = {Role.AGENT: "agents", Role.ADAPTER: "channels"}


def token_to(token: TokenSettings, last_used_at: float | None) -> token_pb2.Token:
    """A token without its secret."""
    return token_pb2.Token(
        name=f"tokens/{token.id}",
        subject=token.subject,
        role=ROLE[token.role],
        agents=[f"agents/{agent}" for agent in token.agents],
        channel="" if token.channel is None else f"channels/{token.channel}",
        create_time=timestamp(token.created_at),
        expire_time=None if token.expire_at is None else timestamp(token.expire_at),
        last_use_time=None if last_used_at is None else timestamp(last_used_at),
    )


def token_from(
    request: admin_service_pb2.CreateTokenRequest, *, identifier: str, digest: bytes, now: float, default_ttl_s: float
) -> TokenSettings:
    """What is to be remembered of a new token. Raises BadField or BadId."""
    role = ROLES.get(request.role)
    if role is None:
        raise BadField("role", "is required: what the token may do")
    if request.agents and role is not Role.SERVICE:
        raise BadField("agents", "narrows a SERVICE only")
    if bool(request.channel) != (role is Role.ADAPTER):
        raise BadField("channel", "is required for an ADAPTER, and allowed for no other role")
    ttl_s = seconds_or_none(request, "ttl") or default_ttl_s
    return TokenSettings(
        id=identifier,
        subject=_subject(request.subject, role),
        role=role,
        digest=digest,
        created_at=now,
        agents=tuple(names.agent("agents", agent) for agent in request.agents),
        channel=names.channel("channel", request.channel) if request.channel else None,
        expire_at=now + ttl_s,
    )


def _subject(value: str, role: Role) -> str:
    collection, slash, identifier = value.partition("/")
    if not slash:
        raise BadField("subject", f"is required: such as `{_SUBJECTS.get(role, 'services')}/ID`")
    check_id("subject", collection)
    check_id("subject", identifier)
    if role is Role.AGENT and collection != "agents":
        raise BadField("subject", "must be `agents/ID` for the role AGENT")
    return value
