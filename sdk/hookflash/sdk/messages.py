"""What people in a conversation write: three types that cannot stand in for each other.

Privacy is a type here, not a flag: `Whisper` shares no text-carrying ancestor with the other two, and nothing converts
it into one of them. A channel takes `Message` and `CustomerNotice` only (see `hookflash.sdk.channel.Delivery`).
"""

from dataclasses import dataclass
from typing import final

__all__ = ["CustomerNotice", "Message", "Whisper"]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Something said to everybody in the conversation; `sender_name` is the name the customer may see."""

    sender_name: str
    text: str

    def __post_init__(self) -> None:
        """Refuse what is not exactly `str`, so that untyped code cannot tuck another value into a text."""
        _require_str(Message=self.sender_name)
        _require_str(Message=self.text)


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


def _require_str(**values: object) -> None:
    for owner, value in values.items():
        if type(value) is not str:
            # The value itself stays out of the sentence: it may be what must not be seen.
            message = f"{owner} takes texts of type str, not {type(value).__name__}"
            raise TypeError(message)
