"""What goes out through a channel, and what a kind of channel can do.

Nothing here can hold a whisper, a note or a notice for agents: a `Delivery` is made of a `Message` or `CustomerNotice`,
which mypy checks and, because plugins may be untyped, the constructor checks again (R-W3, I7).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import final

from hookflash.sdk.channel.arrivals import CustomerAddress
from hookflash.sdk.messages import CustomerNotice, MediaKind, Message
from hookflash.sdk.types import ConversationId, DeliveryId, ExternalId

__all__ = ["Capabilities", "Delivery", "Idempotency", "Level", "Receipts", "TextUnit", "with_link"]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One Message or CustomerNotice on its way out; settled once.

    `id` is the idempotency key; `sequence` counts the conversation's deliveries from 1 without a gap; `attempt` from 1.
    Raises TypeError for any other content, also for a look-alike or a subclass.
    """

    id: DeliveryId
    conversation: ConversationId
    sequence: int
    to: CustomerAddress
    content: Message | CustomerNotice
    reply_to: ExternalId | None = None
    attempt: int = 1

    def __post_init__(self) -> None:
        """Check the exact type: this is the customer port, and plugins are not type-checked."""
        if type(self.content) is not Message and type(self.content) is not CustomerNotice:
            # The content stays out of the sentence: it may be a whisper.
            message = f"a Delivery takes a Message or a CustomerNotice, not {type(self.content).__name__}"
            raise TypeError(message)


class Level(StrEnum):
    """How well a channel does one thing; FALLBACK is the engine's work, REJECT is told to the agent."""

    NATIVE = "NATIVE"
    PARTIAL = "PARTIAL"
    FALLBACK = "FALLBACK"
    DROP = "DROP"
    REJECT = "REJECT"


class Receipts(StrEnum):
    """Which receipts a provider sends."""

    NONE = "NONE"
    EACH = "EACH"
    WATERMARK = "WATERMARK"


class Idempotency(StrEnum):
    """What a provider does with a delivery sent twice: drop it by key, return our id later, or show it twice."""

    KEY = "KEY"
    RELINK = "RELINK"
    NONE = "NONE"


class TextUnit(StrEnum):
    """What a provider counts a text in: code points, units of UTF-16 (most emoji are two), or bytes of UTF-8."""

    CHARACTER = "CHARACTER"
    UTF16 = "UTF16"
    BYTE = "BYTE"

    def size_of(self, text: str) -> int:
        """Give how much of it a text is."""
        match self:
            case TextUnit.CHARACTER:
                return len(text)
            case TextUnit.UTF16:
                return len(text) + sum(sign > "\uffff" for sign in text)
            case TextUnit.BYTE:
                return len(text.encode(errors="replace"))


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a kind of channel can do, feature by feature, and its sizes.

    Texts and captions are measured in `text_unit`, titles in characters (code points), `reply_window_s` in seconds
    (None: no limit), `rate_per_s` in deliveries a second for the whole account. `image`, `audio`, `video` and `file`
    are about what goes out, and so is `media_size_max`: bytes per MIME type ("image/*" holds for all other images,
    "*/*" for all other types), 0 where media of that type are not taken. A medium that is not taken is a link.
    `caption_size_max` is how long a text each kind of medium takes along: a longer one, or any where the kind is not
    named, goes out behind the medium.
    """

    text: Level = Level.NATIVE
    image: Level = Level.FALLBACK
    audio: Level = Level.FALLBACK
    video: Level = Level.FALLBACK
    file: Level = Level.FALLBACK
    choice: Level = Level.FALLBACK
    template: Level = Level.REJECT
    typing: Level = Level.DROP
    read: Level = Level.DROP
    edit: Level = Level.DROP
    delete: Level = Level.DROP
    text_size_max: int = 4096
    text_unit: TextUnit = TextUnit.CHARACTER
    choices_max: int = 0
    choice_title_size_max: int = 0
    media_size_max: Mapping[str, int] = field(default_factory=dict)
    caption_size_max: Mapping[MediaKind, int] = field(default_factory=dict)
    reply_window_s: float | None = None
    echoes: bool = False
    receipts: Receipts = Receipts.NONE
    idempotency: Idempotency = Idempotency.NONE
    rate_per_s: float | None = None

    def level_of(self, kind: MediaKind) -> Level:
        """Give how well media of that kind go out."""
        levels = {
            MediaKind.IMAGE: self.image,
            MediaKind.AUDIO: self.audio,
            MediaKind.VIDEO: self.video,
            MediaKind.FILE: self.file,
        }
        return levels[kind]

    @property
    def rejected(self) -> frozenset[str]:
        """What is refused to the agent before anything is stored: of text, choice, template and the kinds of media."""
        media = ((kind.lower(), self.level_of(kind)) for kind in MediaKind)
        levels = (("text", self.text), ("choice", self.choice), ("template", self.template), *media)
        return frozenset(content for content, level in levels if level is Level.REJECT)

    def size_max_of(self, mime_type: str) -> int | None:
        """Give how many bytes a medium of that type may have; None where nothing is said of it, or of none known."""
        for of in (mime_type, f"{mime_type.partition('/')[0]}/*", "*/*") if mime_type else ():
            if of in self.media_size_max:
                return self.media_size_max[of]
        return None


def with_link(message: Message) -> Message:
    """Give the message with its medium's URL on a line of its text instead of the medium."""
    if message.media is None:
        return message
    lines = (line for line in (message.text, message.media.ref.url) if line)
    return replace(message, text="\n".join(lines), media=None)
