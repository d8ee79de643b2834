"""From a Delivery to the body of WhatsApp's send call.

Every body carries the Delivery's id, which comes back with each status of it: so one whose answer was lost is known.
"""

import re
from typing import Any, Final

from hookflash.plugins.meta.choices import numbered
from hookflash.sdk import Choice, CustomerNotice, Delivery, Media, MediaKind, Message, Template

__all__ = [
    "CAPTION_LENGTH_MAX",
    "DOCUMENTS",
    "LIST_MAX",
    "PLAYED",
    "ROW_TITLE_LENGTH_MAX",
    "TITLE_LENGTH_MAX",
    "body_of",
]

BUTTONS_MAX: Final = 3
LIST_MAX: Final = 10
TITLE_LENGTH_MAX: Final = 20
ROW_TITLE_LENGTH_MAX: Final = 24
BUTTONS_BODY_LENGTH_MAX: Final = 1024
LIST_BODY_LENGTH_MAX: Final = 4096
BUTTON_ID_LENGTH_MAX: Final = 256
ROW_ID_LENGTH_MAX: Final = 200
CAPTION_LENGTH_MAX: Final = 1024

PLAYED: Final = {
    MediaKind.IMAGE: frozenset({"image/jpeg", "image/png"}),
    MediaKind.AUDIO: frozenset({"audio/aac", "audio/amr", "audio/mp4", "audio/mpeg", "audio/ogg"}),
    MediaKind.VIDEO: frozenset({"video/3gp", "video/3gpp", "video/mp4"}),
}
"""What WhatsApp shows and plays, by what it is."""

_OFFICE: Final = "application/vnd.openxmlformats-officedocument"
DOCUMENTS: Final = frozenset(
    {
        "application/msword",
        "application/pdf",
        "application/vnd.ms-excel",
        "application/vnd.ms-powerpoint",
        f"{_OFFICE}.presentationml.presentation",
        f"{_OFFICE}.spreadsheetml.sheet",
        f"{_OFFICE}.wordprocessingml.document",
        "text/plain",
    }
)
"""What it takes as a document besides."""

_USER_ID: Final = re.compile(r"[A-Z]{2}\.[A-Za-z0-9.]+", re.ASCII)


def body_of(delivery: Delivery, list_button: str) -> dict[str, Any]:
    """Make the body. The number is preferred where it is known: Meta takes it for every type of message."""
    ids = (*delivery.to.aliases, delivery.to.id)  # The latest first: a changed number is an alias of the old one.
    number = next((each for each in ids if not _USER_ID.fullmatch(each)), None)
    body: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        **({"recipient": delivery.to.id} if number is None else {"to": number}),
        **_content(delivery.content, list_button),
        "biz_opaque_callback_data": delivery.id,
    }
    if delivery.reply_to:
        body["context"] = {"message_id": delivery.reply_to}
    return body


def _content(content: Message | CustomerNotice, list_button: str) -> dict[str, Any]:
    if isinstance(content, CustomerNotice):
        return _text(content.text)
    if content.template is not None:
        return {"type": "template", "template": _template(content.template)}
    if content.media is not None:
        return _media(content.media, content.text)
    if not content.choices:
        return _text(content.text)
    action = _action(content.text, content.choices, list_button)
    if action is None:
        return _text(numbered(content.text, content.choices))
    return {"type": "interactive", "interactive": {"body": {"text": content.text}, **action}}


def _text(text: str) -> dict[str, Any]:
    return {"type": "text", "text": {"body": text, "preview_url": False}}


def _media(media: Media, caption: str) -> dict[str, Any]:
    """By its link; what WhatsApp would not show or play goes as a document."""
    ref = media.ref
    is_played = media.kind in PLAYED and (not ref.mime_type or ref.mime_type in PLAYED[media.kind])
    kind = media.kind.lower() if is_played else "document"
    of = {"link": ref.url, **({"caption": caption} if caption else {})}
    if ref.name and not is_played:
        of["filename"] = ref.name
    return {"type": kind, kind: of}


def _template(template: Template) -> dict[str, Any]:
    parameters = [{"type": "text", "text": value} for value in template.values]
    components = [{"type": "body", "parameters": parameters}] if parameters else []
    return {"name": template.name, "language": {"code": template.language}, "components": components}


def _action(text: str, choices: tuple[Choice, ...], list_button: str) -> dict[str, Any] | None:
    """Buttons, or a list, or None where neither can hold them."""
    longest = max(len(choice.title) for choice in choices)
    longest_id = max(len(choice.id) for choice in choices)
    if (
        len(choices) <= BUTTONS_MAX
        and longest <= TITLE_LENGTH_MAX
        and longest_id <= BUTTON_ID_LENGTH_MAX
        and len(text) <= BUTTONS_BODY_LENGTH_MAX
        and len({choice.title for choice in choices}) == len(choices)  # Meta takes no two alike.
    ):
        buttons = [{"type": "reply", "reply": {"id": choice.id, "title": choice.title}} for choice in choices]
        return {"type": "button", "action": {"buttons": buttons}}
    if (
        len(choices) <= LIST_MAX
        and longest <= ROW_TITLE_LENGTH_MAX
        and longest_id <= ROW_ID_LENGTH_MAX
        and len(text) <= LIST_BODY_LENGTH_MAX
    ):
        rows = [{"id": choice.id, "title": choice.title} for choice in choices]
        return {"type": "list", "action": {"button": list_button, "sections": [{"rows": rows}]}}
    return None
