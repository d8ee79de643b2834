"""From a provider's HTTP answer to what the engine does next, for what the provider has no code of its own for.

An adapter looks at the body's code first and comes here last: 429 is Throttled, 401 and 403 AuthExpired, other 4xx
Permanent, everything else Transient.
"""

from math import isfinite
from typing import TYPE_CHECKING

from hookflash.sdk.errors import AuthExpired, Permanent, SendError, Throttled, Transient

if TYPE_CHECKING:
    import httpx

__all__ = ["error_of", "retry_after_s"]

_TOO_MANY, _UNAUTHORIZED, _FORBIDDEN, _CLIENT, _SERVER = 429, 401, 403, 400, 500


def error_of(response: "httpx.Response") -> SendError:
    """Name the error that an answer without success stands for; none of its body's text is in the words."""
    status = response.status_code
    if status == _TOO_MANY:
        return Throttled(retry_after_s(response), scope="account")
    if status in (_UNAUTHORIZED, _FORBIDDEN):
        return AuthExpired(f"the provider answered {status}")
    if _CLIENT <= status < _SERVER:
        return Permanent(str(status), response.reason_phrase or "refused")
    return Transient(f"the provider answered {status}")


def retry_after_s(response: "httpx.Response", default: float = 1.0) -> float:
    """Read `Retry-After` in seconds; the default where it is absent, a date, or no number."""
    try:
        given = float(response.headers.get("retry-after", ""))
    except ValueError:
        return default
    return given if isfinite(given) and given >= 0 else default
