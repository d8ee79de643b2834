"""Customers' tokens: who somebody is, said by your own site and signed with the channel's secret.

`hfc1.PAYLOAD.SIGNATURE`, both parts base64url without padding; the payload is JSON with `customer`, `expires` (seconds
since 1970) and perhaps `name`; the signature is the HMAC-SHA256 of everything before the last dot.
"""

import hashlib
import hmac
import json
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, final

from hookflash.sdk import Secret

__all__ = ["BadTokenError", "Visitor", "read_token", "sign_token"]

_VERSION: Final = "hfc1"
_TOKEN_LENGTH_MAX: Final = 2_048
_NAME_LENGTH_MAX: Final = 100
_CUSTOMER: Final = re.compile(r"[A-Za-z0-9._@:+-]{1,128}", re.ASCII)


class BadTokenError(Exception):
    """A token that lets nobody in; the sentence says whether it is wrong or only too old."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Whom a token lets in, as whom agents see him, and until when."""

    customer: str
    name: str
    expires: datetime


def sign_token(secret: str, customer: str, expires: datetime, name: str = "") -> str:
    """Make a token for a customer; `customer` is 1 to 128 of A-Z a-z 0-9 and `._@:+-`. Raises ValueError."""
    if _CUSTOMER.fullmatch(customer) is None:
        raise ValueError("a customer is named by 1 to 128 of A-Z a-z 0-9 . _ @ : + -")
    payload = {"customer": customer, "expires": int(expires.timestamp()), **({"name": name} if name else {})}
    signed = f"{_VERSION}.{_coded(json.dumps(payload).encode())}"
    return f"{signed}.{_signature(secret, signed)}"


def read_token(secrets: Iterable[Secret], token: object, now: datetime) -> Visitor:
    """Read a token that one of these secrets signed. Raises BadTokenError."""
    if not isinstance(token, str) or not token.isascii() or len(token) > _TOKEN_LENGTH_MAX:
        raise BadTokenError("the token is wrong: ask your page for a new one")
    signed, _, signature = token.rpartition(".")
    # Every secret is tried, so that time does not tell which one it was.
    is_signed = [hmac.compare_digest(_signature(one.reveal(), signed), signature) for one in secrets]
    if not any(is_signed):
        raise BadTokenError("the token is wrong: ask your page for a new one")
    visitor = _visitor(signed)
    if visitor.expires <= now:
        raise BadTokenError("the token is too old: ask your page for a new one")
    return visitor


def _visitor(signed: str) -> Visitor:
    version, _, coded = signed.partition(".")
    try:
        payload = json.loads(urlsafe_b64decode(coded + "=" * (-len(coded) % 4)))
        customer, name, expires = payload["customer"], payload.get("name", ""), payload["expires"]
        is_whole = version == _VERSION and type(expires) is int and type(name) is str
        if is_whole and _CUSTOMER.fullmatch(customer) is not None:
            shown = "".join(sign for sign in name if sign.isprintable())[:_NAME_LENGTH_MAX]
            return Visitor(customer=customer, name=shown, expires=datetime.fromtimestamp(expires, UTC))
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, OSError):
        pass
    raise BadTokenError("the token is signed and says nothing that can be read: see how tokens are made")


def _signature(secret: str, signed: str) -> str:
    return _coded(hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest())


def _coded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode("ascii").rstrip("=")
