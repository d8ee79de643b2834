"""Sample events: some of every class, made by hypothesis from the fields' types."""

from collections.abc import Mapping
from typing import Any, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from hookflash.engine.domain.events import Event
from hookflash.engine.domain.struct import Struct
from hookflash.engine.journal.codec import EVENTS

__all__ = ["any_event", "of_class"]

_FLOATS = st.floats(allow_nan=False)
_WHOLE = st.integers(min_value=-(2**63), max_value=2**63 - 1)


def of_class(cls: type[Any]) -> st.SearchStrategy[Any]:
    """Values of a struct or dataclass, every field filled from its annotation."""
    return st.builds(cls, **{name: _of(hint) for name, hint in get_type_hints(cls).items()})


def any_event() -> st.SearchStrategy[Event]:
    """An event of any class."""
    return st.one_of([of_class(cls) for cls in EVENTS.values()])


def _of(hint: Any) -> st.SearchStrategy[Any]:  # noqa: ANN401  any annotation there is
    arguments = get_args(hint)
    if hint is float:
        return _FLOATS
    if hint is int:
        return _WHOLE
    if get_origin(hint) is tuple:
        return st.lists(_of(arguments[0]), max_size=3).map(tuple)
    if get_origin(hint) is frozenset:
        return st.frozensets(_of(arguments[0]), max_size=3)
    if get_origin(hint) is Mapping:
        return st.dictionaries(_of(arguments[0]), _of(arguments[1]), max_size=3)
    if arguments:
        return st.one_of([_of(part) for part in arguments])
    if hasattr(hint, "__dataclass_fields__") or (isinstance(hint, type) and issubclass(hint, Struct)):
        return st.deferred(lambda: of_class(hint))
    return st.from_type(hint)
