"""What a Step's expression is once it was read: an immutable tree that matches agents or not (R-Q2).

An attribute that an agent does not have counts as 0, and no tree matches everybody. Texts are read by `expressions.py`.
"""

import operator
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import Final, TypeAlias, assert_never

from hookflash.engine.domain.struct import Struct

__all__ = ["AllOf", "AnyOf", "Comparison", "Expression", "ExpressionError", "Operator", "Term"]


class ExpressionError(ValueError):
    """A text is no expression. `sentence` says why and what to write; `column` counts from 1."""

    def __init__(self, sentence: str, column: int) -> None:
        """Take a sentence without its place; the place is added."""
        self.sentence = f"{sentence} (at column {column})"
        self.column = column
        super().__init__(self.sentence)


class Operator(StrEnum):
    """How an attribute is compared with a number."""

    EQUAL = "=="
    UNEQUAL = "!="
    LESS = "<"
    LESS_OR_EQUAL = "<="
    GREATER = ">"
    GREATER_OR_EQUAL = ">="


_COMPARE: Final[Mapping[Operator, Callable[[int, int], bool]]] = {
    Operator.EQUAL: operator.eq,
    Operator.UNEQUAL: operator.ne,
    Operator.LESS: operator.lt,
    Operator.LESS_OR_EQUAL: operator.le,
    Operator.GREATER: operator.gt,
    Operator.GREATER_OR_EQUAL: operator.ge,
}


class Comparison(Struct, frozen=True):
    """One attribute compared with one number; `vip == true` is kept as `vip != 0`."""

    attribute: str
    operator: Operator
    value: int


class AllOf(Struct, frozen=True):
    """Two terms or more, all of which must match."""

    terms: "tuple[Term, ...]"


class AnyOf(Struct, frozen=True):
    """Two terms or more, one of which must match."""

    terms: "tuple[Term, ...]"


Term: TypeAlias = Comparison | AllOf | AnyOf


class Expression(Struct, frozen=True):
    """A text that was read: the text as it came, and its tree; no tree matches everybody."""

    text: str
    root: Term | None

    def matches(self, attributes: Mapping[str, int]) -> bool:
        """Whether an agent with these attributes (a boolean is 0 or 1) is meant."""
        return self.root is None or _matches(self.root, attributes)

    @property
    def attributes(self) -> frozenset[str]:
        """The ids of all attributes that are named."""
        return frozenset(self.names)

    @property
    def names(self) -> tuple[str, ...]:
        """The same in the order in which they are named, each once."""
        return tuple(dict.fromkeys(each.attribute for each in self.comparisons))

    @property
    def comparisons(self) -> tuple[Comparison, ...]:
        """Everything that is compared, as it stands in the text."""
        return () if self.root is None else tuple(_comparisons(self.root))


def _matches(term: Term, attributes: Mapping[str, int]) -> bool:
    match term:
        case Comparison(attribute, compared, value):
            return _COMPARE[compared](attributes.get(attribute, 0), value)
        case AllOf(terms):
            return all(_matches(each, attributes) for each in terms)
        case AnyOf(terms):
            return any(_matches(each, attributes) for each in terms)
        case _:
            assert_never(term)


def _comparisons(term: Term) -> Iterator[Comparison]:
    match term:
        case Comparison():
            yield term
        case AllOf(terms) | AnyOf(terms):
            for each in terms:
                yield from _comparisons(each)
        case _:
            assert_never(term)
