"""Telegram: a bot's private chats, by webhook where the channel has a public URL, else by long polling.

The bot's token is part of every URL that is called, so nothing here lets a URL into an error or a log.
"""

from hookflash.sdk import Registry, hookimpl

from .adapter import Telegram
from .config import TelegramConfig

__all__ = ["SDK_API", "Telegram", "TelegramConfig", "hookflash_register"]

SDK_API = ">=1.0,<2"


@hookimpl
def hookflash_register(registry: Registry) -> None:
    """Register the adapter."""
    registry.channel(Telegram)
