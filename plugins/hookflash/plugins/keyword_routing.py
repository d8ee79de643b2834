"""Sends a first message to a queue by a word in it, before the channel's own queue.

    [plugins.keyword_routing]
    words = "invoice:billing refund:billing broken:support"

Whole words, in small or capital letters; of several the one that stands first in the settings counts.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hookflash.sdk import ArrivalView, QueueChoice, QueueId, Registry, hookimpl

__all__ = ["NEEDS_CONFIG", "SDK_API", "Config", "KeywordRouting"]

SDK_API = ">=1.0,<2"
NEEDS_CONFIG = True

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """`[plugins.keyword_routing]`: pairs `word:queue`, with blanks between."""

    words: str = ""
    queues: Mapping[str, QueueId] = field(init=False)

    def __post_init__(self) -> None:
        """Take the pairs apart."""
        queues: dict[str, QueueId] = {}
        for pair in self.words.split():
            word, colon, queue = pair.partition(":")
            if not colon or not queue or _WORD.fullmatch(word) is None:
                raise ValueError(f"words: {pair!r} is no pair such as invoice:billing")
            queues.setdefault(word.casefold(), QueueId(queue))
        object.__setattr__(self, "queues", queues)


class KeywordRouting:
    """The plugin: a class, made once for each engine, for it needs its settings when it is asked."""

    def __init__(self) -> None:
        """Choose nothing before there are settings."""
        self._queues: Mapping[str, QueueId] = {}

    @hookimpl
    def hookflash_register(self, registry: Registry) -> None:
        """Read the settings."""
        self._queues = registry.config(Config).queues

    @hookimpl
    def hookflash_choose_queue(self, arrival: ArrivalView, queues: Sequence[QueueChoice]) -> QueueId | None:
        """The queue of the first word that is in the text and whose queue serves this channel."""
        said = {word.casefold() for word in _WORD.findall(arrival.text)}
        fitting = {queue.id for queue in queues if queue.media_domain == arrival.media_domain}
        return next((queue for word, queue in self._queues.items() if word in said and queue in fitting), None)
