"""Messenger and Instagram through Meta's Messenger Platform: one channel speaks for one page or one account.

Kinds `messenger` and `instagram`. Both are answered through the page; Instagram differs in its sizes and receipts.
"""

from hookflash.plugins.messenger.adapter import Instagram, Messenger
from hookflash.sdk import Registry, hookimpl

__all__ = ["SDK_API", "Instagram", "Messenger", "hookflash_register"]

SDK_API = ">=1.0,<2"


@hookimpl
def hookflash_register(registry: Registry) -> None:
    """Register both adapters."""
    registry.channel(Messenger)
    registry.channel(Instagram)
