"""What a mail says and what is attached to it, out of its MIME parts.

Plain text goes before HTML. A wrong charset is read as well as it can be.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage, Message
from typing import Any, Final, TypeAlias, cast, final

from hookflash.plugins.email.html_text import html_to_text

__all__ = ["ATTACHMENTS_MAX", "Attachment", "Body", "attachment_bytes", "header_text", "read_body"]

ATTACHMENTS_MAX: Final = 20
_PARTS_MAX: Final = 200
_DEPTH_MAX: Final = 20
_TEXT_SIZE_MAX: Final = 1_048_576
_NAME_LENGTH_MAX: Final = 200

Part: TypeAlias = "Message[Any, Any]"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file in a mail: `number` is its place among the mail's leaves, `size` its bytes."""

    number: int
    mime_type: str
    name: str
    size: int


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A mail's text, with its history still in it, and at most `ATTACHMENTS_MAX` attachments."""

    text: str
    attachments: tuple[Attachment, ...] = ()


def read_body(mail: EmailMessage) -> Body:
    """Read a mail's parts."""
    plain: list[str] = []
    html: list[str] = []
    attachments: list[Attachment] = []
    for number, part in enumerate(_leaves(mail)):
        kind = part.get_content_type()
        if _is_attached(part):
            if len(attachments) < ATTACHMENTS_MAX:
                attachments.append(_attachment(number, part))
        elif kind == "text/html":
            html.append(html_to_text(_text(part)))
        else:
            plain.append(_text(part))
    said = [text.strip() for text in plain if text.strip()] or [text for text in html if text]
    return Body(text="\n\n".join(said), attachments=tuple(attachments))


def attachment_bytes(mail: EmailMessage, number: int) -> bytes | None:
    """Give an attachment's bytes by its number; None where the mail has none such."""
    for place, part in enumerate(_leaves(mail)):
        if place == number and _is_attached(part):
            return _bytes(part)
    return None


def header_text(part: Part, name: str) -> str:
    """Give a header decoded, on one line and printable; empty where there is none or nobody can read it."""
    try:
        value = str(part.get(name, ""))
    except Exception:  # noqa: BLE001  the parser of structured headers stumbles over some that are not well formed
        value = next((str(raw) for key, raw in part.raw_items() if key.lower() == name.lower()), "")
    return " ".join("".join(sign if sign.isprintable() else " " for sign in value).split())


def _leaves(part: Part, depth: int = 0) -> Iterator[Part]:
    """The parts that hold something; a mail inside the mail is one of them."""
    count = 0
    payload = part.get_payload()
    if part.get_content_maintype() == "multipart" and isinstance(payload, list) and depth < _DEPTH_MAX:
        for inner in payload:
            for leaf in _leaves(cast("Part", inner), depth + 1):
                count += 1
                if count > _PARTS_MAX:
                    return
                yield leaf
    else:
        yield part


def _is_attached(part: Part) -> bool:
    # A leaf that says it has parts, and has none, is shown as the text that it is.
    is_text = part.get_content_type() in ("text/plain", "text/html") or part.get_content_maintype() == "multipart"
    return not is_text or _disposition(part) == "attachment" or bool(_name(part))


def _attachment(number: int, part: Part) -> Attachment:
    return Attachment(number=number, mime_type=part.get_content_type(), name=_name(part), size=len(_bytes(part)))


def _disposition(part: Part) -> str:
    try:
        return part.get_content_disposition() or ""
    except Exception:  # noqa: BLE001  a header that cannot be read
        return ""


def _name(part: Part) -> str:
    try:
        name = part.get_filename() or ""
    except Exception:  # noqa: BLE001  a header that cannot be read
        name = ""
    # A name, not a path: whoever stores it under this name must not land elsewhere.
    name = name.replace("\\", "/").rpartition("/")[2]
    return "".join(sign for sign in name if sign.isprintable())[:_NAME_LENGTH_MAX].strip(". ")


def _bytes(part: Part) -> bytes:
    payload = part.get_payload()
    if isinstance(payload, list):  # A mail inside the mail.
        try:
            return b"".join(cast("Part", inner).as_bytes() for inner in payload)
        except Exception:  # noqa: BLE001  what was parsed cannot always be written again
            return b""
    raw = part.get_payload(decode=True)
    return raw if isinstance(raw, bytes) else b""


def _text(part: Part) -> str:
    raw = _bytes(part)[:_TEXT_SIZE_MAX]
    named = part.get_param("charset", "")
    for charset in (named if isinstance(named, str) else "", "utf-8"):
        try:
            # A text stands in a text encoding: those of Python that are none (`hex`) raise LookupError.
            return raw.decode(charset or "utf-8")
        except (LookupError, ValueError):
            continue
    return raw.decode("cp1252", errors="replace")
