"""Mail: IMAP in, SMTP out, with nothing but the standard library.

`adapter` is the channel; `mailbox` and `smtp` hold the blocking calls, which run in threads; `reading` and `writing`
are pure.
"""

from hookflash.plugins.email.adapter import Email
from hookflash.plugins.email.settings import EmailConfig
from hookflash.sdk import Registry, hookimpl

__all__ = ["SDK_API", "Email", "EmailConfig", "hookflash_register"]

SDK_API = ">=1.0,<2"


@hookimpl
def hookflash_register(registry: Registry) -> None:
    """Register the adapter."""
    registry.channel(Email)
