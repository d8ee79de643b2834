"""What every text filter keeps; needs a fixture `text_filter`, and samples of what it is for."""
# ruff: noqa: S101 - these are tests

import random
from typing import ClassVar

from hookflash.sdk.filters import Blocked, FilterContext, FilterStage, Passed, Redacted, TextFilter
from hookflash.sdk.testing.levels import bronze, silver

__all__ = ["FilterContract"]


class FilterContract:
    """`caught` are texts that it must redact or block, `harmless` ones that it must pass."""

    contract: ClassVar[str] = "1.0"
    caught: ClassVar[tuple[str, ...]] = ()
    harmless: ClassVar[tuple[str, ...]] = (
        "Hello, how can I help you?",
        "",
        "\U0001f600 caf\u00e9 \u05e9\u05dc\u05d5\u05dd",
    )

    @bronze
    def test_it_has_a_name(self, text_filter: TextFilter) -> None:
        """One lower-case word."""
        assert isinstance(text_filter, TextFilter)
        assert text_filter.name
        assert text_filter.name == text_filter.name.lower()

    @bronze
    def test_it_catches_what_it_is_for(self, text_filter: TextFilter) -> None:
        """Every sample is redacted or blocked, at every stage."""
        for text in self.caught:
            for stage in FilterStage:
                found = text_filter.apply(text, FilterContext(stage=stage))
                assert isinstance(found, Redacted | Blocked), text
                assert not (isinstance(found, Redacted) and found.text == text)

    @bronze
    def test_it_passes_what_is_harmless(self, text_filter: TextFilter) -> None:
        """Nobody's ordinary words are changed."""
        for text in self.harmless:
            assert text_filter.apply(text, FilterContext(stage=FilterStage.OUTBOUND)) == Passed(), text

    @bronze
    def test_a_text_that_went_through_passes(self, text_filter: TextFilter) -> None:
        """Idempotent: what it made of a text is not changed again."""
        for text in self.caught:
            found = text_filter.apply(text, FilterContext(stage=FilterStage.OUTBOUND))
            if isinstance(found, Redacted):
                assert text_filter.apply(found.text, FilterContext(stage=FilterStage.OUTBOUND)) == Passed()

    @bronze
    def test_a_reason_never_repeats_the_text(self, text_filter: TextFilter) -> None:
        """It goes to the caller and into logs."""
        for text in self.caught:
            found = text_filter.apply(text, FilterContext(stage=FilterStage.OUTBOUND))
            assert not (isinstance(found, Blocked) and text.strip() in found.reason)

    @silver
    def test_any_text_gets_an_answer(self, text_filter: TextFilter) -> None:
        """Whatever people type; nothing is raised, and the same text gets the same answer."""
        draw = random.Random(3)  # noqa: S311 - repeatable by intent
        for _ in range(300):
            text = "".join(chr(draw.choice((draw.randrange(32, 127), draw.randrange(0x2FFF)))) for _ in range(200))
            context = FilterContext(stage=FilterStage.INBOUND)
            assert text_filter.apply(text, context) == text_filter.apply(text, context)
