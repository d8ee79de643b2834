"""Who a message of WhatsApp's is from.

With user names the number may be missing. The business-scoped user id is the stable one, so it is the address where it
is known; the number and the parent id are its aliases.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from hookflash.plugins.meta.reading import Json, UnreadableError, items, text
from hookflash.sdk import ChannelId, CustomerAddress

__all__ = ["Person", "address_of", "person_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Where he is reached, and the name he goes by."""

    address: CustomerAddress
    name: str


def person_of(value: Json, message: Json, channel: ChannelId, number: str, *, is_echo: bool = False) -> Person:
    """Find whom a message is from, or an echo is to. Raises UnreadableError where nothing names him."""
    side = "to" if is_echo else "from"
    contact = _contact(items(value, "contacts"), message, side)
    address = address_of(
        (
            text(contact, "user_id"),
            text(message, f"{side}_user_id"),
            text(contact, "wa_id"),
            text(message, side),
            text(contact, "parent_user_id"),
            text(message, f"{side}_parent_user_id"),
            # A changed number or user id: the new one comes with the old one, under which he is known.
            text(message, "system", "user_id"),
            text(message, "system", "wa_id"),
            text(message, "system", "parent_user_id"),
        ),
        channel,
        number,
    )
    if address is None:
        raise UnreadableError("nobody is named")
    return Person(address=address, name=text(contact, "profile", "name") or text(contact, "profile", "username"))


def address_of(ids: Iterable[str], channel: ChannelId, number: str) -> CustomerAddress | None:
    """Make an address of the ids that are there: the first is the address, the others are aliases."""
    first, *others = [*dict.fromkeys(each for each in ids if each)] or [""]
    return CustomerAddress(channel=channel, id=first, account=number, aliases=tuple(others)) if first else None


def _contact(contacts: list[Json], message: Json, side: str) -> Json:
    """The contact that is meant; where nothing tells, the only one."""
    ids = {text(message, side), text(message, f"{side}_user_id")} - {""}
    for contact in contacts:
        if ids & {text(contact, "wa_id"), text(contact, "user_id")}:
            return contact
    return contacts[0] if len(contacts) == 1 and not ids else {}
