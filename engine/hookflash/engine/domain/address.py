"""Where an entity is found: its kind and its id."""

from enum import StrEnum
from typing import NamedTuple

__all__ = ["SITE", "Address", "Kind"]


class Kind(StrEnum):
    """The kinds of entity; the value is the collection of the public resource name."""

    CONVERSATION = "conversations"
    AGENT = "agents"
    QUEUE = "queues"
    CHANNEL = "channels"
    ATTRIBUTE = "attributes"
    MEDIA_DOMAIN = "mediaDomains"
    TOKEN = "tokens"  # noqa: S105  a collection's name, no secret
    SITE = "site"


class Address(NamedTuple):
    """An entity's address; printed it is the resource name, such as `conversations/42`."""

    kind: Kind
    id: str

    def __str__(self) -> str:
        """Return the resource name."""
        return f"{self.kind}/{self.id}"


SITE = Address(Kind.SITE, "main")
"""The one entity that decides what is applied."""
