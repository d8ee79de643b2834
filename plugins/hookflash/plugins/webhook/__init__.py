"""Signed webhooks both ways (Standard Webhooks): a channel to any system of yours, and a sink of what happens.

One scheme for all of it: `webhook-id` is the key by which a repeat is known, and both keys of a rotation are taken.
"""

from hookflash.sdk import Registry, hookimpl

from .adapter import Webhook
from .config import SinkConfig, WebhookConfig
from .sink import AgentWebhooks, CustomerWebhooks

__all__ = [
    "SDK_API",
    "AgentWebhooks",
    "CustomerWebhooks",
    "SinkConfig",
    "Webhook",
    "WebhookConfig",
    "hookflash_register",
]

SDK_API = ">=1.0,<2"


@hookimpl
def hookflash_register(registry: Registry) -> None:
    """Register the adapter, and the sink where the plugin's own table names a URL for it."""
    registry.channel(Webhook)
    config = registry.config(SinkConfig)
    if config.url:
        registry.sink(CustomerWebhooks(config) if config.audience == "CUSTOMER" else AgentWebhooks(config))
