"""Calls to a provider over HTTP, and what their failures mean for a delivery where the provider says no more.

A failed call is told by its class only: the URL that httpx would name may hold a token. Needs httpx.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from math import isfinite
from typing import Final

import httpx

from hookflash.sdk.errors import AuthExpired, Permanent, SendError, Throttled, Transient

__all__ = ["error_by_status", "exchange", "json_object", "retry_after_s"]

_RETRY_AFTER_S: Final = 1.0
_SERVER_ERRORS: Final = 500


async def exchange(
    http: httpx.AsyncClient, request: httpx.Request, *, auth: httpx.Auth | None = None
) -> httpx.Response:
    """Make a call and read its answer whole; redirects are not followed. Raises Transient where there is none."""
    try:
        return await http.send(request, auth=auth, follow_redirects=False)
    except httpx.TimeoutException:
        problem = "the provider did not answer in time"
    except httpx.ConnectError as error:
        # Its words name the host at most, and they are what an admin has to know of one that may not be called.
        problem = f"the provider was not reached: {error}"
    except (httpx.TransportError, httpx.DecodingError, httpx.StreamError) as error:
        problem = f"the provider was not reached: {type(error).__name__}"
    # Raised here and not above, so that the error with the URL is not chained to it.
    raise Transient(problem)


def json_object(response: httpx.Response) -> Mapping[str, object]:
    """Read an answer's JSON object. Raises Transient for anything else: it may be a proxy's page."""
    try:
        found: object = response.json()
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Transient(f"the provider's answer (HTTP {response.status_code}) is no JSON object")
    return found


def retry_after_s(response: httpx.Response, now: datetime) -> float | None:
    """Read `Retry-After`, seconds or a date; None where it is missing or neither."""
    given = response.headers.get("retry-after", "").strip()
    try:
        seconds = float(given)
    except ValueError:
        try:
            date = parsedate_to_datetime(given)
        except (ValueError, TypeError, IndexError):
            return None
        aware = date if date.tzinfo is not None else date.replace(tzinfo=UTC)
        seconds = (aware - now).total_seconds()
    return max(0.0, seconds) if isfinite(seconds) else None


def error_by_status(response: httpx.Response, now: datetime, code: str = "", text: str = "") -> SendError:
    """Name a refusal by its HTTP status: 401 AuthExpired, 429 Throttled (account), 5xx Transient, the rest Permanent.

    `code` and `text` are the provider's own, where it gave them.
    """
    status = response.status_code
    said = text or f"the provider answered HTTP {status}"
    match status:
        case HTTPStatus.UNAUTHORIZED:
            return AuthExpired(said)
        case HTTPStatus.TOO_MANY_REQUESTS:
            wait_s = retry_after_s(response, now)
            return Throttled(_RETRY_AFTER_S if wait_s is None else wait_s, scope="account")
        case _ if status >= _SERVER_ERRORS:
            return Transient(said)
        case _:
            return Permanent(code or f"http {status}", said)
