"""Journal events told to readers outside the engine: their fields as plain data, named as in the journal.

Who may not read what was said is told the same events without those words: the fields are left out, not emptied. What
a token is known by is left out for everybody.
"""

from collections.abc import Mapping
from typing import Any, Final

from hookflash.engine.domain.events import Event
from hookflash.engine.journal.codec import payload, type_name
from hookflash.engine.journal.record import Cause

__all__ = ["cause_words", "told"]

_SAID: Final[Mapping[str, tuple[str, ...]]] = {
    "MessageSent": ("text", "choices", "template", "media"),
    "WhisperSent": ("text",),
    "InvitePlaced": ("invite.note",),
}
_SECRET: Final[Mapping[str, tuple[str, ...]]] = {"TokenCreated": ("settings.digest",)}


def told(event: Event, *, is_said_shown: bool) -> dict[str, Any]:
    """An event's fields; `is_said_shown` says whether messages, whispers and notes are in them."""
    fields = payload(event)
    hidden = _SECRET.get(type_name(event), ())
    if not is_said_shown:
        hidden = (*hidden, *_SAID.get(type_name(event), ()))
    for path in hidden:
        _drop(fields, path)
    return fields


def cause_words(cause: Cause) -> str:
    """A cause as one word and its name: `COMMAND:8f1c`, `TIMER:EndOffer`."""
    return f"{cause.kind}:{cause.name}" if cause.name else str(cause.kind)


def _drop(fields: dict[str, Any], path: str) -> None:
    head, _, rest = path.partition(".")
    if rest:
        _drop(fields[head], rest)
    else:
        fields.pop(head, None)
