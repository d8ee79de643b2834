"""Journal events as any language reads them: the payload as a Struct, named as in the journal.

Who may not read what was said gets the same events without those words: the fields are left out, not emptied.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from google.protobuf.struct_pb2 import Struct

from hookflash.engine.domain.events import Event
from hookflash.engine.journal.codec import payload, type_name, version
from hookflash.engine.journal.record import Cause, Record
from hookflash.engine.server.convert_values import timestamp
from hookflash.v1 import event_pb2

__all__ = ["cause_to", "events_to"]

_SAID: Final[Mapping[str, tuple[str, ...]]] = {
    "MessageSent": ("text",),
    "WhisperSent": ("text",),
    "InvitePlaced": ("invite.note",),
}
_SECRET: Final[Mapping[str, tuple[str, ...]]] = {"TokenCreated": ("settings.digest",)}
_EXACT_MAX: Final = 2**53


def events_to(record: Record, *, is_said_shown: bool) -> Iterator[event_pb2.Event]:
    """The record's events in order; `is_said_shown` says whether messages, whispers and notes are in them."""
    time, cause = timestamp(record.at), cause_to(record.cause)
    for index, fact in enumerate(record.facts):
        yield event_pb2.Event(
            position=record.position,
            index=index,
            time=time,
            type=type_name(fact.event),
            version=version(fact.event),
            subject=str(fact.subject),
            principal=record.principal,
            cause=cause,
            payload=_struct(fact.event, is_said_shown=is_said_shown),
        )


def cause_to(cause: Cause) -> str:
    """A cause as one word and its name: `COMMAND:8f1c`, `TIMER:EndOffer`."""
    return f"{cause.kind}:{cause.name}" if cause.name else str(cause.kind)


def _struct(event: Event, *, is_said_shown: bool) -> Struct:
    fields = payload(event)
    hidden = _SECRET.get(type_name(event), ())
    if not is_said_shown:
        hidden = (*hidden, *_SAID.get(type_name(event), ()))
    for path in hidden:
        _drop(fields, path)
    struct = Struct()
    struct.update(_plain(fields))
    return struct


def _drop(fields: dict[str, Any], path: str) -> None:
    head, _, rest = path.partition(".")
    if rest:
        _drop(fields[head], rest)
    else:
        fields.pop(head, None)


def _plain(value: Any) -> Any:  # noqa: ANN401  whatever JSON has
    # A Struct's numbers are doubles: an integer that one cannot hold exactly goes as text, as in proto JSON.
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _EXACT_MAX:
        return str(value)
    return value
