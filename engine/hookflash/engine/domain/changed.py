"""A state with some fields changed: `dataclasses.replace` for what every event makes anew, several times as fast.

As `dataclasses` itself does, it writes the function that is wanted, one for each class and set of fields. That fills
the slots directly and calls no constructor, so it is for frozen, slotted dataclasses without `__post_init__`.
"""

from collections.abc import Callable
from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

__all__ = ["changed"]

S = TypeVar("S")

_MADE: dict[tuple[object, ...], Callable[..., Any]] = {}


if TYPE_CHECKING:
    # Type checkers know `replace` and check each field's name and type; they see this one as that one.
    from dataclasses import replace as changed
else:

    def changed(state: S, /, **changes: object) -> S:
        """The same state but for these fields. Raises KeyError for a field that the state does not have."""
        key = (type(state), *changes)
        make = _MADE.get(key)
        if make is None:
            make = _MADE[key] = _maker(type(state), tuple(changes))
        return make(state, **changes)


def _maker(cls: type[Any], changing: tuple[str, ...]) -> Callable[..., Any]:
    names = [field.name for field in fields(cls)]
    known: dict[str, Any] = {f"put_{name}": getattr(cls, name).__set__ for name in names} | {"cls": cls}
    for name in changing:
        known[f"put_{name}"]  # Only the state's own fields ever reach the text below.
    lines = [f" put_{name}(new, {name if name in changing else f'_state.{name}'})" for name in names]
    head = f"def make(_state, /, *, {', '.join(changing)}):"
    text = "\n".join([head, " new = cls.__new__(cls)", *lines, " return new"])
    exec(text, known)  # noqa: S102
    made: Callable[..., Any] = known["make"]
    return made
