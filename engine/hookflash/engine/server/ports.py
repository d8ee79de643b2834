"""What the server needs of the engine that it serves: its parts by name and type, whoever puts them together.

The composition root is above this package and the channels' edge is beside it, so both are known by what they can do.
"""

from collections.abc import Sequence
from typing import Protocol

from hookflash.engine.actors.shard import Shard
from hookflash.engine.domain.limits import Limits
from hookflash.engine.domain.values import ChannelSettings, Target
from hookflash.engine.ids import IdMaker
from hookflash.engine.journal.port import Journal
from hookflash.engine.plugins import PluginHost
from hookflash.engine.plugins.questions import Questions
from hookflash.engine.server.edge_ports import (
    AliasBook,
    Echoes,
    Inbox,
    Media,
    Outbox,
    Receipts,
    ServedChannels,
    SignReaders,
    Signs,
    Uploads,
)
from hookflash.engine.settings import Settings
from hookflash.engine.views.reads import Reads
from hookflash.sdk.types import QueueId

__all__ = [
    "Engine",
    "Projector",
    "SinkReport",
    "Sinks",
]


class SinkReport(Protocol):
    """How one event sink is doing."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def plugin(self) -> str:
        """Whose it is."""

    @property
    def audience(self) -> str:
        """Whose view it is given."""

    @property
    def state(self) -> str:
        """How it is doing, in one word."""

    @property
    def position(self) -> int:
        """How far it is."""

    @property
    def lag(self) -> int:
        """How many records it is behind."""

    @property
    def failures(self) -> int:
        """How often in a row it failed."""

    @property
    def reason(self) -> str:
        """What is wrong with it."""


class Sinks(Protocol):
    """The event sinks of all plugins."""

    @property
    def reports(self) -> Sequence[SinkReport]:
        """How each is doing now."""


class Destination(Protocol):
    """Where a new conversation goes: a target, who chose it, and the queue that is closed instead."""

    @property
    def target(self) -> Target | None:
        """None: the channel's own queue."""

    @property
    def chosen_by(self) -> str:
        """The plugin's name; empty where none chose."""

    @property
    def closed(self) -> QueueId | None:
        """The queue that it would go to and that is closed."""


class Opening(Protocol):
    """What says where new conversations go."""

    async def of(
        self, channel: ChannelSettings, address: str, *, text: str, customer_name: str, target: Target | None
    ) -> Destination:
        """The destination of a conversation that this customer opens."""


class Projector(Protocol):
    """What keeps the views behind the journal, wherever it runs."""

    @property
    def lag(self) -> int:
        """How many records are durable and not in the views yet."""

    @property
    def watermark(self) -> int:
        """The position up to which the views show everything."""

    def wait_for(self, position: int, timeout_s: float) -> bool:
        """Wait until the watermark is at `position` or beyond; False when it is not in time. Blocks."""

    @property
    def restarts(self) -> int:
        """How often it ended and was started again since the start, where it is a process."""


class Engine(Protocol):
    """The parts of one engine."""

    @property
    def settings(self) -> Settings:
        """What it was told when it started."""

    @property
    def limits(self) -> Limits:
        """Its limits."""

    @property
    def ids(self) -> IdMaker:
        """What makes the ids that callers leave to the engine."""

    @property
    def shard(self) -> Shard:
        """Where commands go."""

    @property
    def views(self) -> Reads:
        """What is read without waking anybody."""

    @property
    def projector(self) -> Projector:
        """What keeps the views behind the journal."""

    @property
    def journal(self) -> Journal:
        """The journal; reading it blocks."""

    @property
    def plugins(self) -> PluginHost:
        """The plugins."""

    @property
    def questions(self) -> Questions:
        """What plugins are asked before a command."""

    @property
    def opening(self) -> Opening:
        """What says where new conversations go."""

    @property
    def outbox(self) -> Outbox:
        """The channels' edge."""

    @property
    def adapters(self) -> ServedChannels:
        """The channels that it serves itself."""

    @property
    def signs(self) -> Signs:
        """Signs of typing."""

    @property
    def sign_readers(self) -> SignReaders:
        """Who reads signs outside."""

    @property
    def uploads(self) -> Uploads:
        """What brings customers' media in from outside."""

    @property
    def receipts(self) -> Receipts:
        """How far deliveries came."""

    @property
    def echoes(self) -> Echoes:
        """What was written past it."""

    @property
    def aliases(self) -> AliasBook:
        """Who is known under which ids."""

    @property
    def inbox(self) -> Inbox:
        """The channels' way in."""

    @property
    def media(self) -> Media:
        """What customers sent besides words."""

    @property
    def sinks(self) -> Sinks:
        """The event sinks."""

    @property
    def uptime(self) -> float:
        """Seconds since the start."""
