"""`Registry.sink`: everything that customers said and were shown, at least once and in order per conversation."""

from collections.abc import Sequence
from typing import ClassVar

from hookflash.sdk import Ack, Audience, Event, Registry, Said, hookimpl

SDK_API = ">=1.0,<2"

kept: dict[tuple[str, int], str] = {}


class KeepInMemory:
    """A Said cannot hold a whisper; one that comes again has the same conversation and sequence."""

    name: ClassVar[str] = "keep_in_memory"
    audience: ClassVar[Audience] = Audience.CUSTOMER

    async def deliver(self, batch: Sequence[Said] | Sequence[Event]) -> Ack:
        """Take a batch whole."""
        for one in batch:
            if isinstance(one, Said):
                kept[one.conversation, one.sequence] = one.content.text
        return Ack()


@hookimpl
def hookflash_register(registry: Registry) -> None:
    """Register the sink."""
    registry.sink(KeepInMemory())
