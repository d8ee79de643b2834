"""Signatures of requests: checked for the providers that call us, and made for those whom we call.

Each check takes the raw body and the headers as they came (None: there was none), compares in constant time and raises
BadSignature: absent is told apart from wrong, and neither the body nor the secret is in the error.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from urllib.parse import SplitResult, parse_qs, parse_qsl, urlsplit

from hookflash.sdk.config import Secret
from hookflash.sdk.errors import BadSignature

__all__ = [
    "meta_sha256",
    "require_equal",
    "require_standard_webhooks_secret",
    "sign_standard_webhooks",
    "standard_webhooks",
    "telegram_secret",
    "twilio",
]

_TOLERANCE_S: Final = 300.0
_SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - how such a secret begins
_KEY_SIZES: Final = range(24, 65)
_MESSAGE_ID: Final = re.compile(r"[!-~]{1,512}", re.ASCII)
_TIMESTAMP: Final = re.compile(r"[0-9]{1,12}", re.ASCII)
_FORM_FIELDS_MAX: Final = 1_000
_HASHES: Final = {"HMAC_SHA1": hashlib.sha1, "HMAC_SHA256": hashlib.sha256}
_PORTS: Final = {"https": 443, "http": 80}


def meta_sha256(secret: Secret, body: bytes, header: str | None) -> None:
    """Check Meta's `X-Hub-Signature-256`: `sha256=` and the hex HMAC-SHA256 of the body under the app's secret."""
    digest = hmac.new(secret.reveal().encode(), body, hashlib.sha256).hexdigest()
    require_equal(f"sha256={digest}", header)


def telegram_secret(secret: Secret, header: str | None) -> None:
    """Check Telegram's `X-Telegram-Bot-Api-Secret-Token`: the token that was given to setWebhook."""
    require_equal(secret.reveal(), header)


def require_equal(expected: str, given: str | None) -> None:
    """Compare in constant time; raises BadSignature."""
    _require_any([expected], given)


def twilio(
    auth_token: Secret,
    url: str,
    body: bytes,
    header: str | None,
    *,
    settings: str | None = None,
    shared_key: Secret | None = None,
) -> None:
    """Check Twilio's `X-Twilio-Signature` of a call to `url`: the public one with its query, whatever Host says.

    A form is signed with all its fields; any other body by its digest, which the URL holds as `bodySHA256`. `settings`
    is the header `X-Twilio-Webhooks-Signature-Settings`: where it is given, the key is `shared_key` and it names the
    hash. Twilio is of two minds whether the URL has its port, so both are taken.
    """
    if not header:
        raise BadSignature(is_absent=True)
    key = shared_key if settings else auth_token
    made_by = _HASHES.get(_twilio_algorithm(settings))
    parts = urlsplit(url)
    digests = parse_qs(parts.query).get("bodySHA256")
    if key is None or made_by is None:
        raise BadSignature(is_absent=False)
    fields = ""
    if digests is None:
        fields = _twilio_fields(body)
    elif not hmac.compare_digest(digests[0].encode(), hashlib.sha256(body).hexdigest().encode()):
        raise BadSignature(is_absent=False)
    secret = key.reveal().encode()
    made = [hmac.new(secret, f"{form}{fields}".encode(), made_by).digest() for form in _with_and_without_port(parts)]
    _require_any([base64.b64encode(digest).decode() for digest in made], header)


def standard_webhooks(secrets: Sequence[Secret], headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    """Check a Standard Webhooks request (header names in lower case) made at most five minutes before or after `now`.

    Any of the secrets may have made any of the signatures, so that each side can change its key; versions other than
    `v1` are ignored.
    """
    message_id, timestamp, given = (headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature"))
    if not (message_id and timestamp and given):
        raise BadSignature(is_absent=True)
    is_timely = bool(_TIMESTAMP.fullmatch(timestamp)) and abs(now.timestamp() - int(timestamp)) <= _TOLERANCE_S
    content = f"{message_id}.{timestamp}.".encode(errors="surrogatepass") + body
    expected = [_v1(secret, content) for secret in secrets]
    entries = given.split(" ")
    is_signed = False
    for entry in entries:
        is_signed |= _is_any(expected, entry)
    if not (is_timely and is_signed):
        raise BadSignature(is_absent=False)


def sign_standard_webhooks(secrets: Sequence[Secret], message_id: str, body: bytes, now: datetime) -> Mapping[str, str]:
    """Make the three headers of a Standard Webhooks request, one signature a secret.

    Raises ValueError for an id that is not printable ASCII without spaces, and for a secret that is none.
    """
    if not _MESSAGE_ID.fullmatch(message_id):
        raise ValueError("a webhook-id is at most 512 printable ASCII characters without spaces")
    timestamp = str(int(now.timestamp()))
    content = f"{message_id}.{timestamp}.".encode() + body
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(_v1(secret, content) for secret in secrets),
    }


def require_standard_webhooks_secret(secret: Secret) -> None:
    """Raise ValueError unless it reads `whsec_` and the base64 of 24 to 64 bytes (the prefix may be missing)."""
    _standard_webhooks_key(secret)


def _v1(secret: Secret, content: bytes) -> str:
    digest = hmac.new(_standard_webhooks_key(secret), content, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def _standard_webhooks_key(secret: Secret) -> bytes:
    text = secret.reveal().removeprefix(_SECRET_PREFIX).rstrip("=")
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) not in _KEY_SIZES:
        # Said outside the handler, and without the text: it is the secret.
        raise ValueError("a Standard Webhooks secret reads whsec_ and the base64 of 24 to 64 bytes")
    return key


def _twilio_algorithm(settings: str | None) -> str:
    for part in (settings or "").split(","):
        name, _, value = part.partition("=")
        if name.strip() == "algorithm" and value.strip():
            return value.strip().upper()
    return "HMAC_SHA1"


def _twilio_fields(body: bytes) -> str:
    try:
        pairs = parse_qsl(body.decode(errors="replace"), keep_blank_values=True, max_num_fields=_FORM_FIELDS_MAX)
    except ValueError:
        raise BadSignature(is_absent=False) from None
    return "".join(f"{name}{value}" for name, value in sorted(set(pairs)))


def _with_and_without_port(parts: SplitResult) -> tuple[str, str]:
    user, at, host = parts.netloc.rpartition("@")
    bare = host if parts.port is None else host.rpartition(":")[0]
    port = parts.port or _PORTS.get(parts.scheme, 80)
    without, with_ = f"{user}{at}{bare}", f"{user}{at}{bare}:{port}"
    return parts._replace(netloc=without).geturl(), parts._replace(netloc=with_).geturl()


def _require_any(expected: Sequence[str], given: str | None) -> None:
    if not given:
        raise BadSignature(is_absent=True)
    if not _is_any(expected, given):
        raise BadSignature(is_absent=False)


def _is_any(expected: Sequence[str], given: str) -> bool:
    is_found = False
    for each in expected:
        # Bytes: for text compare_digest refuses whatever is not ASCII. All are compared, so that time tells nothing.
        is_found |= hmac.compare_digest(each.encode(), given.encode(errors="surrogatepass"))
    return is_found
