"""Journal events as any language reads them: the payload as a Struct, named as in the journal.

What of it is told to whom is `journal.telling`'s to say.
"""

from collections.abc import Iterator
from typing import Any, Final

from google.protobuf.struct_pb2 import Struct

from hookflash.engine.journal.codec import type_name, version
from hookflash.engine.journal.record import Record
from hookflash.engine.journal.telling import cause_words, told
from hookflash.engine.server.convert_values import timestamp
from hookflash.v1 import event_pb2

__all__ = ["events_to"]

_EXACT_MAX: Final = 2**53


def events_to(record: Record, *, is_said_shown: bool) -> Iterator[event_pb2.Event]:
    """The record's events in order; `is_said_shown` says whether messages, whispers and notes are in them."""
    time, cause = timestamp(record.at), cause_words(record.cause)
    for index, fact in enumerate(record.facts):
        payload = Struct()
        payload.update(_plain(told(fact.event, is_said_shown=is_said_shown)))
        yield event_pb2.Event(
            position=record.position,
            index=index,
            time=time,
            type=type_name(fact.event),
            version=version(fact.event),
            subject=str(fact.subject),
            principal=record.principal,
            cause=cause,
            payload=payload,
        )


def _plain(value: Any) -> Any:  # noqa: ANN401  whatever JSON has
    # A Struct's numbers are doubles: an integer that one cannot hold exactly goes as text, as in proto JSON.
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _EXACT_MAX:
        return str(value)
    return value
