"""What the bundled filter takes for personal, what it leaves alone, and that no text makes it slow."""

from time import process_time

import pytest

from hookflash.plugins.pii import Config, PersonalNumbers, found
from hookflash.sdk import ConfigError, FilterContext, FilterStage, Passed, Redacted, TextFilter, fill
from hookflash.sdk.filters import Blocked
from hookflash.sdk.testing import FilterContract

CONTEXT = FilterContext(stage=FilterStage.OUTBOUND)


class TestPii(FilterContract):
    caught = ("4111 1111 1111 1111", "DE89 3704 0044 0532 0130 00", "carl@example.com", "+49 30 1234567")

    @pytest.fixture
    def text_filter(self) -> TextFilter:
        return PersonalNumbers(Config(stages="outbound"))


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("my card 4111 1111 1111 1111 12/26 ok", "my card [card] 12/26 ok"),
        ("5555-5555-5555-4444", "[card]"),
        ("amex 378282246310005.", "amex [card]."),
        ("two: 4111111111111111 5555555555554444", "two: [card] [card]"),
        ("IBAN DE89 3704 0044 0532 0130 00 please", "IBAN [iban] please"),
        ("gb82west12345698765432", "[iban]"),
        ("write a.b+c@example.co.uk, or not", "write [mail], or not"),
        ("call +49 30 1234567", "call [phone]"),
        ("call 0151 23456789!", "call [phone]!"),
        ("call (415) 555-2671", "call [phone]"),
    ],
)
def test_what_is_personal_is_redacted_and_the_rest_stays(text: str, left: str) -> None:
    filtered = PersonalNumbers(Config()).apply(text, CONTEXT)
    assert filtered == Redacted(left)
    assert PersonalNumbers(Config()).apply(left, CONTEXT) == Passed()


@pytest.mark.parametrize(
    "text",
    [
        "order 4111111111111112",
        "GB00WEST12345698765432",
        "on 05.12.2024 at 10:00",
        "ticket 12345678",
        "x@y",
        "1234 5678",
        "9999999999999995",
    ],
)
def test_what_only_looks_like_it_passes(text: str) -> None:
    assert PersonalNumbers(Config()).apply(text, CONTEXT) == Passed()


def test_each_kind_is_redacted_blocked_or_left_as_its_setting_says() -> None:
    text = "4111 1111 1111 1111 a@b.de"
    assert PersonalNumbers(Config(card="block")).apply(text, CONTEXT) == Blocked("it holds a card number")
    assert PersonalNumbers(Config(card="pass", mail="pass")).apply(text, CONTEXT) == Passed()
    assert PersonalNumbers(Config(card="pass")).apply(text, CONTEXT) == Redacted("4111 1111 1111 1111 [mail]")


def test_a_stage_that_there_is_not_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(ConfigError, match="they are inbound outbound note whisper export"):
        fill(Config, {"stages": "outbound everywhere"})


@pytest.mark.parametrize("piece", ["a", "1 ", "DE12", "+1", "0", "a.b@", "(0", "4", "12 ", "a@b."])
def test_no_text_makes_it_slow(piece: str) -> None:
    text = (piece * 4_096)[:4_096]
    began = process_time()
    for _ in range(3):
        found(text)
    assert (process_time() - began) / 3 < 0.2  # About 0.01 s; quadratic it would be over a second.
