"""What Twilio's refusals mean for a delivery: by its own code first, by HTTP status second.

Twilio advises against logic on exact codes, so the table is short and everything else goes by its status.
"""

from datetime import datetime
from typing import Final

import httpx

from hookflash.sdk import AuthExpired, Blocked, Permanent, SendError, Throttled, Transient
from hookflash.sdk.calls import error_by_status, json_object, retry_after_s

__all__ = ["named"]

_WAIT_S: Final = 1.0
_AUTH: Final = frozenset({20003, 20005})
_THROTTLED: Final = frozenset({20429, 14107})
_BLOCKED: Final = frozenset({21610})
_TRANSIENT: Final = frozenset({30001, 30003, 30008})
_PERMANENT: Final = frozenset({21211, 21612, 21614, 21617, 30004, 30005, 30006, 30007})
_OURS: Final = frozenset({21408, 21603, 21606, 21659})
"""Our own number, or what it may do, is wrong: an admin has to see to it."""


def named(response: httpx.Response, now: datetime) -> SendError:
    """Name a refusal."""
    try:
        answer = json_object(response)
    except Transient:
        return error_by_status(response, now)
    code, said = answer.get("code"), answer.get("message")
    text = said if isinstance(said, str) else f"Twilio answered HTTP {response.status_code}"
    if code in _AUTH:
        return AuthExpired(text)
    if code in _THROTTLED:
        wait_s = retry_after_s(response, now)
        return Throttled(_WAIT_S if wait_s is None else wait_s, scope="account")
    if code in _BLOCKED:
        return Blocked(text)
    if code in _TRANSIENT:
        return Transient(text)
    if code in _PERMANENT or code in _OURS:
        return Permanent(str(code), text, is_alarming=code in _OURS)
    return error_by_status(response, now, code=str(code) if isinstance(code, int) else "", text=text)
