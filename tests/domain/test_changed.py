"""Values made quickly are the same values: frozen, equal, complete."""

from dataclasses import FrozenInstanceError, dataclass, replace

import pytest

from hookflash.engine.domain.changed import changed, maker, quick


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """A value as `dataclasses` makes it."""

    name: str
    number: int = 1
    parts: tuple[str, ...] = ()


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Quick:
    """The same, made quickly."""

    name: str
    number: int = 1
    parts: tuple[str, ...] = ()


def test_a_maker_makes_what_changed_makes() -> None:
    before = Plain(name="a", parts=("x",))
    made = maker(before, "name", "number")(name="b", number=2)
    assert made == replace(before, name="b", number=2)
    with pytest.raises(FrozenInstanceError):
        made.name = "c"  # type: ignore[misc]
    with pytest.raises(KeyError):
        maker(before, "colour")


def test_a_changed_value_is_what_replace_would_make_of_it() -> None:
    before = Plain(name="a", parts=("x",))
    after = changed(before, number=7)
    assert after == replace(before, number=7)
    assert type(after) is Plain
    assert before == Plain(name="a", parts=("x",))


def test_a_field_that_there_is_not_cannot_be_changed() -> None:
    with pytest.raises(KeyError, match="colour"):
        changed(Plain(name="a"), colour="red")  # type: ignore[call-arg]


@pytest.mark.parametrize(
    "value", [changed(Plain(name="a"), number=2), Quick(name="a"), changed(Quick(name="a"), number=2)]
)
def test_what_was_made_quickly_cannot_be_altered(value: Plain | Quick) -> None:
    with pytest.raises(FrozenInstanceError):
        value.name = "b"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        object.__setattr__(value, "colour", "red")


def test_a_quick_value_has_its_defaults_and_equals_another_made_alike() -> None:
    assert Quick(name="a") == Quick(name="a", number=1, parts=())
    assert hash(Quick(name="a")) == hash(Quick(name="a", number=1))
    assert repr(Quick(name="a", number=2)) == "Quick(name='a', number=2, parts=())"


def test_a_quick_value_takes_no_more_and_no_less_than_its_fields() -> None:
    with pytest.raises(TypeError, match="name"):
        Quick(number=1)  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="colour"):
        Quick(name="a", colour="red")  # type: ignore[call-arg]
