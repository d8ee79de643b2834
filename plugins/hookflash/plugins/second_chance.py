"""Sends a conversation that nobody attends any more to a queue once more, instead of leaving it.

    [plugins.second_chance]
    to = "last"          # the queue it waited in last, or a queue's id
    channels = "web"     # only those of these channels; all without it

Asked once until an agent has been there again (R-L2), so nobody waits in a circle.
"""

from dataclasses import dataclass

from hookflash.sdk import ConversationView, QueueId, Registry, RouteTo, hookimpl

__all__ = ["NEEDS_CONFIG", "SDK_API", "Config", "SecondChance"]

SDK_API = ">=1.0,<2"
NEEDS_CONFIG = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """`[plugins.second_chance]`: without `to` the plugin has no opinion."""

    to: str = ""
    channels: str = ""


class SecondChance:
    """The plugin."""

    def __init__(self) -> None:
        """Have no opinion before there are settings."""
        self._config = Config()

    @hookimpl
    def hookflash_register(self, registry: Registry) -> None:
        """Read the settings."""
        self._config = registry.config(Config)

    @hookimpl
    def hookflash_unattended(self, conversation: ConversationView) -> RouteTo | None:
        """Route it, if it is of one of the channels."""
        channels = self._config.channels.split()
        if not self._config.to or (channels and conversation.channel not in channels):
            return None
        queue = conversation.last_queue if self._config.to == "last" else QueueId(self._config.to)
        return None if queue is None else RouteTo(queue)
