"""What the edge needs of the rest of the engine: a shard to submit to, and the plugins' adapters.

Protocols, so that the edge runs against whatever gives these few answers; in an engine they are `Shard` and
`PluginHost`.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from hookflash.engine.actors.calls import Answer, Call
from hookflash.engine.domain.address import Address
from hookflash.engine.domain.commands import Command
from hookflash.engine.domain.conversation.state import Conversation
from hookflash.engine.domain.queue import Queue
from hookflash.engine.domain.values import ChannelSettings
from hookflash.engine.plugins import PureCalls
from hookflash.sdk.channel import ChannelAdapter
from hookflash.sdk.hosting.calls import WakeAt
from hookflash.sdk.types import ChannelId, ConversationId, QueueId

__all__ = ["Adapters", "EdgeFacts", "EdgeShard", "FaultListener"]

FaultListener = Callable[[str, str, str], None]
"""Is told of a plugin's fault: the hook, the error, and what was done instead."""


class EdgeFacts(Protocol):
    """What is looked up before a command is made."""

    def channels(self) -> Mapping[ChannelId, ChannelSettings]:
        """Every channel."""

    def queues(self) -> Mapping[QueueId, Queue]:
        """Every queue."""

    def conversation(self, conversation: ConversationId) -> Conversation | None:
        """A live conversation."""

    def conversation_at(self, channel: ChannelId, address: str) -> ConversationId | None:
        """The open conversation of that customer in that channel (R-G10)."""


class EdgeShard(Protocol):
    """Runs commands and makes them durable."""

    @property
    def facts(self) -> EdgeFacts:
        """The directory."""

    def submit(self, address: Address, command: Command, call: Call, answer: Answer = ...) -> Awaitable[bytes]:
        """Run the command; awaited, it gives the answer once that is durable, or raises Refusal."""


class Adapters(Protocol):
    """The adapters of the loaded plugins."""

    def channel_adapter(self, kind: str) -> type[ChannelAdapter] | None:
        """The adapter class for a kind of channel; None if no loaded plugin has it."""

    def plugin_of_channel(self, kind: str) -> str:
        """The plugin that has the adapter of that kind; the kind itself where none has."""

    def pure_calls(self, plugin: str, what: str, wake_at: WakeAt) -> PureCalls:
        """What the PURE calls of one object of a plugin are made with."""

    def report_fault(self, plugin: str, hook: str, error: str, fallback: str) -> None:
        """Count and tell that a plugin failed, and what the engine did instead."""
