"""Event sinks: durable consumers of what happens, each with a cursor that the engine keeps.

At least once, in order per conversation. A sink for customers is fed from the Transcript, whose types hold no whisper;
one for agents sees everything and must be granted by an admin, in the plugin's own table (`grant_agents = true`).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, ClassVar, Protocol, final, runtime_checkable

from hookflash.sdk.messages import CustomerNotice, Message
from hookflash.sdk.types import ConversationId

if TYPE_CHECKING:
    import httpx

__all__ = ["Ack", "Audience", "ConnectedSink", "Event", "EventSink", "Said", "SinkContext"]


class Audience(StrEnum):
    """Whose view a sink is given."""

    CUSTOMER = "CUSTOMER"
    AGENTS = "AGENTS"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An entry of a conversation's Transcript: what the customer said or was shown, numbered without a gap."""

    conversation: ConversationId
    sequence: int
    at: float
    content: Message | CustomerNotice
    is_from_customer: bool = False

    def __post_init__(self) -> None:
        """Check the exact type: this is a customer port, and plugins are not type-checked."""
        if type(self.content) is not Message and type(self.content) is not CustomerNotice:
            # The content stays out of the sentence: it may be a whisper.
            raise TypeError(f"a Said takes a Message or a CustomerNotice, not {type(self.content).__name__}")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened, as EventService tells it: `payload` is plain data; `at` seconds of engine time."""

    position: int
    index: int
    at: float
    kind: str
    subject: str
    principal: str = ""
    cause: str = ""
    payload: Mapping[str, object] = field(default_factory=dict)


@final
@dataclass(frozen=True, slots=True)
class Ack:
    """The batch was taken. Raising instead brings it again, after a back-off; `is_gone` ends the sink for good."""

    is_gone: bool = False


@runtime_checkable
class EventSink(Protocol):
    """Takes batches; registered as an object, made of the plugin's own config. IO: `deliver` has 30 s.

    With the audience CUSTOMER a batch holds `Said`, with AGENTS it holds `Event`.
    """

    name: ClassVar[str]
    audience: ClassVar[Audience]

    async def deliver(self, batch: Sequence[Said] | Sequence[Event]) -> Ack:
        """Take a batch whole, or raise; the same may come again."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SinkContext:
    """What the engine gives a sink that calls others: its time, and a client with limits that the engine closes.

    The client calls hosts in the internet only, as that of a channel's adapter.
    """

    http: "httpx.AsyncClient"
    clock: Callable[[], datetime]


@runtime_checkable
class ConnectedSink(EventSink, Protocol):
    """A sink that calls others."""

    def connect(self, context: SinkContext) -> None:
        """Keep the context: before the first batch of each start, on the loop that `deliver` runs on."""
