"""Settings as text, filled into a plugin's own Config dataclass.

A field of type `Secret` is a reference (`env:NAME` or `file:PATH`) until it is read, and never shows in a `repr` or an
error. `problems` judges settings without reading any secret, so that they can be refused before they are stored.
"""

import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from difflib import get_close_matches
from enum import Enum
from math import isfinite
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, ClassVar, Literal, Protocol, Self, TypeVar, Union, final, get_args, get_origin, get_type_hints

from hookflash.sdk.errors import ConfigError

__all__ = ["ConfigError", "DataclassLike", "NoConfig", "Secret", "UnreadSecretError", "fill", "problems", "secrets_of"]

SECRET_SIZE_MAX = 65_536


class DataclassLike(Protocol):
    """Any dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


ConfigT = TypeVar("ConfigT", bound=DataclassLike)


@dataclass(frozen=True, slots=True, kw_only=True)
class NoConfig:
    """The Config of what takes no settings."""


class UnreadSecretError(Exception):
    """A Config's own check asks for the value of a secret while only its other settings are judged."""


@final
class Secret:
    """A value that is used and never shown: `reveal()` gives it, everything else gives stars."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        """Keep the value."""
        self._value: str | None = value

    @classmethod
    def unread(cls) -> Self:
        """Make one that stands for a value nobody has read yet."""
        secret = cls("")
        secret._value = None
        return secret

    def reveal(self) -> str:
        """Give the value itself: for the call that needs it, not for a log. Raises UnreadSecretError."""
        if self._value is None:
            raise UnreadSecretError
        return self._value

    def __repr__(self) -> str:
        """Hide the value."""
        return "Secret('***')"

    def __eq__(self, other: object) -> bool:
        """Compare values."""
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        """Hash the value."""
        return hash(self._value)

    def __reduce__(self) -> str:
        """Refuse to be pickled: a secret is not written anywhere."""
        message = "a Secret is not pickled"
        raise TypeError(message)


def problems(config: type[DataclassLike], settings: Mapping[str, object]) -> tuple[str, ...]:
    """Tell what is wrong with these settings, a sentence each (empty: nothing); reads no secret.

    The Config's own `__post_init__` has its say, up to where it asks for a secret's value: so it does that last.
    """
    values, found = _convert(config, settings, read_secret=lambda _reference: Secret.unread())
    if found:
        return found
    try:
        config(**values)
    except UnreadSecretError:
        return ()
    except ValueError as error:
        return (str(error),)
    except Exception as error:  # noqa: BLE001 - a plugin's own code; its words may hold anything
        return (f"cannot be judged by {config.__qualname__}, which raises {type(error).__name__}",)
    return ()


def secrets_of(config: type[DataclassLike]) -> frozenset[str]:
    """Name the fields that hold secrets: an applied setting of theirs is a reference, `env:NAME` or `file:PATH`."""
    return frozenset(name for name, hint in get_type_hints(config).items() if Secret in (hint, *get_args(hint)))


def fill(config: type[ConfigT], settings: Mapping[str, object], *, environ: Mapping[str, str] | None = None) -> ConfigT:
    """Make a Config of settings: strings, or values that already have the field's type (from TOML).

    Field types: str, int, float, bool, Path, Secret, an Enum, a Literal, and each of them `| None`. Numbers are finite.
    Raises ConfigError with every problem at once: unknown or missing setting, wrong type, secret that cannot be read,
    or a ValueError of the Config's own `__post_init__`.
    """
    variables = os.environ if environ is None else environ
    values, found = _convert(config, settings, read_secret=lambda reference: _read_secret(reference, variables))
    if found:
        raise ConfigError(found)
    try:
        return config(**values)
    except ValueError as error:
        raise ConfigError((str(error),)) from error


def _convert(
    config: type[DataclassLike], settings: Mapping[str, object], *, read_secret: Callable[[str], Secret]
) -> tuple[dict[str, object], tuple[str, ...]]:
    if not is_dataclass(config):
        message = f"{config!r} is not a dataclass"
        raise TypeError(message)
    known: dict[str, Field[Any]] = {field.name: field for field in fields(config) if field.init}
    hints = get_type_hints(config)
    values: dict[str, object] = {}
    found = [_unknown(name, known) for name in settings if name not in known]
    for name, field in known.items():
        if name not in settings:
            if field.default is MISSING and field.default_factory is MISSING:
                found.append(f"setting {name!r} is missing")
            continue
        try:
            values[name] = _value(settings[name], hints[name], read_secret)
        except ValueError as error:
            found.append(f"setting {name!r} {error}")
    return values, tuple(found)


def _unknown(name: str, known: Mapping[str, object]) -> str:
    near = get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known are: {', '.join(sorted(known)) or 'none'}"
    return f"there is no setting {name!r}; {hint}"


def _value(given: object, kind: Any, read_secret: Callable[[str], Secret]) -> object:  # noqa: ANN401 - a type hint
    if get_origin(kind) in (Union, UnionType):
        inner = [option for option in get_args(kind) if option is not NoneType]
        if len(inner) != 1:
            message = f"Config fields have one type, perhaps `| None`, not {kind}"
            raise TypeError(message)
        return None if given is None else _value(given, inner[0], read_secret)
    if kind is Secret:
        return read_secret(_reference(given))
    choices = _choices(kind)
    if choices is not None:
        return _chosen(given, choices)
    reader = _READERS.get(kind)
    if reader is None:
        message = f"a Config field cannot have the type {kind}"
        raise TypeError(message)
    return reader(given)


def _choices(kind: Any) -> dict[object, object] | None:  # noqa: ANN401 - a type hint
    if get_origin(kind) is Literal:
        return {choice: choice for choice in get_args(kind)}
    if isinstance(kind, type) and issubclass(kind, Enum):
        return {member.value: member for member in kind}
    return None


def _chosen(given: object, choices: Mapping[object, object]) -> object:
    for value, result in choices.items():
        if given == result or str(given) == str(value):
            return result
    message = f"must be one of {', '.join(str(value) for value in choices)}, not {given!r}"
    raise ValueError(message)


def _text(given: object) -> str:
    if not isinstance(given, str):
        message = f"must be a text, not {given!r}"
        raise ValueError(message)  # noqa: TRY004 - what an admin wrote, not a programming error
    return given


def _bool(given: object) -> bool:
    match given:
        case bool():
            return given
        case "true" | "false":
            return given == "true"
        case _:
            message = f"must be true or false, not {given!r}"
            raise ValueError(message)


def _int(given: object) -> int:
    try:
        if isinstance(given, str) or type(given) is int:
            return int(given)
    except ValueError:
        pass
    message = f"must be a whole number, not {given!r}"
    raise ValueError(message)


def _float(given: object) -> float:
    try:
        if isinstance(given, str) or type(given) in (int, float):
            number = float(given)  # type: ignore[arg-type]
            if isfinite(number):
                return number
    except ValueError:
        pass
    message = f"must be a number, not {given!r}"
    raise ValueError(message)


def _path(given: object) -> Path:
    return given if isinstance(given, Path) else Path(_text(given))


_READERS: dict[object, Callable[[object], object]] = {
    str: _text,
    bool: _bool,
    int: _int,
    float: _float,
    Path: _path,
}


def _reference(given: object) -> str:
    kind, _, name = given.partition(":") if isinstance(given, str) else ("", "", "")
    if kind not in ("env", "file") or not name:
        # What was given may be the secret itself, so it is not repeated.
        message = "is secret: give env:NAME or file:PATH, not the value"
        raise ValueError(message)
    return f"{kind}:{name}"


def _read_secret(reference: str, environ: Mapping[str, str]) -> Secret:
    kind, _, name = reference.partition(":")
    if kind == "env":
        value = environ.get(name)
        if not value:
            message = f"names the environment variable {name}, which is not set"
            raise ValueError(message)
        return Secret(value)
    try:
        with Path(name).open(encoding="utf-8") as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                message = f"names the file {name}, which others may read; chmod 600 it"
                raise ValueError(message)
            value = file.read(SECRET_SIZE_MAX).strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        message = f"names the file {name}, which cannot be read: {reason}"
        raise ValueError(message) from None
    if not value:
        message = f"names the file {name}, which is empty"
        raise ValueError(message)
    return Secret(value)
