"""Web chat: customers in a browser or an app, over web sockets, served by the engine's own HTTP edge.

What a customer is shown is numbered and kept, so that a reload, a second tab or a restart of the engine goes on where
he was. The frames are described for authors of widgets in docs/channels/webchat.md.
"""

from hookflash.plugins.webchat.adapter import Webchat
from hookflash.plugins.webchat.settings import WebchatConfig
from hookflash.plugins.webchat.tokens import sign_token
from hookflash.sdk import Registry, hookimpl

__all__ = ["SDK_API", "Webchat", "WebchatConfig", "hookflash_register", "sign_token"]

SDK_API = ">=1.0,<2"


@hookimpl
def hookflash_register(registry: Registry) -> None:
    """Register the adapter."""
    registry.channel(Webchat)
