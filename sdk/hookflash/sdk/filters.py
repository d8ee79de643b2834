"""Text filters: what a text may not carry on, before it is stored or leaves.

A filter is asked at the edge, before the command, on its own thread. On the way out it fails closed: a text that could
not be filtered is not passed (`outbound`, `whisper`, `note`, `export`); an inbound one passes with a flag.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Protocol, TypeAlias, final, runtime_checkable

from hookflash.sdk.types import ChannelId, ConversationId, Role

__all__ = ["Blocked", "FilterContext", "FilterStage", "Filtered", "Passed", "Redacted", "TextFilter"]


class FilterStage(StrEnum):
    """Where a text stands when it is filtered."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"
    NOTE = "note"
    WHISPER = "whisper"
    EXPORT = "export"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class FilterContext:
    """Where the text comes from: its stage, the conversation and channel if there are any yet, the speaker's role."""

    stage: FilterStage
    conversation: ConversationId | None = None
    channel: ChannelId | None = None
    role: Role | None = None


@final
@dataclass(frozen=True, slots=True)
class Passed:
    """The text goes on as it is."""


@final
@dataclass(frozen=True, slots=True)
class Redacted:
    """The text goes on as `text`."""

    text: str


@final
@dataclass(frozen=True, slots=True)
class Blocked:
    """The text does not go on: TEXT_BLOCKED. `reason` says why in a few words that do not repeat the text."""

    reason: str


Filtered: TypeAlias = Passed | Redacted | Blocked


@runtime_checkable
class TextFilter(Protocol):
    """Looks at texts; registered as an object. PURE: sync, no I/O, 50 ms. Idempotent: a redacted text passes."""

    name: ClassVar[str]

    def apply(self, text: str, context: FilterContext) -> Filtered:
        """Judge a text."""
