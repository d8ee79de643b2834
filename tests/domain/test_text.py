"""Notes, messages, ids and addresses: what is kept as it came, what is cleaned and what is refused."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookflash.engine.domain.refusals import BadField, BadId, EmptyMessage, MessageTooLong, NoteTooLong
from hookflash.engine.domain.text import check_address, check_id, clean_message, clean_note

KEPT_AS_THEY_CAME = [
    "\U0001f468\u200d\U0001f469\u200d\U0001f467 family",  # joiners
    "\u0645\u0631\u062d\u0628\u0627 \u202babc\u202c",  # right to left, with marks of direction
    "e\u0301 \u0ba8\u0bbf n\u0303",  # combining
    "two\nlines\tand a tab",
    "x" * 1_000,
    "\U0001f600" * 1_000,
]


@pytest.mark.spec("D-12", "A-27", "R-G4")
@pytest.mark.parametrize("note", ["", " ", "\n\t \u2003", "\x00\x1b", " \x00 "])
def test_an_empty_or_blank_note_is_absent(note: str) -> None:
    assert clean_note(note, 1_000) is None


@pytest.mark.spec("D-12", "A-27")
@pytest.mark.parametrize("note", KEPT_AS_THEY_CAME)
def test_a_note_is_kept_as_it_came(note: str) -> None:
    assert clean_note(note, 1_000) == note


@pytest.mark.spec("D-12", "A-27")
def test_control_characters_leave_a_note_and_its_ends_are_trimmed() -> None:
    assert clean_note("  a\x00b\x1b[31m\r\nc\x7f\x85 \n", 1_000) == "ab[31m\nc"


@pytest.mark.spec("D-12", "A-27")
@pytest.mark.parametrize("length", [1_001, 1_000_000])
def test_a_note_that_is_too_long_is_refused_and_never_cut(length: int) -> None:
    with pytest.raises(NoteTooLong) as refused:
        clean_note("x" * length, 1_000)
    assert dict(refused.value.metadata) == {"length": str(length), "limit": "1000"}


@pytest.mark.spec("D-12")
def test_the_length_of_a_note_counts_what_is_kept() -> None:
    assert clean_note("\x00" * 500 + " " * 500 + "x" * 1_000 + " " * 500, 1_000) == "x" * 1_000


@pytest.mark.spec("A-27")
def test_a_megabyte_of_nothing_is_refused_unread() -> None:
    with pytest.raises(NoteTooLong):
        clean_note(" " * 1_000_000, 1_000)
    with pytest.raises(MessageTooLong):
        clean_message("\x00" * 1_000_000, 4_096)


@pytest.mark.parametrize("clean", [clean_note, clean_message])
def test_half_a_surrogate_pair_is_refused_because_it_could_not_be_written(
    clean: Callable[[str, int], object],
) -> None:
    with pytest.raises(BadField):
        clean("a\ud800", 1_000)


@pytest.mark.parametrize("text", ["", " \n\t", "\x00", "\u2003"])
def test_a_message_of_white_space_is_empty(text: str) -> None:
    with pytest.raises(EmptyMessage):
        clean_message(text, 4_096)


def test_a_message_keeps_its_white_space_and_loses_control_characters() -> None:
    assert clean_message("  hello\x00\x1b \n", 4_096) == "  hello \n"


def test_a_message_may_be_as_long_as_the_limit_and_no_longer() -> None:
    assert clean_message("x" * 4_096, 4_096) == "x" * 4_096
    with pytest.raises(MessageTooLong):
        clean_message("x" * 4_097, 4_096)


@given(text=st.text())
def test_cleaning_twice_changes_nothing_more(text: str) -> None:
    note = clean_note(text, 1_000)
    assert note is None or (clean_note(note, 1_000) == note == note.strip())


@pytest.mark.parametrize("value", ["a", "0", "wa-main", "a.b_c-d", "a" * 63, "42"])
def test_an_id_of_the_right_form_is_taken(value: str) -> None:
    assert check_id("queue", value) == value


@pytest.mark.parametrize("value", ["", "A", "-a", ".a", "_a", "a b", "a/b", "a" * 64, "a\n", "\u0661", "\u00e4"])
def test_an_id_of_another_form_is_refused_with_its_field(value: str) -> None:
    with pytest.raises(BadId) as refused:
        check_id("queue", value)
    assert refused.value.field == "queue"


@pytest.mark.parametrize("value", ["+49 170 1", "ann@example.org", "a" * 256, "\u0645\u0631\u062d\u0628\u0627", " x "])
def test_an_address_may_be_anything_that_can_be_shown(value: str) -> None:
    assert check_address(value) == value


@pytest.mark.parametrize("value", ["", "  ", "a" * 257, "a\x00", "a\nb", "\ud800"])
def test_an_address_is_refused_when_it_is_blank_long_or_has_control_characters(value: str) -> None:
    with pytest.raises(BadId) as refused:
        check_address(value)
    assert refused.value.field == "address"
    assert not value.strip() or value not in refused.value.sentence
