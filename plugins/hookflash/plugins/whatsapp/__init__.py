"""WhatsApp through Meta's Cloud API: one channel speaks for one business number.

Customers are known by their business-scoped user id where Meta tells it, else by their number.
"""

from hookflash.plugins.whatsapp.adapter import WhatsApp
from hookflash.sdk import Registry, hookimpl

__all__ = ["SDK_API", "WhatsApp", "hookflash_register"]

SDK_API = ">=1.0,<2"


@hookimpl
def hookflash_register(registry: Registry) -> None:
    """Register the adapter."""
    registry.channel(WhatsApp)
