"""Resource names as callers write them, taken apart and put together; what is malformed is refused (BAD_ID).

Everything here is about form: whether there is such a thing is asked later, of the shard.
"""

import re
from typing import Final

from google.protobuf.message import Message

from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.refusals import BadField, BadId
from hookflash.engine.domain.text import check_id
from hookflash.sdk.types import AgentId, ChannelId, ConversationId, QueueId
from hookflash.v1 import target_pb2

__all__ = [
    "agent",
    "agent_or_none",
    "bare_id",
    "channel",
    "conversation",
    "conversation_of",
    "name",
    "names_in",
    "numbered",
    "numbered_name",
    "offer",
    "offer_name",
    "queue",
    "queue_or_none",
]

_NAMING: Final = frozenset({"name", "agent", "channel", "conversation"})
_NUMBER: Final = re.compile(r"[1-9][0-9]{0,17}")


def name(kind: Kind, identifier: str) -> str:
    """The name of an entity, such as `queues/billing`."""
    return f"{kind}/{identifier}"


def bare_id(field: str, value: str, kind: Kind) -> str:
    """The id in a name of that kind. Raises BadField where it is empty, BadId where it is malformed."""
    if not value:
        raise BadField(field, f"is required: a name such as `{kind}/ID`")
    collection, slash, identifier = value.partition("/")
    if collection != kind or not slash:
        raise BadId(field, value, f"must be a name such as `{kind}/ID`")
    return check_id(field, identifier)


def agent(field: str, value: str) -> AgentId:
    """The id in `agents/ID`."""
    return AgentId(bare_id(field, value, Kind.AGENT))


def agent_or_none(field: str, value: str) -> AgentId | None:
    """The id in `agents/ID`, or None where nothing was given."""
    return agent(field, value) if value else None


def queue(field: str, value: str) -> QueueId:
    """The id in `queues/ID`."""
    return QueueId(bare_id(field, value, Kind.QUEUE))


def queue_or_none(field: str, value: str) -> QueueId | None:
    """The id in `queues/ID`, or None where nothing was given."""
    return queue(field, value) if value else None


def channel(field: str, value: str) -> ChannelId:
    """The id in `channels/ID`."""
    return ChannelId(bare_id(field, value, Kind.CHANNEL))


def conversation(field: str, value: str) -> ConversationId:
    """The id in `conversations/ID`."""
    return ConversationId(bare_id(field, value, Kind.CONVERSATION))


def conversation_of(identifier: str) -> Address:
    """The address of a conversation."""
    return Address(Kind.CONVERSATION, identifier)


def numbered(field: str, value: str, collection: str) -> tuple[ConversationId, int]:
    """The conversation and the number in `conversations/ID/COLLECTION/N`, COLLECTION being invites or deliveries."""
    if not value:
        raise BadField(field, f"is required: a name such as `conversations/ID/{collection}/1`")
    parts = value.split("/")
    if (parts[0], *parts[2:3]) != (Kind.CONVERSATION, collection) or _NUMBER.fullmatch(parts[-1]) is None:
        raise BadId(field, value, f"must be a name such as `conversations/ID/{collection}/1`")
    if len(parts) != len(("conversations", "ID", collection, "1")):
        raise BadId(field, value, f"must be a name such as `conversations/ID/{collection}/1`")
    return ConversationId(check_id(field, parts[1])), int(parts[3])


def numbered_name(conversation: str, collection: str, number: int) -> str:
    """The name of something that is numbered within its conversation, such as `conversations/42/invites/1`."""
    return f"conversations/{conversation}/{collection}/{number}"


def offer(field: str, value: str) -> tuple[ConversationId, int]:
    """The conversation and the number in `offers/CONVERSATION~N`: an offer's id contains its conversation's."""
    if not value:
        raise BadField(field, "is required: a name such as `offers/ID`, as it came with the offer")
    collection, _, identifier = value.partition("/")
    owner, tilde, number = identifier.rpartition("~")
    if collection != "offers" or not tilde or _NUMBER.fullmatch(number) is None:
        raise BadId(field, value, "must be a name such as `offers/ID`, as it came with the offer")
    return ConversationId(check_id(field, owner)), int(number)


def offer_name(identifier: str) -> str:
    """The name of an offer by its id."""
    return f"offers/{identifier}"


def names_in(request: Message) -> dict[str, str]:
    """The names that a request holds, by field; never an address or a text."""
    found = {
        field.name: str(value)
        for field, value in request.ListFields()
        if field.name in _NAMING and isinstance(value, str)
    }
    target = getattr(request, "target", None)
    if isinstance(target, target_pb2.Target) and (target.queue or target.agent):
        found["target"] = target.queue or target.agent
    return found
