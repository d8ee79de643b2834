"""What people in a conversation write: three types that cannot stand in for each other.

Privacy is a type here, not a flag: `Whisper` shares no text-carrying ancestor with the other two, and nothing converts
it into one of them. A channel takes `Message` and `CustomerNotice` only (see `hookflash.sdk.channel.Delivery`).
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import final

__all__ = ["Choice", "CustomerNotice", "Media", "MediaKind", "MediaRef", "Message", "Template", "Whisper"]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One answer that the customer is offered: he sees `title`, and `id` comes back where the channel carries it."""

    id: str
    title: str

    def __post_init__(self) -> None:
        """Refuse what is not exactly `str`."""
        _require_str(Choice=self.id)
        _require_str(Choice=self.title)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A message that the provider has approved, for when the reply window is closed; `values` fill its places."""

    name: str
    language: str
    values: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse what is not exactly `str`."""
        _require_str(Template=self.name)
        _require_str(Template=self.language)
        for value in self.values:
            _require_str(Template=value)


class MediaKind(StrEnum):
    """What a medium is, as far as a desk cares."""

    IMAGE = "IMAGE"
    AUDIO = "AUDIO"
    VIDEO = "VIDEO"
    FILE = "FILE"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class MediaRef:
    """Where a medium is to be fetched: the provider's `id` or `url`; what is said of it is never trusted.

    `size` is in bytes. What an agent sends has an `https` URL and no id.
    """

    id: str = ""
    url: str = ""
    mime_type: str = ""
    name: str = ""
    size: int | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A picture, sound, film or file: one that a customer sent, or one that an agent sends.

    A customer's is fetched by the engine through `fetch_media`; an agent's is passed on by its URL, never fetched here,
    and its caption is its Message's text.
    """

    kind: MediaKind
    ref: MediaRef
    caption: str = ""

    def told(self) -> dict[str, object]:
        """Give it as plain data: `kind`, `url`, and what is known of `mime_type`, `name` and `size`."""
        ref = self.ref
        known = {"mime_type": ref.mime_type, "name": ref.name, "size": ref.size}
        return {"kind": self.kind.value, "url": ref.url, **{key: each for key, each in known.items() if each}}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Something said to everybody in the conversation; `sender_name` is the name the customer may see.

    `choices` are answers offered with it; with a `template` the provider's own text goes out, and `text` is what it
    says, for the timeline. With `media`, which has neither beside it, `text` is the caption, and may be empty.
    """

    sender_name: str
    text: str
    choices: tuple[Choice, ...] = ()
    template: Template | None = None
    media: Media | None = None

    def __post_init__(self) -> None:
        """Refuse what is not exactly of its type, so that untyped code cannot tuck another value into a message."""
        _require_str(Message=self.sender_name)
        _require_str(Message=self.text)
        if any(type(choice) is not Choice for choice in self.choices):
            raise TypeError("a Message takes choices of type Choice")
        if self.template is not None and type(self.template) is not Template:
            raise TypeError("a Message takes a template of type Template")
        if self.media is not None:
            _require_media(self.media)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerNotice:
    """A text by the engine for the customer; `key` is its stable name, such as `customer.conference.joined`."""

    key: str
    text: str

    def __post_init__(self) -> None:
        """Refuse what is not exactly `str`, so that untyped code cannot tuck another value into a text."""
        _require_str(CustomerNotice=self.key)
        _require_str(CustomerNotice=self.text)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Whisper:
    """Something said by an agent or supervisor to the agents and supervisors only; never for the customer (R-W3)."""

    sender_name: str
    text: str


def _require_media(media: object) -> None:
    if type(media) is not Media or type(media.kind) is not MediaKind or type(media.ref) is not MediaRef:
        raise TypeError("a Message takes a medium of type Media")
    ref = media.ref
    for text in (ref.id, ref.url, ref.mime_type, ref.name, media.caption):
        _require_str(Media=text)
    if ref.size is not None and type(ref.size) is not int:
        raise TypeError("a Media takes a size of type int")
    if media.caption:
        raise ValueError("the caption of a Message's medium is its text")


def _require_str(**values: object) -> None:
    for owner, value in values.items():
        if type(value) is not str:
            # The value itself stays out of the sentence: it may be what must not be seen.
            message = f"{owner} takes texts of type str, not {type(value).__name__}"
            raise TypeError(message)
