"""What the server needs of the channels' edge, which is beside it: known by what it can do."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Protocol

from hookflash.engine.domain.events import TranscriptEvent
from hookflash.engine.domain.values import Customer, Target
from hookflash.sdk.channel import Delivery, Receipt
from hookflash.sdk.types import ChannelId, ConversationId, ExternalId, Principal

__all__ = [
    "AliasBook",
    "Aliases",
    "ChannelReport",
    "DeliveryReader",
    "Echoes",
    "Inbox",
    "Media",
    "Outbox",
    "ReadMarks",
    "Receipts",
    "ServedChannels",
    "Sign",
    "SignReader",
    "SignReaders",
    "Signs",
    "Uploaded",
    "Uploads",
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
        media_url: str | None = None,
    ) -> tuple[ConversationId | None, bool]:
        """Take what a customer wrote, or (text None) that he left; his conversation, and whether it is a repeat."""

    def is_open(self, channel: ChannelId, address: str) -> bool:
        """Whether that customer has a conversation open."""


class Sign(Protocol):
    """What a customer may see of his agents beside what they say."""

    @property
    def address(self) -> str:
        """Where he is."""

    @property
    def is_typing(self) -> bool | None:
        """Whether an agent types to him; None: this sign is about what was seen."""

    @property
    def seen(self) -> Sequence[ExternalId]:
        """What an agent has seen of his."""


class SignReader(Protocol):
    """An endless iterator of one channel's signs."""

    def __aiter__(self) -> AsyncIterator[Sign]:
        """Be iterated over. Raises Refusal where another one reads."""

    def end(self) -> None:
        """End the iteration."""

    def close(self) -> None:
        """Read no more."""


class SignReaders(Protocol):
    """Signs to customers of channels that are served from outside."""

    def open_reader(self, channel: ChannelId) -> SignReader:
        """Read a channel's, in the place of whoever did."""


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


class ReadMarks(Protocol):
    """What customers wrote that no agent has seen."""

    def arrived(self, channel: ChannelId, address: str, external_id: str) -> None:
        """A customer wrote that, and it is on the timeline."""


class Signs(Protocol):
    """Signs of typing, both ways, and that something was read; kept nowhere."""

    @property
    def reads(self) -> ReadMarks:
        """What is to be marked read."""

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


class Uploaded(Protocol):
    """The place of a medium that is whole, or why it is not taken; neither while more is to come."""

    @property
    def place(self) -> str:
        """By which it is found."""

    @property
    def not_taken(self) -> str:
        """Why."""


class Uploads(Protocol):
    """Customers' media that adapters outside bring."""

    async def take(
        self,
        channel: ChannelId,
        external_id: str,
        *,
        mime_type: str,
        name: str,
        offset: int,
        chunk: bytes,
        is_last: bool,
    ) -> Uploaded:
        """Take a piece. Raises Refusal."""


class Media(Protocol):
    """What customers sent besides words, and is kept."""

    async def url_in(self, channel: ChannelId, place: str) -> str | None:
        """Where a medium of that channel is served; None where there is none of that name."""

    @property
    def bytes_kept(self) -> int:
        """How many bytes all of it has."""

    @property
    def dropped(self) -> int:
        """How many media were let go of since the start."""
