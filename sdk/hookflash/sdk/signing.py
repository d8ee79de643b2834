"""Signatures of providers' requests, compared in constant time.

Each check takes the raw body and the header as it came (None: there was none), and raises BadSignature: absent is told
apart from wrong, and neither the body nor the secret is in the error.
"""

import hashlib
import hmac

from hookflash.sdk.config import Secret
from hookflash.sdk.errors import BadSignature

__all__ = ["meta_sha256", "require_equal", "telegram_secret"]


def meta_sha256(secret: Secret, body: bytes, header: str | None) -> None:
    """Check Meta's `X-Hub-Signature-256`: `sha256=` and the hex HMAC-SHA256 of the body under the app's secret."""
    digest = hmac.new(secret.reveal().encode(), body, hashlib.sha256).hexdigest()
    require_equal(f"sha256={digest}", header)


def telegram_secret(secret: Secret, header: str | None) -> None:
    """Check Telegram's `X-Telegram-Bot-Api-Secret-Token`: the token that was given to setWebhook."""
    require_equal(secret.reveal(), header)


def require_equal(expected: str, given: str | None) -> None:
    """Compare in constant time; raises BadSignature."""
    if not given:
        raise BadSignature(is_absent=True)
    # Bytes: for text compare_digest refuses whatever is not ASCII.
    if not hmac.compare_digest(expected.encode(), given.encode(errors="surrogatepass")):
        raise BadSignature(is_absent=False)
