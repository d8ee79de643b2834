"""What people write, and the ids and addresses that callers choose: cleaned or refused before anything else happens.

Lengths are in code points and count what is kept, not what came; nothing is ever cut to fit. White space is what
Unicode calls so; a joiner inside an emoji or a mark of direction is no control character and stays.
"""

import re
import unicodedata
from collections.abc import Mapping
from typing import Final

from hookflash.engine.domain.refusals import BadField, BadId, EmptyMessage, MessageTooLong, NoteTooLong

__all__ = [
    "ADDRESS_LENGTH_MAX",
    "REASON_LENGTH_MAX",
    "check_address",
    "check_external_id",
    "check_id",
    "clean_caption",
    "clean_entries",
    "clean_line",
    "clean_message",
    "clean_note",
    "clean_reason",
]

ADDRESS_LENGTH_MAX: Final = 256
"""Code points of a customer's address on a channel."""

REASON_LENGTH_MAX: Final = 1_000
"""Code points of the reason that a caller gives for what it does."""

EXTERNAL_ID_LENGTH_MAX: Final = 512
"""Code points of the outside's own id of something."""

ENTRIES_MAX: Final = 100
"""Entries of a profile, or of a conversation's attributes."""

_KEY_LENGTH_MAX: Final = 128
_VALUE_LENGTH_MAX: Final = 4_096
_ID: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_CONTROL_OR_BREAK: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SURROGATE: Final = re.compile(r"[\ud800-\udfff]")

# White space and control characters could make a text of any size end up short: what is this much too long is refused
# unread.
_RAW_FACTOR: Final = 16


def clean_note(text: str, limit: int) -> str | None:
    """Return the note as it will be kept, or None where there is nothing in it (D-12).

    Raises NoteTooLong if more than `limit` code points are left after cleaning, and BadField if it is not Unicode.
    """
    if len(text) > limit * _RAW_FACTOR:
        raise NoteTooLong(len(text), limit)
    note = _without_controls("note", text).strip()
    if len(note) > limit:
        raise NoteTooLong(len(note), limit)
    return note or None


def clean_message(text: str, limit: int) -> str:
    """Return the text of a message or whisper without control characters, otherwise as it came, its ends included.

    Raises EmptyMessage if nothing but white space is left, MessageTooLong if more than `limit` code points are, and
    BadField if it is not Unicode.
    """
    if len(text) > limit * _RAW_FACTOR:
        raise MessageTooLong(len(text), limit)
    kept = _without_controls("text", text)
    if not kept.strip():
        raise EmptyMessage
    if len(kept) > limit:
        raise MessageTooLong(len(kept), limit)
    return kept


def clean_caption(text: str, limit: int) -> str:
    """Return the text that goes with a medium, cleaned like a message's; there may be none.

    Raises MessageTooLong and BadField as `clean_message` does.
    """
    try:
        return clean_message(text, limit)
    except EmptyMessage:
        return ""


def check_id(field: str, value: str) -> str:
    """Return the value if it is an id that a caller may choose, else raise BadId."""
    if _ID.fullmatch(value) is None:
        raise BadId(field, value)
    return value


def check_address(value: str, field: str = "address") -> str:
    """Return the value if it can be a customer's address on a channel, else raise BadId."""
    if not value.strip():
        raise BadId(field, value, "is empty; give the customer's address on the channel")
    if len(value) > ADDRESS_LENGTH_MAX:
        raise BadId(field, value, f"has {len(value):,} characters; at most {ADDRESS_LENGTH_MAX} are allowed")
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in value):
        raise BadId(field, value, "has control characters; give the address without them")
    return value


def check_external_id(field: str, value: str) -> str:
    """Return the value if it can be an id that the outside gave, else raise BadField."""
    if len(value) > EXTERNAL_ID_LENGTH_MAX or not value.isprintable():
        raise BadField(field, f"must have at most {EXTERNAL_ID_LENGTH_MAX} characters, all of them printable")
    return value


def clean_reason(text: str) -> str:
    """Return the reason that a caller gives, as one line. Raises BadField if it is too long."""
    return clean_line("reason", text, REASON_LENGTH_MAX)


def clean_line(field: str, text: str, limit: int) -> str:
    """Return a name or reason as one line, without control characters; they could redraw the terminal of a reader.

    Raises BadField if more than `limit` code points are left, or if it is not Unicode.
    """
    line = _CONTROL_OR_BREAK.sub("", text[: limit * _RAW_FACTOR + 1])
    if len(line) > limit or len(text) > limit * _RAW_FACTOR or _SURROGATE.search(line) is not None:
        raise BadField(field, f"must have at most {limit:,} characters, in Unicode; shorten it")
    return line


def clean_entries(field: str, entries: Mapping[str, str]) -> dict[str, str]:
    """Return a profile, or a conversation's attributes, without control characters.

    Raises BadField if there are too many of them, or a key is empty or it or a value too long.
    """
    if len(entries) > ENTRIES_MAX:
        raise BadField(field, f"has {len(entries):,} entries and may have {ENTRIES_MAX}; leave some out")
    kept: dict[str, str] = {}
    for key, value in entries.items():
        name = clean_line(field, key, _KEY_LENGTH_MAX).strip()
        if not name:
            raise BadField(field, "has an entry without a key; name it, or leave it out")
        kept[name] = clean_line(field, value, _VALUE_LENGTH_MAX)
    return kept


def _without_controls(field: str, text: str) -> str:
    if text.isprintable():
        return text  # Nearly every text is; neither a control character nor half a surrogate pair can be printed.
    # Half a surrogate pair cannot be written as UTF-8, so it would fail later, in the journal.
    if _SURROGATE.search(text) is not None:
        raise BadField(field, "is not valid Unicode; send it as UTF-8")
    return _CONTROL.sub("", text)
