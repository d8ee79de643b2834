"""`hookflash_deny`: a service may do what its role allows, but not close conversations."""

from hookflash.sdk import Denial, Principal, Role, hookimpl

SDK_API = ">=1.0,<2"


@hookimpl
def hookflash_deny(principal: Principal, verb: str) -> Denial | None:
    """Narrow what a SERVICE may do; it can never be widened here."""
    if principal.role is Role.SERVICE and verb == "CloseConversation":
        return Denial("services do not close conversations here")
    return None
