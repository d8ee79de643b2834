"""How Meta's errors are named: by the body's code first, by the HTTP status second.

A channel brings the table of its codes. What Meta says may repeat an access token, so it is never passed on whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final, final

import httpx

from hookflash.sdk import AuthExpired, Blocked, Permanent, SendError, Throttled, Transient, WindowClosed

__all__ = ["ErrorTable", "GraphError", "Means", "named"]

_SERVER_ERROR: Final = 500
_TOO_MANY: Final = 429
_UNAUTHORIZED: Final = 401


class Means(Enum):
    """What a code means to us."""

    AUTH = auto()
    """The access token is not taken any more."""
    RESTRICTED = auto()
    """The account may not send for now: like an expired token, the channel pauses and an admin is told."""
    ALARM = auto()
    """Refused for good, and an admin has to see to it."""
    ACCOUNT_RATE = auto()
    ADDRESS_RATE = auto()
    WINDOW = auto()
    BLOCKED = auto()
    PERMANENT = auto()
    TRANSIENT = auto()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorTable:
    """A channel's codes. A subcode goes before its code; `waits_s`: how long a rate is held where Meta says nothing."""

    codes: Mapping[int, Means]
    subcodes: Mapping[tuple[int, int], Means] = field(default_factory=dict)
    waits_s: Mapping[int, float] = field(default_factory=dict)
    wait_s: float = 60.0

    def means(self, error: "GraphError") -> Means | None:
        """Look the error up; None where the table does not know it."""
        return self.subcodes.get((error.code, error.subcode)) or self.codes.get(error.code)


@final
class GraphError(Exception):
    """An answer of the Graph API that is no success; `code` is -1 where the body names none."""

    def __init__(
        self,
        status: int,
        code: int = -1,
        subcode: int = 0,
        text: str = "",
        *,
        is_transient: bool = False,
        retry_after_s: float | None = None,
    ) -> None:
        """Keep the parts; `text` has no secret in it."""
        super().__init__(f"HTTP {status}, code {code}")
        self.status = status
        self.code = code
        self.subcode = subcode
        self.text = text
        self.is_transient = is_transient
        self.retry_after_s = retry_after_s


def named(error: Exception, table: ErrorTable) -> SendError:
    """Name whatever a call to the Graph API raised."""
    match error:
        case SendError():
            return error
        case GraphError():
            return _named(error, table)
        case httpx.TimeoutException():
            return Transient("Meta did not answer in time")
        case httpx.HTTPError():
            return Transient(f"Meta was not reached: {type(error).__name__}")
        case ValueError():
            return Transient("Meta's answer cannot be read")
        case _:
            return Transient(type(error).__name__)


def _named(error: GraphError, table: ErrorTable) -> SendError:
    wait_s = error.retry_after_s if error.retry_after_s is not None else table.waits_s.get(error.code, table.wait_s)
    match table.means(error) or _by_status(error):
        case Means.AUTH:
            return AuthExpired(f"Meta does not take the access token any more (code {error.code})")
        case Means.RESTRICTED:
            return AuthExpired(f"Meta has restricted the account (code {error.code}): see its business support page")
        case Means.ACCOUNT_RATE:
            return Throttled(wait_s, scope="account")
        case Means.ADDRESS_RATE:
            return Throttled(wait_s, scope="address")
        case Means.WINDOW:
            return WindowClosed("the reply window is closed")
        case Means.BLOCKED:
            return Blocked(f"the customer does not take our messages (code {error.code})")
        case Means.TRANSIENT:
            return Transient(f"Meta could not take it now (HTTP {error.status}, code {error.code})")
        case Means.ALARM:
            return Permanent(_code(error), error.text or "refused by Meta", is_alarming=True)
        case Means.PERMANENT:
            return Permanent(_code(error), error.text or "refused by Meta")


def _by_status(error: GraphError) -> Means:
    if error.is_transient or error.status >= _SERVER_ERROR:
        return Means.TRANSIENT
    if error.status == _TOO_MANY:
        return Means.ACCOUNT_RATE
    if error.status == _UNAUTHORIZED:
        return Means.AUTH
    return Means.PERMANENT


def _code(error: GraphError) -> str:
    if error.code < 0:
        return f"HTTP {error.status}"
    return f"{error.code}/{error.subcode}" if error.subcode else str(error.code)
