"""Frozen, slotted dataclasses made several times as fast: one like another but for some fields, and one from nothing.

A frozen dataclass fills each slot through a call, since it may not assign. Here a twin with the same slots, which is
not frozen, is filled by plain assignments and then given its proper class. As `dataclasses` itself does, this writes
the functions that it wants. They are for classes without `__post_init__`, `default_factory` and bases.
"""

from collections.abc import Callable
from dataclasses import MISSING, fields
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

__all__ = ["changed", "maker", "quick"]

S = TypeVar("S")

_MADE: dict[tuple[object, ...], Callable[..., Any]] = {}


if TYPE_CHECKING:
    # Type checkers know `replace` and check each field's name and type; they see this one as that one.
    from dataclasses import replace as changed
else:

    def changed(state: S, /, **changes: object) -> S:
        """The same state but for these fields. Raises KeyError for a field that the state does not have."""
        if not changes:
            return state
        key = (type(state), *changes)
        make = _MADE.get(key)
        if make is None:
            make = _MADE[key] = _maker(type(state), tuple(changes))
        return make(state, **changes)


def maker(like: S, *fields_: str) -> Callable[..., S]:
    """What `changed` does for this value and these fields, for where its look into a table would be felt.

    Type checkers do not see the fields, so keep it beside the one place that calls it.
    """
    return partial(_maker(type(like), fields_), like)


def quick(cls: type[S]) -> type[S]:
    """Give a dataclass whose values are made many times a second a constructor that costs half as much."""
    known: dict[str, Any] = {"cls": cls, "twin": _twin(cls), "turn_into": object.__dict__["__class__"].__set__}
    arguments = []
    for field in fields(cls):  # type: ignore[arg-type]  # a dataclass, as it says
        if field.default is not MISSING:
            known[f"default_{field.name}"] = field.default
        arguments.append(field.name if field.default is MISSING else f"{field.name}=default_{field.name}")
    lines = [f" self.{field.name} = {field.name}" for field in fields(cls)]  # type: ignore[arg-type]
    head = f"def __init__(self, *, {', '.join(arguments)}):\n turn_into(self, twin)"
    text = "\n".join([head, *lines, " self.__class__ = cls"])
    cls.__init__ = _written(text, "__init__", known)  # type: ignore[method-assign]
    return cls


def _maker(cls: type[Any], changing: tuple[str, ...]) -> Callable[..., Any]:
    names = [field.name for field in fields(cls)]
    if not set(changing) <= set(names):
        raise KeyError(*set(changing) - set(names))
    lines = [f" new.{name} = {name if name in changing else f'_state.{name}'}" for name in names]
    head = f"def make(_state, /, *, {', '.join(changing)}):\n new = twin()"
    text = "\n".join([head, *lines, " new.__class__ = cls", " return new"])
    return _written(text, "make", {"cls": cls, "twin": _twin(cls)})


def _twin(cls: type[Any]) -> type[Any]:
    """A class with the same slots that may be assigned to."""
    return type(cls.__name__, (), {"__slots__": tuple([field.name for field in fields(cls)])})


def _written(text: str, name: str, known: dict[str, Any]) -> Callable[..., Any]:
    exec(text, known)  # noqa: S102  only the names of a dataclass's own fields are ever in the text
    written: Callable[..., Any] = known[name]
    return written
