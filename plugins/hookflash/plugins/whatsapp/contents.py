"""What one message of WhatsApp's says: a text, a medium, or in a word or two what it is that we cannot show.

The choice that a customer picked is his text, with its id: the title is what he saw and what the agents should see.
"""

from typing import Final, TypeAlias

from hookflash.plugins.meta.reading import Json, member, required, text
from hookflash.sdk import Media, MediaKind, MediaRef, Text

__all__ = ["Content", "content_of"]

Content: TypeAlias = Text | Media | str

_MEDIA: Final = {
    "image": MediaKind.IMAGE,
    "sticker": MediaKind.IMAGE,
    "audio": MediaKind.AUDIO,
    "video": MediaKind.VIDEO,
    "document": MediaKind.FILE,
}

_WORDS: Final = {
    "contacts": "contact card",
    "order": "order",
    "interactive": "form",
    "request_welcome": "opened the chat",
    "unsupported": "unsupported message",
    "unknown": "unsupported message",
}

_DEGREES_MAX: Final = 180

_CHANGES: Final = {
    "user_changed_number": "changed number",
    "customer_changed_number": "changed number",
    "user_changed_user_id": "changed user id",
    "customer_identity_changed": "changed security code",
}


def content_of(message: Json) -> Content:
    """Read a message's content. Raises UnreadableError where its type's object lacks what it cannot be without."""
    kind = text(message, "type")
    if text(message, "group_id"):
        return "group message"  # An answer would go to the one who wrote it, behind the group's back.
    match kind:
        case "text":
            return Text(text=required(message, "text", "body"))
        case "button":
            return Text(text=required(message, "button", "text"), choice_id=text(message, "button", "payload"))
        case "interactive":
            return _picked(member(message, "interactive"))
        case "image" | "sticker" | "audio" | "video" | "document":
            return _medium(kind, member(message, kind))
        case "reaction":
            sign = text(message, "reaction", "emoji")
            return f"reaction {sign}" if sign else "took back a reaction"
        case "location":
            return _place(member(message, "location"))
        case "system":
            return _CHANGES.get(text(message, "system", "type"), "system message")
        case _:
            return _WORDS.get(kind, kind) or "message"


def _picked(interactive: Json) -> Content:
    for reply in ("button_reply", "list_reply"):
        if member(interactive, reply):
            return Text(text=required(interactive, reply, "title"), choice_id=text(interactive, reply, "id"))
    return _WORDS["interactive"]


def _medium(kind: str, of: Json) -> Media:
    ref = MediaRef(id=required(of, "id"), mime_type=text(of, "mime_type"), name=text(of, "filename"))
    return Media(kind=_MEDIA[kind], ref=ref, caption=text(of, "caption"))


def _place(location: Json) -> str:
    where = (location.get("latitude"), location.get("longitude"))
    degrees = ",".join(
        f"{each:.6f}" for each in where if isinstance(each, int | float) and -_DEGREES_MAX <= each <= _DEGREES_MAX
    )
    return " ".join(each for each in ("location", degrees, text(location, "name")) if each)
