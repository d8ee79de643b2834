"""Values of the SDK, which are frozen, slotted dataclasses, made several times as fast as by their constructors.

A frozen dataclass fills each slot through a call, since it may not assign. Here a twin with the same slots, which is
not frozen, is filled by plain assignments and then given its proper class. As `dataclasses` itself does, this writes
the function that it wants. It is for classes without `__post_init__`, `default_factory` and bases.
"""

from collections.abc import Callable
from dataclasses import fields
from functools import partial
from typing import Any, TypeVar

__all__ = ["maker"]

S = TypeVar("S")


def maker(like: S, *changing: str) -> Callable[..., S]:
    """What makes a value like this one but for these fields, which it is called with.

    Type checkers do not see the fields, so keep it beside the one place that calls it. Raises KeyError for a field that
    the value does not have.
    """
    cls = type(like)
    names = [field.name for field in fields(cls)]  # type: ignore[arg-type]  # a dataclass, as it says
    if not set(changing) <= set(names):
        raise KeyError(*set(changing) - set(names))
    twin = type(cls.__name__, (), {"__slots__": tuple(names)})
    lines = [f" new.{name} = {name if name in changing else f'_like.{name}'}" for name in names]
    head = f"def make(_like, /, *, {', '.join(changing)}):\n new = twin()"
    known: dict[str, Any] = {"cls": cls, "twin": twin}
    exec("\n".join([head, *lines, " new.__class__ = cls", " return new"]), known)  # noqa: S102  fields' names only
    return partial(known["make"], like)
