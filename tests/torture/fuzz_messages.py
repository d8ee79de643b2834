"""Fuzzed calls: a method, a caller and bytes, each a function of the run's seed and the call's number.

Built from the descriptors of the API: as a caller would send it, with values no caller should send, damaged on the
way, with fields nobody knows, nested without end, or no message at all.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Any, Final

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message

from hookflash.engine.server.methods import Method, methods
from hookflash.sdk.types import Role
from tests.torture.fuzz_values import Moment, extreme, plausible_text

__all__ = ["CALLERS", "DRAIN", "Kind", "Shot", "shot"]

METHODS: Final[Sequence[Method]] = tuple(methods())
DRAIN: Final = "AdminService/Drain"
CALLERS: Final = ("admin", "supervisor", "service", "adapter", "viewer", "agent", "nobody", "stranger")
"""Who calls: one of each role, one without a token, one with a token that the server does not know."""

_CALLER_OF: Final = {
    Role.ADMIN: "admin",
    Role.SUPERVISOR: "supervisor",
    Role.SERVICE: "service",
    Role.ADAPTER: "adapter",
    Role.VIEWER: "viewer",
    Role.AGENT: "agent",
}
_DEPTH_MAX: Final = 4
_MESSAGE: Final = FieldDescriptor.CPPTYPE_MESSAGE


class Kind(StrEnum):
    """What is wrong with a call, if anything is."""

    PLAUSIBLE = "plausible"
    MIXED = "mixed"
    EXTREME = "extreme"
    DAMAGED = "damaged"
    UNKNOWN_FIELDS = "unknown_fields"
    DEEP = "deep"
    NOISE = "noise"


_KINDS: Final = (
    *(Kind.PLAUSIBLE,) * 45,
    *(Kind.MIXED,) * 15,
    *(Kind.EXTREME,) * 12,
    *(Kind.DAMAGED,) * 12,
    *(Kind.UNKNOWN_FIELDS,) * 6,
    *(Kind.DEEP,) * 4,
    *(Kind.NOISE,) * 6,
)
# What makes conversations comes more often than what ends them; a stream costs the shooter a wait.
_SHARES: Final = {"CreateConversation": 6, "Receive": 6, "CloseConversation": 1, "Logout": 1, "Apply": 2}
_TARGETS: Final = tuple(
    method for method in METHODS for _ in range(1 if method.is_stream else _SHARES.get(method.name, 3))
)
_REQUIRED: Final = frozenset(
    {"name", "target", "agent", "channel", "address", "external_id", "text", "state", "role", "subject", "media_domain"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shot:
    """One call: what to send where, as whom."""

    number: int
    kind: Kind
    method: Method
    caller: str
    body: bytes


def shot(seed: int, number: int) -> Shot:
    """The call of that number in the run of that seed."""
    chance = Random(f"{seed}/{number}")  # noqa: S311  repeatable, not secret
    method = chance.choice(_TARGETS)
    kind = chance.choice(_KINDS)
    caller = _caller(method, chance)
    moment = Moment(chance, number, caller)
    body = _body(method, kind, moment)
    if method.path == DRAIN and caller == "admin" and _is_read(method, body):
        # The one call that would end the run when it succeeds: it is made at the end, on purpose.
        caller = "supervisor"
    return Shot(number=number, kind=kind, method=method, caller=caller, body=body)


def _caller(method: Method, chance: Random) -> str:
    if chance.random() < 0.12:
        return chance.choice(CALLERS)
    return _CALLER_OF[chance.choice(sorted(method.roles))]


def _is_read(method: Method, body: bytes) -> bool:
    try:
        method.parse(body)
    except DecodeError:
        return False
    return True


def _body(method: Method, kind: Kind, moment: Moment) -> bytes:
    chance = moment.chance
    match kind:
        case Kind.PLAUSIBLE:
            return _encoded(method, moment, wildness=0.0)
        case Kind.MIXED:
            return _encoded(method, moment, wildness=0.25)
        case Kind.EXTREME:
            return _encoded(method, moment, wildness=1.0)
        case Kind.DAMAGED:
            return _damaged(_encoded(method, moment, wildness=0.1), chance)
        case Kind.UNKNOWN_FIELDS:
            return _encoded(method, moment, wildness=0.0) + _unknown(chance)
        case Kind.DEEP:
            return _deep(_encoded(method, moment, wildness=0.0), chance)
        case Kind.NOISE:
            return chance.randbytes(chance.choice((1, 2, 8, 60, 400)))


def _encoded(method: Method, moment: Moment, *, wildness: float) -> bytes:
    message = method.parse(b"")
    _fill(message, moment, wildness, 0)
    return message.SerializeToString()


def _fill(message: Message, moment: Moment, wildness: float, depth: int) -> None:
    """Set fields, each with a chance; of a oneof the last one set stays."""
    chance = moment.chance
    fields: Sequence[Any] = message.DESCRIPTOR.fields
    for field in fields:
        is_wild = wildness > 0 and chance.random() < wildness
        if chance.random() < (0.02 if field.name in _REQUIRED else 0.5):
            continue
        if (
            field.containing_oneof is not None
            and chance.random() < 0.5
            and field is not field.containing_oneof.fields[0]
        ):
            continue
        if _is_map(field):
            _fill_map(message, field, moment, is_wild=is_wild)
        elif field.is_repeated:
            for _ in range(chance.choice((0, 1, 2, 150) if is_wild else (0, 1, 1, 2))):
                _append(getattr(message, field.name), field, moment, wildness, depth)
        elif field.cpp_type != _MESSAGE:
            setattr(message, field.name, _scalar(field, moment, is_wild=is_wild))
        elif depth < _DEPTH_MAX:
            child = getattr(message, field.name)
            child.SetInParent()
            _fill_child(child, moment, wildness, depth + 1)


def _fill_child(child: Message, moment: Moment, wildness: float, depth: int) -> None:
    if child.DESCRIPTOR.full_name == "google.protobuf.Duration" and moment.chance.random() >= wildness:
        child.seconds = moment.chance.randrange(1, 60)  # type: ignore[attr-defined]
        return
    if child.DESCRIPTOR.name == "Target" and moment.chance.random() >= wildness:
        if moment.chance.random() < 0.7:
            child.queue = moment.queue()  # type: ignore[attr-defined]
        else:
            child.agent = moment.agent()  # type: ignore[attr-defined]
        return
    _fill(child, moment, wildness, depth)


def _append(values: Any, field: FieldDescriptor, moment: Moment, wildness: float, depth: int) -> None:  # noqa: ANN401
    if field.cpp_type == _MESSAGE:
        if depth < _DEPTH_MAX:
            _fill_child(values.add(), moment, wildness, depth + 1)
    else:
        values.append(_scalar(field, moment, is_wild=moment.chance.random() < wildness))


def _fill_map(message: Message, field: FieldDescriptor, moment: Moment, *, is_wild: bool) -> None:
    entry: Any = field.message_type
    value = entry.fields_by_name["value"]
    values = getattr(message, field.name)
    for number in range(moment.chance.choice((0, 1, 60)) if is_wild else 1):
        key = f"{extreme(entry.fields_by_name['key'], moment)}"[:2_000] if is_wild else f"key{number}"
        if value.cpp_type == _MESSAGE:
            values[key].SetInParent()
        else:
            values[key] = _scalar(value, moment, is_wild=is_wild)


def _scalar(field: FieldDescriptor, moment: Moment, *, is_wild: bool) -> Any:  # noqa: ANN401  any field's
    if is_wild:
        return extreme(field, moment)
    if field.cpp_type == FieldDescriptor.CPPTYPE_STRING and field.type != FieldDescriptor.TYPE_BYTES:
        return plausible_text(str(field.full_name).split(".")[-2], field.name, moment)
    if field.enum_type is not None:
        return 1 + moment.chance.randrange(len(field.enum_type.values) - 1)
    if field.cpp_type == FieldDescriptor.CPPTYPE_BOOL:
        # A prune or a dry run now and then; always, nothing would ever be there or ever happen.
        return moment.chance.random() < 0.15
    if field.cpp_type in (FieldDescriptor.CPPTYPE_INT32, FieldDescriptor.CPPTYPE_INT64):
        return moment.chance.randrange(1, 11)
    return extreme(field, moment)


def _is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def _damaged(body: bytes, chance: Random) -> bytes:
    """Some bits flipped, a piece cut out, a piece doubled, or the end missing."""
    if not body:
        return chance.randbytes(3)
    spoiled = bytearray(body)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(spoiled))
        match chance.randrange(4):
            case 0:
                spoiled[at] ^= 1 << chance.randrange(8)
            case 1:
                del spoiled[at : at + chance.randint(1, 8)]
            case 2:
                spoiled[at:at] = spoiled[at : at + chance.randint(1, 30)]
            case _:
                del spoiled[at:]
        if not spoiled:
            break
    return bytes(spoiled)


def _unknown(chance: Random) -> bytes:
    """Fields that no message has: of each wire type, with numbers up to the largest."""
    parts: Sequence[Callable[[int], bytes]] = (
        lambda tag: _varint(tag << 3) + _varint(chance.getrandbits(63)),
        lambda tag: _varint(tag << 3 | 1) + chance.randbytes(8),
        lambda tag: _varint(tag << 3 | 2) + _varint(20) + chance.randbytes(20),
        lambda tag: _varint(tag << 3 | 3) + _varint(tag << 3 | 4),
        lambda tag: _varint(tag << 3 | 5) + chance.randbytes(4),
    )
    tags = (200, 15_000, 2**29 - 1)
    return b"".join(chance.choice(parts)(chance.choice(tags)) for _ in range(chance.choice((1, 5, 300))))


def _deep(body: bytes, chance: Random) -> bytes:
    """Messages within messages, or groups, deeper than any parser should follow."""
    depth = chance.choice((20, 99, 101, 1_000, 20_000))
    if chance.random() < 0.5:
        tag = _varint(chance.choice((1, 6, 900)) << 3 | 3)
        return body + tag * depth
    tag = _varint(chance.choice((2, 4, 6)) << 3 | 2)
    nested = body[:100]
    for _ in range(min(depth, 300)):
        nested = tag + _varint(len(nested)) + nested
    return nested


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
