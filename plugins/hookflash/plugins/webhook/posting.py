"""One signed POST, and what its answer means: 2xx is taken, 410 the end, 429 too fast, 5xx later, the rest never."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import final

import httpx

from hookflash.sdk import Permanent, Secret, SendError
from hookflash.sdk.calls import error_by_status, exchange
from hookflash.sdk.signing import sign_standard_webhooks

__all__ = ["GoneError", "post", "told_at"]


@final
class GoneError(Exception):
    """The receiver wants no more, ever: HTTP 410."""


async def post(
    http: httpx.AsyncClient,
    url: str,
    secrets: Sequence[Secret],
    clock: Callable[[], datetime],
    message_id: str,
    payload: Mapping[str, object],
) -> httpx.Response:
    """Post a payload under this id. Raises GoneError and SendError."""
    body = json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode(errors="replace")
    headers = {"content-type": "application/json", **sign_standard_webhooks(secrets, message_id, body, clock())}
    response = await exchange(http, http.build_request("POST", url, content=body, headers=headers))
    if response.is_success:
        return response
    if response.status_code == HTTPStatus.GONE:
        raise GoneError("the receiver answered 410 Gone")
    raise _named(response, clock())


def told_at(at: datetime) -> str:
    """A time as it stands in a payload."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _named(response: httpx.Response, now: datetime) -> SendError:
    if response.status_code == HTTPStatus.UNAUTHORIZED:
        # It is not a credential that ran out: the receiver does not take our signature.
        return Permanent("http 401", "the receiver does not take the signature", is_alarming=True)
    if response.is_redirect:
        return Permanent(f"http {response.status_code}", "redirects are not followed", is_alarming=True)
    return error_by_status(response, now)
