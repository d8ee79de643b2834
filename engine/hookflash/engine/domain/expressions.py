"""A Step's expression over agent attributes: `english >= 5 AND (billing == true OR sales > 0)` (R-Q2).

The language is small and closed, nothing is evaluated, and everything has a limit. AND and OR have no rank among each
other: mixed at one level they need parentheses, so that nobody has to remember one. An empty text matches everybody.
"""

import re
from enum import Enum, auto
from typing import Final

from hookflash.engine.domain.expression_tree import (
    AllOf,
    AnyOf,
    Comparison,
    Expression,
    ExpressionError,
    Operator,
    Term,
)
from hookflash.engine.domain.struct import Struct

__all__ = [
    "DEPTH_MAX",
    "LENGTH_MAX",
    "TERMS_MAX",
    "VALUE_MAX",
    "AllOf",
    "AnyOf",
    "Comparison",
    "Expression",
    "ExpressionError",
    "Operator",
    "parse",
]

LENGTH_MAX: Final = 1_000
"""Characters of one expression."""
TERMS_MAX: Final = 50
"""Comparisons in one expression."""
DEPTH_MAX: Final = 20
"""Parentheses within each other."""
VALUE_MAX: Final = 10
"""The highest proficiency there is."""

_TOKEN: Final = re.compile(r"(?P<word>[A-Za-z0-9][A-Za-z0-9._-]*)|(?P<operator>==|!=|<=|>=|<|>)|(?P<bracket>[()])")
_ATTRIBUTE: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_JOINERS: Final = ("AND", "OR")
_BOOLEANS: Final = ("false", "true")


class _Kind(Enum):
    WORD = auto()
    OPERATOR = auto()
    OPEN = auto()
    CLOSE = auto()
    END = auto()


class _Token(Struct, frozen=True):
    kind: _Kind
    text: str
    column: int

    @property
    def is_joiner(self) -> bool:
        return self.kind is _Kind.WORD and self.text in _JOINERS


def parse(text: str) -> Expression:
    """Return the expression that a text says; one of nothing but white space matches everybody.

    Raises ExpressionError with a sentence and the column where reading stopped.
    """
    if len(text) > LENGTH_MAX:
        sentence = f"an expression may have {LENGTH_MAX:,} characters and this one has {len(text):,}; use several steps"
        raise ExpressionError(sentence, LENGTH_MAX + 1)
    tokens = _tokens(text)
    if tokens[0].kind is _Kind.END:
        return Expression(text, None)
    reader = _Reader(tokens)
    root = reader.read_level(depth=0)
    reader.expect_end()
    return Expression(text, root)


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    at = _end_of_space(text, 0)
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise ExpressionError(_stray_character(text[at]), at + 1)
        tokens.append(_Token(_kind_of(found), found.group(), at + 1))
        at = _end_of_space(text, found.end())
    tokens.append(_Token(_Kind.END, "", len(text) + 1))
    return tokens


def _end_of_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return at if found is None else found.end()


def _kind_of(found: "re.Match[str]") -> _Kind:
    match found.lastgroup:
        case "word":
            return _Kind.WORD
        case "operator":
            return _Kind.OPERATOR
        case _:
            return _Kind.OPEN if found.group() == "(" else _Kind.CLOSE


def _stray_character(character: str) -> str:
    match character:
        case "=":
            return "one `=` compares nothing; write `==`"
        case "&":
            return "`&` is no operator here; write AND"
        case "|":
            return "`|` is no operator here; write OR"
        case "!":
            return "there is no NOT; write `!=`, or turn the comparison round"
        case "-":
            return f"a value is a whole number from 0 to {VALUE_MAX}, or true or false"
        case _:
            return f"U+{ord(character):04X} has no meaning here; write comparisons such as `english >= 5`"


