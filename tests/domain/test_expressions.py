"""Expressions of Steps: what they match, and how a text that is none is refused."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookflash.engine.domain.expressions import (
    DEPTH_MAX,
    LENGTH_MAX,
    TERMS_MAX,
    AllOf,
    AnyOf,
    Comparison,
    Expression,
    ExpressionError,
    Operator,
    parse,
)

pytestmark = pytest.mark.spec("R-Q2")

ANN = {"english": 7, "billing": 1, "vip": 0}


@pytest.mark.parametrize("text", ["", "   ", "\n\t"])
def test_an_empty_expression_matches_everybody(text: str) -> None:
    expression = parse(text)
    assert expression == Expression(text, None)
    assert expression.matches({})
    assert expression.attributes == frozenset()


@pytest.mark.parametrize(
    ("text", "is_match"),
    [
        ("english == 7", True),
        ("english != 7", False),
        ("english < 8", True),
        ("english <= 6", False),
        ("english > 6", True),
        ("english >= 8", False),
        ("english>=7", True),
        ("billing == true", True),
        ("billing != true", False),
        ("billing", True),
        ("vip", False),
        ("vip == false", True),
        ("vip != false", False),
        ("french == 0", True),
        ("french > 0", False),
        ("french == false", True),
        ("english == true", True),
        ("english >= 5 AND billing == true", True),
        ("english >= 5 AND vip == true", False),
        ("english >= 9 OR billing == true", True),
        ("(english >= 9 OR billing) AND vip == false", True),
        ("english >= 9 OR (billing AND vip)", False),
        ("((((english == 7))))", True),
    ],
)
def test_an_expression_matches_by_the_agents_attributes(text: str, *, is_match: bool) -> None:
    assert parse(text).matches(ANN) is is_match


def test_a_text_becomes_an_immutable_tree_that_names_its_attributes() -> None:
    expression = parse("a-1 >= 5 AND (b.x OR c_2 != 3)")
    assert expression.root == AllOf(
        (
            Comparison("a-1", Operator.GREATER_OR_EQUAL, 5),
            AnyOf((Comparison("b.x", Operator.UNEQUAL, 0), Comparison("c_2", Operator.UNEQUAL, 3))),
        )
    )
    assert expression.attributes == {"a-1", "b.x", "c_2"}
    assert hash(expression) == hash(parse(expression.text))


@pytest.mark.parametrize(
    ("text", "sentence", "column"),
    [
        ("a AND b OR c", "OR follows AND: put one of them in parentheses", 9),
        ("a OR b AND c", "AND follows OR: put one of them in parentheses", 8),
        ("(a AND b OR c)", "OR follows AND", 10),
        ("a = 5", "write `==`", 3),
        ("a && b", "write AND", 3),
        ("a || b", "write OR", 3),
        ("!a", "there is no NOT", 1),
        ("NOT a", "`NOT` is no attribute", 1),
        ("a and b", "`and` is written in capitals here: AND", 3),
        ("(a or b)", "`or` is written in capitals here: OR", 4),
        ("a b", "AND or OR is missing before `b`", 3),
        ("(a b)", "AND or OR is missing before `b`", 4),
        ("a AND", "an attribute is missing at the end", 6),
        ("AND a", "an attribute is missing before `AND`", 1),
        ("a AND OR b", "an attribute is missing before `OR`", 7),
        ("== 5", "an attribute is missing before `==`", 1),
        ("()", "an attribute is missing before `)`", 2),
        ("a >=", "a value is missing after `>=`", 5),
        ("a >= )", "a value is missing after `>=`", 6),
        ("a >= AND b", "a value is missing after `>=`", 6),
        ("a >= 11", "a whole number from 0 to 10", 6),
        ("a >= 1.5", "a whole number from 0 to 10", 6),
        ("a >= -1", "a whole number from 0 to 10", 6),
        ("a >= " + "9" * 900, "a whole number from 0 to 10", 6),
        ("a >= b", "a whole number from 0 to 10", 6),
        ("a < true", "compared with `==` or `!=` only", 5),
        ("true == a", "`true` is no attribute", 1),
        ("English > 1", "an attribute has 1 to 63 of a-z", 1),
        ("x" * 64, "an attribute has 1 to 63 of a-z", 1),
        ("(a", "this `(` is never closed", 1),
        ("a)", "this `)` closes nothing", 2),
        ("a == 1 == 1", "AND or OR is missing before `==`", 8),
        ("\u00e4 > 1", "U+00E4 has no meaning here", 1),
        ('a == "1"', "U+0022 has no meaning here", 6),
        ("__import__('os')", "U+005F has no meaning here", 1),
        ("a" * (LENGTH_MAX + 1), "1,000 characters", LENGTH_MAX + 1),
    ],
)
def test_a_text_that_is_no_expression_is_refused_with_a_sentence_and_a_column(
    text: str, sentence: str, column: int
) -> None:
    with pytest.raises(ExpressionError) as refused:
        parse(text)
    assert sentence in refused.value.sentence
    assert refused.value.column == column
    assert str(refused.value) == refused.value.sentence


def test_an_expression_may_have_so_many_comparisons_and_no_more() -> None:
    assert parse(" OR ".join(["a"] * TERMS_MAX)).matches({"a": 1})
    with pytest.raises(ExpressionError, match="at most 50 comparisons"):
        parse(" OR ".join(["a"] * (TERMS_MAX + 1)))


def test_parentheses_may_be_so_deep_and_no_deeper() -> None:
    assert parse("(" * DEPTH_MAX + "a" + ")" * DEPTH_MAX).matches({"a": 1})
    with pytest.raises(ExpressionError, match="at most 20 parentheses"):
        parse("(" * (DEPTH_MAX + 1) + "a" + ")" * (DEPTH_MAX + 1))


ATTRIBUTES = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 10))
SIGNS = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
# An expression as text, and as Python that means the same.
COMPARISONS = st.builds(
    lambda name, sign, value: (f"{name} {sign} {value}", f"x.get({name!r}, 0) {sign} {value}"),
    st.sampled_from("abcd"),
    SIGNS,
    st.integers(0, 10),
)


def _join(word: str, terms: list[tuple[str, str]]) -> tuple[str, str]:
    text = f" {word} ".join(f"({each})" for each, _ in terms)
    return text, f" {word.lower()} ".join(f"({meaning})" for _, meaning in terms)


EXPRESSIONS = st.recursive(
    COMPARISONS,
    lambda inner: st.builds(_join, st.sampled_from(["AND", "OR"]), st.lists(inner, min_size=1, max_size=3)),
    max_leaves=12,
)


@given(expression=EXPRESSIONS, attributes=ATTRIBUTES)
def test_an_expression_means_what_it_means_in_python(
    expression: tuple[str, str], attributes: Mapping[str, int]
) -> None:
    text, meaning = expression
    assert parse(text).matches(attributes) is eval(meaning, {"x": attributes})  # noqa: S307 - made above


@given(text=st.text(alphabet="abAND OR()=!<>0159truefals.-_'\"\n", max_size=60) | st.text(max_size=60))
def test_any_text_is_read_or_refused_with_a_column_inside_it(text: str) -> None:
    column = 1
    try:
        parse(text).matches({})
    except ExpressionError as refused:
        column = refused.column
    assert 1 <= column <= len(text) + 1
