"""Values of the SDK that are made quickly are the same values: frozen, equal, complete."""

from dataclasses import FrozenInstanceError, dataclass, replace

import pytest

from hookflash.engine.actors.making import maker


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """A value as `dataclasses` makes it."""

    name: str
    number: int = 1
    parts: tuple[str, ...] = ()


def test_a_maker_makes_what_replace_would_make() -> None:
    before = Plain(name="a", parts=("x",))
    made = maker(before, "name", "number")(name="b", number=2)
    assert made == replace(before, name="b", number=2)
    assert type(made) is Plain
    assert before == Plain(name="a", parts=("x",))


def test_what_was_made_quickly_cannot_be_altered() -> None:
    made = maker(Plain(name="a"), "name")(name="b")
    with pytest.raises(FrozenInstanceError):
        made.name = "c"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        object.__setattr__(made, "colour", "red")


def test_a_field_that_there_is_not_cannot_be_made() -> None:
    with pytest.raises(KeyError, match="colour"):
        maker(Plain(name="a"), "colour")
