"""Shows plugins that watch what happened: headers of durable events, never a text."""

from collections.abc import Iterator, Sequence

from hookflash.engine.plugins import PluginHost
from hookflash.sdk.hooks import EventHeader

from .calls import Sealed

__all__ = ["Broadcast"]

_IDS = ("agent", "invite", "conversation", "number", "offer", "delivery")


class Broadcast:
    """Follows the shard and tells the plugins."""

    def __init__(self, plugins: PluginHost) -> None:
        """Take whom to tell."""
        self._plugins = plugins

    def follow(self, group: Sequence[Sealed]) -> None:
        """Publish a group; the shard's listener."""
        if not self._plugins.has_watchers:
            return
        for sealed in group:
            for header in _headers(sealed):
                self._plugins.publish(header)


def _headers(sealed: Sealed) -> Iterator[EventHeader]:
    record = sealed.record
    for index, fact in enumerate(record.facts):
        named = {name: getattr(fact.event, name, None) for name in _IDS}
        yield EventHeader(
            kind=type(fact.event).__name__,
            address=str(fact.subject),
            position=record.position,
            index=index,
            at=record.at,
            ids={name: str(value) for name, value in named.items() if isinstance(value, str | int)},
        )
