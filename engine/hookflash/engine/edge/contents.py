"""From what happened to what the customer's side is handed: the one place in which a Delivery or a Said is made.

Only the two events of the customer's side lead anywhere. They are told apart by exact type, so neither a whisper nor a
notice for agents, nor a look-alike of either, can become one (R-W3, I7).
"""

import re
from typing import Final

from hookflash.engine.domain.events import CustomerNoticed, MessageSent
from hookflash.sdk.channel import CustomerAddress, Delivery
from hookflash.sdk.messages import CustomerNotice, Message
from hookflash.sdk.sinks import Said
from hookflash.sdk.types import ChannelId, ConversationId, DeliveryId, ParticipantRole

__all__ = [
    "Outgoing",
    "clean_choice_id",
    "clean_external_id",
    "clean_reason",
    "delivery_name",
    "delivery_of",
    "read_delivery_name",
    "read_part_number",
    "said_of",
]

Outgoing = MessageSent | CustomerNoticed
"""The events that go out through a channel, where they have a delivery number."""

_NAME: Final = re.compile(
    r"conversations/([a-z0-9][a-z0-9._-]{0,62})/deliveries/([1-9][0-9]{0,17})(?:#[1-9][0-9]{0,3})?", re.ASCII
)


_REASON_LENGTH_MAX: Final = 300
_EXTERNAL_ID_LENGTH_MAX: Final = 512
_CHOICE_ID_LENGTH_MAX: Final = 256


def delivery_of(
    event: Outgoing, *, channel: ChannelId, address: str, conversation: ConversationId, attempt: int
) -> Delivery:
    """Make the Delivery of an event. Raises TypeError for any other event, and for one that stays inside."""
    content, number = _content_of(event), event.delivery
    if number is None:
        raise TypeError("a customer's own message does not go out")
    return Delivery(
        id=delivery_name(conversation, number),
        conversation=conversation,
        sequence=number,
        to=CustomerAddress(channel=channel, id=address),
        content=content,
        attempt=attempt,
    )


def said_of(event: Outgoing, *, conversation: ConversationId) -> Said:
    """Make the entry of a customer's transcript of an event. Raises TypeError for any other event."""
    content = _content_of(event)
    return Said(
        conversation=conversation,
        sequence=event.transcript,
        at=event.at,
        content=content,
        is_from_customer=type(event) is MessageSent and event.role is ParticipantRole.CUSTOMER,
    )


def _content_of(event: Outgoing) -> Message | CustomerNotice:
    if type(event) is MessageSent:
        return Message(
            sender_name=event.display_name,
            text=event.text,
            choices=event.choices,
            template=event.template,
            media=event.media,
        )
    if type(event) is CustomerNoticed:
        return CustomerNotice(key=str(event.key.value), text=event.text)
    # The event stays out of the sentence: it may be a whisper.
    raise TypeError(f"{type(event).__name__} is not for the customer")


def delivery_name(conversation: ConversationId, number: int) -> DeliveryId:
    """The API's name of a delivery, which is its idempotency key."""
    return DeliveryId(f"conversations/{conversation}/deliveries/{number}")


def read_delivery_name(name: str) -> tuple[ConversationId, int] | None:
    """The conversation and the number in the name of a delivery, or of a part of one; None where it is no such name."""
    found = _NAME.fullmatch(name)
    return None if found is None else (ConversationId(found[1]), int(found[2]))


def read_part_number(name: str) -> int:
    """Which part a name of a delivery stands for, from 1; of one that is in one part, the first."""
    return int(name.rpartition("#")[2]) if "#" in name else 1


def clean_choice_id(given: object) -> str | None:
    """The id of a picked choice, fit for the journal; None where it cannot be one of ours."""
    if isinstance(given, str) and len(given) <= _CHOICE_ID_LENGTH_MAX and given.isprintable():
        return str(given)
    return None


def clean_external_id(given: object) -> str | None:
    """What a plugin gave as a provider's id, fit for the journal; None where it cannot be one."""
    if isinstance(given, str) and len(given) <= _EXTERNAL_ID_LENGTH_MAX and given.isprintable():
        return str(given)
    return None


def clean_reason(given: str) -> str:
    """A plugin's or a provider's words for what went wrong, on one line, printable and short."""
    line = "".join(sign if sign.isprintable() else " " for sign in given[: _REASON_LENGTH_MAX + 1])
    return line if len(line) <= _REASON_LENGTH_MAX else f"{line[: _REASON_LENGTH_MAX - 3]}..."
