"""What the server needs of the engine that it serves: its parts by name and type, whoever puts them together.

The composition root is above this package and the channels' edge is beside it, so both are known by what they can do.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Protocol

from hookflash.engine.actors.shard import Shard
from hookflash.engine.domain.events import TranscriptEvent
from hookflash.engine.domain.limits import Limits
from hookflash.engine.domain.values import ChannelSettings, Customer, Target
from hookflash.engine.ids import IdMaker
from hookflash.engine.journal.port import Journal
from hookflash.engine.plugins import PluginHost
from hookflash.engine.plugins.questions import Questions
from hookflash.engine.settings import Settings
from hookflash.engine.views.reads import Reads
from hookflash.sdk.channel import Delivery, Receipt
from hookflash.sdk.types import ChannelId, ConversationId, Principal, QueueId

__all__ = [
    "ChannelReport",
    "DeliveryReader",
    "Engine",
    "Inbox",
    "Media",
    "Outbox",
    "ServedChannels",
    "SinkReport",
    "Sinks",
]


class DeliveryReader(Protocol):
    """One channel's reader; iterating waits for the next delivery. Raises TakenOver once another one is opened."""

    def __aiter__(self) -> AsyncIterator[Delivery]:
        """What is to go out, in order per conversation."""

    def close(self) -> None:
        """Read no more; what is unsettled goes to the next reader."""


class Outbox(Protocol):
    """What is to go out through channels."""

    def open_reader(self, channel: ChannelId, max_in_flight: int) -> DeliveryReader:
        """Become the reader of a channel that is served from outside. Raises ChannelInUse if the engine serves it."""

    def event_of(self, conversation: ConversationId, number: int) -> TranscriptEvent | None:
        """What an unsettled delivery says; None where it is settled or never was."""

    def postpone(self, conversation: ConversationId, number: int, retry_s: float) -> None:
        """Hand a delivery out again after that time, and the later ones of its conversation after it."""

    def reading(self, channel: ChannelId) -> tuple[bool, float | None]:
        """Whether somebody reads a channel's deliveries, and since when it is so; None: since the beginning."""

    def pending(self, channel: ChannelId) -> int:
        """How many deliveries of a channel are not settled."""


class ChannelReport(Protocol):
    """How a channel that the engine serves in its own process is doing."""

    @property
    def state(self) -> str:
        """In one word."""

    @property
    def since(self) -> float:
        """Since when it is so."""

    @property
    def reason(self) -> str:
        """What is wrong with it, without a full stop; empty if nothing is."""


class ServedChannels(Protocol):
    """The channels that the engine serves in its own process."""

    @property
    def reports(self) -> Mapping[ChannelId, ChannelReport]:
        """How each is doing now."""


class Inbox(Protocol):
    """What comes in through channels."""

    async def receive(  # noqa: PLR0913  each is something that was brought
        self,
        principal: Principal,
        channel: ChannelId,
        address: str,
        external_id: str,
        *,
        text: str | None,
        choice_id: str = "",
        customer: Customer | None = None,
        target: Target | None = None,
        brought_as: str = "",
    ) -> tuple[ConversationId | None, bool]:
        """Take what a customer wrote, or (text None) that he left; his conversation, and whether it is a repeat."""

    def is_open(self, channel: ChannelId, address: str) -> bool:
        """Whether that customer has a conversation open."""


class Aliases(Protocol):
    """The ids under which one channel's customers are known."""

    def of(self, address: str) -> Sequence[str]:
        """The other ids of the customer at that address."""


class AliasBook(Protocol):
    """The ids under which customers are known, by channel."""

    async def of_channel(self, channel: ChannelId) -> Aliases:
        """Those of a channel."""

    async def known(self, channel: ChannelId, address: str, aliases: Sequence[str]) -> str:
        """The address under which a customer is known who came with these. Raises Refusal."""


class Echoes(Protocol):
    """What somebody of ours wrote past the engine."""

    async def take(
        self,
        principal: Principal,
        channel: ChannelId,
        address: str,
        key: str,
        *,
        text: str,
        external_id: str = "",
        delivery: str = "",
        brought_as: str = "",
    ) -> None:
        """Take one, unless it is a delivery of ours that comes back; waits while that is open. Raises Refusal."""

    def held(self, channel: ChannelId) -> int:
        """How many echoes of a channel wait."""

    def sent(self, channel: ChannelId, external_id: str) -> None:
        """A part of a delivery has that id."""

    def stop(self) -> None:
        """What waits is to be brought again."""


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


class Signs(Protocol):
    """Signs of typing, both ways; kept nowhere."""

    def subscribe(self, listener: Callable[[ConversationId, bool], None]) -> Callable[[], None]:
        """Hear of customers' signs; the answer ends that."""

    def customer(self, channel: ChannelId, address: str, *, is_typing: bool) -> None:
        """A customer types, or has stopped."""

    def agent(self, channel: ChannelId, address: str, *, is_typing: bool) -> None:
        """An agent types to a customer, or has stopped."""


class Receipts(Protocol):
    """How far deliveries came at their providers."""

    async def take(self, channel: ChannelId, receipt: Receipt) -> None:
        """Record what a receipt says, or keep it until the delivery that it names is known."""


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


class Media(Protocol):
    """What customers sent besides words, and is kept."""

    @property
    def bytes_kept(self) -> int:
        """How many bytes all of it has."""

    @property
    def dropped(self) -> int:
        """How many media were let go of since the start."""


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