class _Reader:
    """A place in a list of tokens, and how many comparisons were read before it."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._terms = 0

    def read_level(self, depth: int) -> Term:
        """Read terms joined by one kind of joiner, up to a closing parenthesis or the end."""
        terms = [self._read_term(depth)]
        joiner: str | None = None
        while self._next.is_joiner:
            found = self._take()
            if joiner is not None and found.text != joiner:
                sentence = f"{found.text} follows {joiner}: put one of them in parentheses, as in `a AND (b OR c)`"
                raise ExpressionError(sentence, found.column)
            joiner = found.text
            terms.append(self._read_term(depth))
        if joiner is None:
            return terms[0]
        return AllOf(tuple(terms)) if joiner == "AND" else AnyOf(tuple(terms))

    def expect_end(self) -> None:
        """Refuse whatever is left over."""
        left = self._next
        match left.kind:
            case _Kind.END:
                return
            case _Kind.CLOSE:
                raise ExpressionError("this `)` closes nothing; remove it, or open one before", left.column)
            case _:
                raise ExpressionError(_expected_joiner(left), left.column)

    def _read_term(self, depth: int) -> Term:
        token = self._take()
        match token.kind:
            case _Kind.OPEN:
                return self._read_bracket(token, depth + 1)
            case _Kind.WORD if not token.is_joiner:
                return self._read_comparison(token)
            case _Kind.END:
                raise ExpressionError(
                    "an attribute is missing at the end; write one, or remove AND or OR", token.column
                )
            case _:
                sentence = f"an attribute is missing before `{token.text}`; write one, as in `english >= 5`"
                raise ExpressionError(sentence, token.column)

    def _read_bracket(self, opening: _Token, depth: int) -> Term:
        if depth > DEPTH_MAX:
            raise ExpressionError(f"at most {DEPTH_MAX} parentheses may be open; use several steps", opening.column)
        inner = self.read_level(depth)
        closing = self._take()
        if closing.kind is _Kind.CLOSE:
            return inner
        if closing.kind is _Kind.END:
            raise ExpressionError("this `(` is never closed; add the missing `)`", opening.column)
        raise ExpressionError(_expected_joiner(closing), closing.column)

    def _read_comparison(self, name: _Token) -> Term:
        self._terms += 1
        if self._terms > TERMS_MAX:
            raise ExpressionError(f"at most {TERMS_MAX} comparisons may be made; use several steps", name.column)
        _check_attribute(name)
        if self._next.kind is not _Kind.OPERATOR:
            return Comparison(name.text, Operator.UNEQUAL, 0)
        compared = Operator(self._take().text)
        value = self._take()
        if value.kind is not _Kind.WORD or value.is_joiner:
            sentence = f"a value is missing after `{compared}`; write a whole number from 0 to {VALUE_MAX}"
            raise ExpressionError(sentence, value.column)
        if value.text in _BOOLEANS:
            return _boolean(name, compared, value)
        return Comparison(name.text, compared, _number(value))

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self) -> _Token:
        token = self._tokens[self._at]
        # The end is never passed, so that whoever misses something finds it again and says so.
        self._at = min(self._at + 1, len(self._tokens) - 1)
        return token


def _expected_joiner(token: _Token) -> str:
    if token.text.upper() in _JOINERS:
        return f"`{token.text}` is written in capitals here: {token.text.upper()}"
    return f"AND or OR is missing before `{token.text[:40]}`"


def _check_attribute(name: _Token) -> None:
    if name.text in _BOOLEANS or name.text.upper() in ("AND", "OR", "NOT"):
        sentence = f"`{name.text}` is no attribute; write an attribute first, as in `english >= 5` or `vip == true`"
        raise ExpressionError(sentence, name.column)
    if _ATTRIBUTE.fullmatch(name.text) is None:
        sentence = "an attribute has 1 to 63 of a-z, 0-9, `.`, `_` and `-`, the first a letter or digit"
        raise ExpressionError(sentence, name.column)


def _boolean(name: _Token, compared: Operator, value: _Token) -> Comparison:
    match compared:
        case Operator.EQUAL:
            is_wanted = value.text == "true"
        case Operator.UNEQUAL:
            is_wanted = value.text == "false"
        case _:
            raise ExpressionError("true and false are compared with `==` or `!=` only", value.column)
    # A proficiency counts as true from 1 on, so "has it at all" can be said of both kinds of attribute.
    return Comparison(name.text, Operator.UNEQUAL if is_wanted else Operator.EQUAL, 0)


def _number(value: _Token) -> int:
    if value.text.isdecimal() and len(value.text) <= len(str(VALUE_MAX)) and int(value.text) <= VALUE_MAX:
        return int(value.text)
    raise ExpressionError(f"a value is a whole number from 0 to {VALUE_MAX}, or true or false", value.column)
