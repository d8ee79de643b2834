"""Entity states to bytes and back, for snapshots.

A kept state is a copy of what the journal says, so it has no versions: it carries a fingerprint of its class's layout,
and when that no longer fits it is thrown away and the journal folded instead.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from hashlib import sha256
from typing import Any, get_args, get_type_hints

import msgspec

from hookflash.engine.domain.address import Kind
from hookflash.engine.journal.codec import plain
from hookflash.engine.journal.errors import StaleState

__all__ = ["decode_state", "encode_state", "fingerprint"]

_FINGERPRINT_BYTES = 8
_FINGERPRINTS: dict[type[Any], bytes] = {}
_DECODERS: dict[type[Any], Callable[[memoryview], object]] = {}

# Deterministic order, so that equal states are equal bytes and the digests of I10 can be taken over them.
_encode = msgspec.msgpack.Encoder(enc_hook=plain, order="deterministic").encode


def encode_state(state: object) -> bytes:
    """A state (a struct of plain data) as bytes; equal states give equal bytes in every process."""
    return fingerprint(type(state)) + _encode(state)


def decode_state(kind: Kind, blob: bytes, states: Mapping[Kind, type[Any]] | None = None) -> object:
    """The state of an entity of that kind; `states` says of which class (default: those of the domain).

    Raises:
        StaleState: it was written for another layout, or is no state at all.
    """
    cls = (states or _states_of_the_domain())[kind]
    if blob[:_FINGERPRINT_BYTES] != fingerprint(cls):
        raise StaleState(f"The kept state of one of the {kind} was written by another release; fold the journal.")
    try:
        return _decoder(cls)(memoryview(blob)[_FINGERPRINT_BYTES:])
    except msgspec.MsgspecError as error:
        raise StaleState(f"The kept state of one of the {kind} cannot be decoded ({error}).") from error


def _states_of_the_domain() -> Mapping[Kind, type[Any]]:
    from hookflash.engine.domain.states import STATES  # noqa: PLC0415  only who reads states needs every decider's

    return STATES


def _decoder(cls: type[Any]) -> Callable[[memoryview], object]:
    if (decoder := _DECODERS.get(cls)) is None:
        decoder = _DECODERS[cls] = msgspec.msgpack.Decoder(cls).decode
    return decoder


def fingerprint(cls: type[Any]) -> bytes:
    """A digest of the names and types of all fields that a value of this class can hold, however deep."""
    if (digest := _FINGERPRINTS.get(cls)) is None:
        seen: dict[type[Any], str] = {}
        _describe(cls, seen)
        digest = _FINGERPRINTS[cls] = sha256("\n".join(seen.values()).encode()).digest()[:_FINGERPRINT_BYTES]
    return digest


def _describe(annotation: Any, seen: dict[type[Any], str]) -> None:  # noqa: ANN401  any annotation there is
    for part in get_args(annotation):
        _describe(part, seen)
    if isinstance(annotation, type) and annotation not in seen and (names := _fields(annotation)):
        hints = get_type_hints(annotation)
        own = [(name, hints[name]) for name in names]
        seen[annotation] = f"{annotation.__qualname__}: " + ", ".join(f"{name} {hint!r}" for name, hint in own)
        for _, hint in own:
            _describe(hint, seen)


def _fields(cls: type[Any]) -> tuple[str, ...]:
    """The names of a class's fields: states are structs, and hold some of the SDK's dataclasses."""
    if issubclass(cls, msgspec.Struct):
        return cls.__struct_fields__
    return tuple(field.name for field in fields(cls)) if is_dataclass(cls) else ()
