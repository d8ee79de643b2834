"""Records and events to bytes and back: msgpack, with a version on every event.

Versions and upcasters live here and nowhere else (states, which are only kept copies, are in `state_codec`). An event's
class is always its newest version; when its fields change, raise its number in `VERSIONS` and say in `UPCASTERS` how a
payload of the version before becomes one of this.
"""

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any, cast, get_args

import msgspec

from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.events import Event
from hookflash.engine.journal.errors import Damaged, UnknownEvent
from hookflash.engine.journal.record import Cause, CauseKind, Fact, Record

__all__ = [
    "EVENTS",
    "GENESIS",
    "UPCASTERS",
    "VERSIONS",
    "decode",
    "encode",
    "link",
    "payload",
    "plain",
    "type_name",
    "version",
]

Payload = dict[str, Any]

GENESIS = bytes(32)
"""The hash before the first record."""

EVENTS: Mapping[str, type[Event]] = {cls.__name__: cls for cls in get_args(Event)}
"""Every event class by the name that it has in the journal."""

VERSIONS: dict[type[Event], int] = {}
"""The newest version of each event class; 1 where it is not named."""

UPCASTERS: dict[tuple[str, int], Callable[[Payload], Payload]] = {}
"""From a payload of (type name, version) to one of the next version. Never changed once released."""


def plain(value: object) -> object:
    """What msgspec does not encode by itself: any mapping, as a dict in the same order."""
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"A {type(value).__name__} cannot be journaled; use plain data.")


class _Row(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """A record as it is in the journal: a list in this order. New fields go to the end, with a default."""

    position: int
    at: float
    principal: str
    cause: tuple[str, str]
    facts: list[tuple[str, str, str, int, msgspec.Raw]]
    key: str
    digest: bytes
    answer: bytes
    tenant: str


_encode = msgspec.msgpack.Encoder(enc_hook=plain).encode
_decode_row = msgspec.msgpack.Decoder(_Row).decode
_decode_payload = msgspec.msgpack.Decoder(Payload).decode
_KINDS: Mapping[str, Kind] = {kind.value: kind for kind in Kind}
_CAUSES: Mapping[str, CauseKind] = {kind.value: kind for kind in CauseKind}
_CURRENT: dict[tuple[str, int], Callable[[msgspec.Raw], Event]] = {}


def type_name(event: Event) -> str:
    """The name by which the journal and its readers know an event's type."""
    return type(event).__name__


def version(event: Event) -> int:
    """The version of an event's payload."""
    return VERSIONS.get(type(event), 1)


def payload(event: Event) -> Payload:
    """An event's fields as plain data (bytes as base64 text), for people and for readers outside the engine."""
    return cast("Payload", msgspec.to_builtins(event, enc_hook=plain))


def link(previous: bytes, encoded: bytes) -> bytes:
    """The chain's hash at a record: SHA-256 over the hash before it and its encoded bytes."""
    return sha256(previous + encoded).digest()


def encode(record: Record, previous: bytes) -> tuple[bytes, bytes]:
    """A record's bytes, and the chain's hash at it, given the hash before it."""
    cause = record.cause
    versions = VERSIONS
    encoded = _encode(
        (
            record.position,
            record.at,
            record.principal,
            (cause.kind, cause.name),
            [
                (fact.subject[0], fact.subject[1], (cls := type(fact.event)).__name__, versions.get(cls, 1), fact.event)
                for fact in record.facts
            ],
            record.key,
            record.digest,
            record.answer,
            record.tenant,
        )
    )
    return encoded, sha256(previous + encoded).digest()


def decode(encoded: bytes, position: int) -> Record:
    """The record in those bytes, which must be the one at `position`.

    Raises:
        UnknownEvent: it holds an event of a newer release.
        Damaged: the bytes are no such record.
    """
    try:
        row = _decode_row(encoded)
        if row.position != position:
            raise Damaged(position, f"the record found there says that it is at {row.position}")
        return Record(
            position=position,
            at=row.at,
            principal=row.principal,
            cause=Cause(_CAUSES[row.cause[0]], row.cause[1]),
            facts=_facts(row.facts, position),
            key=row.key,
            digest=row.digest,
            answer=row.answer,
            tenant=row.tenant,
        )
    except (msgspec.MsgspecError, LookupError, TypeError, ValueError) as error:
        raise Damaged(position, f"its bytes cannot be decoded ({error})") from error


def _facts(rows: Sequence[tuple[str, str, str, int, msgspec.Raw]], position: int) -> tuple[Fact, ...]:
    return tuple(
        [
            Fact(
                Address(_KINDS[kind], name),
                current(raw) if (current := _CURRENT.get((event, number))) else _other(event, number, raw, position),
            )
            for kind, name, event, number, raw in rows
        ]
    )


def _other(name: str, number: int, raw: msgspec.Raw, position: int) -> Event:
    """An event seen for the first time, or one of an older version, brought up step by step."""
    cls = EVENTS.get(name)
    newest = VERSIONS.get(cls, 1) if cls else 0
    if cls is None or number > newest:
        raise UnknownEvent(position, name, number, newest)
    if number == newest:
        _CURRENT[name, number] = decoder = msgspec.msgpack.Decoder(cls).decode
        return decoder(raw)
    fields: Payload = _decode_payload(raw)
    for step in range(number, newest):
        fields = UPCASTERS[name, step](fields)
    return msgspec.convert(fields, cls)
