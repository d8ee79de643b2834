"""What a decider may know besides its own state, and what it asks of others.

Every decider is used the same way: `decide(state, command, ctx) -> Decided`, `evolve(state, event) -> state`. Deciders
never import each other; what one wants of another entity is a `Tell`.
"""

from collections.abc import Mapping
from typing import Generic, NamedTuple, Protocol, TypeVar

from hookflash.engine.domain.struct import Struct
from hookflash.sdk.types import AgentId, AttributeId, ChannelId, ConversationId, MediaDomainId, QueueId

from .address import Address
from .agent import Agent
from .commands import Command
from .events import Event
from .limits import Limits
from .notices import Catalogue
from .queue import Queue
from .refusals import EtagMismatch
from .values import Abilities, AttributeSettings, ChannelSettings, MediaDomainSettings

__all__ = ["Context", "Decided", "Facts", "Tell"]

S_co = TypeVar("S_co", covariant=True)


class Tell(NamedTuple):
    """A command for another entity, run in the same cascade and part of the same record."""

    address: Address
    command: Command


class Decided(NamedTuple, Generic[S_co]):
    """A command's outcome: what happened, the state after it, and what others are told."""

    events: list[Event]
    state: S_co
    tells: list[Tell]


class Facts(Protocol):
    """What the directory knows of the entities that a command names. All answers are of this very moment."""

    def queues(self) -> Mapping[QueueId, Queue]:
        """Every queue."""

    def agents(self) -> Mapping[AgentId, Agent]:
        """Every agent."""

    def channels(self) -> Mapping[ChannelId, ChannelSettings]:
        """Every channel."""

    def attributes(self) -> Mapping[AttributeId, AttributeSettings]:
        """Every attribute."""

    def media_domains(self) -> Mapping[MediaDomainId, MediaDomainSettings]:
        """Every media domain."""

    def conversation_at(self, channel: ChannelId, address: str) -> ConversationId | None:
        """The open conversation of that customer in that channel (R-G10)."""

    def queue_uses(self, queue: QueueId) -> int:
        """How many open conversations wait in that queue or would turn to it (R-Q9, R-L8)."""

    def channel_uses(self, channel: ChannelId) -> int:
        """How many conversations have an open ChannelSession or an unsettled Delivery there (R-Q9)."""

    def is_strategy(self, name: str) -> bool:
        """Whether a loaded plugin offers that strategy."""

    def is_ordering(self, name: str) -> bool:
        """Whether a loaded plugin offers that ordering of waiting invites."""

    def strategy_problems(self, name: str, options: Mapping[str, str]) -> tuple[str, ...]:
        """What is wrong with a queue's options for that strategy, a sentence each."""

    def channel_problems(self, channel: ChannelSettings) -> tuple[str, ...]:
        """What is wrong with the settings of a channel that the engine serves itself, a sentence each."""

    def is_calendar(self, name: str) -> bool:
        """Whether a loaded plugin knows the hours of that calendar."""

    def asks_unattended(self) -> bool:
        """Whether a plugin wants its say about a conversation that nobody attends."""

    def abilities(self, channel: ChannelId) -> Abilities:
        """What a channel carries; everything, where nobody says otherwise."""

    def secret_settings(self, channel_kind: str) -> frozenset[str]:
        """The settings that the adapter of that kind declares secret."""


class Context(Struct, frozen=True, kw_only=True):
    """The time, the place in the journal, the limits, the texts and the facts for one turn.

    `etag_given` is set in a cascade's first turn only, and only where the caller gave one.
    """

    now: float
    position: int
    limits: Limits
    catalogue: Catalogue
    facts: Facts
    etag_given: str = ""

    def check_etag(self, current: str) -> None:
        """Refuse with ETAG_MISMATCH where the caller decided on another state than the present one."""
        if self.etag_given and self.etag_given != current:
            raise EtagMismatch(self.etag_given, current)
