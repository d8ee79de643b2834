"""SMS and MMS through Twilio: called by Twilio for what comes in and for receipts, calling it for what goes out.

Twilio gives up after a retry, so what came while the engine was down is read from the account's message list at start.
"""

from hookflash.sdk import Registry, hookimpl

from .adapter import TwilioSms
from .config import TwilioConfig

__all__ = ["SDK_API", "TwilioConfig", "TwilioSms", "hookflash_register"]

SDK_API = ">=1.0,<2"


@hookimpl
def hookflash_register(registry: Registry) -> None:
    """Register the adapter."""
    registry.channel(TwilioSms)
