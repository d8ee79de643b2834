"""Keeps card numbers, account numbers, mail addresses and phone numbers out of texts, or the texts out.

Cards are known by Luhn's check digit and account numbers by that of the IBAN (ISO 13616, mod 97), so an order number
stays. Nothing is filtered until `stages` says where; what is redacted leaves a word in brackets, such as [card].
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Final, Literal, NamedTuple

from hookflash.sdk import FilterContext, FilterStage, Passed, Redacted, Registry, hookimpl
from hookflash.sdk.filters import Blocked, Filtered

__all__ = ["NEEDS_CONFIG", "SDK_API", "Action", "Config", "PersonalNumbers", "found", "hookflash_register"]

SDK_API = ">=1.0,<2"
NEEDS_CONFIG = True

Action = Literal["redact", "block", "pass"]
"""What is done where something is found."""

_REASONS: Final[Mapping[str, str]] = {
    "iban": "it holds an account number",
    "card": "it holds a card number",
    "mail": "it holds a mail address",
    "phone": "it holds a phone number",
}
_GAP: Final = r"[\s.\-\u2010-\u2015]{0,3}"
_RUN: Final = re.compile(rf"(?<!\d)\d(?:{_GAP}\d){{12,40}}(?!\d)")
_IBAN: Final = re.compile(r"(?<![^\W_])[A-Za-z]{2}\d{2}(?:\s?[A-Za-z0-9]){11,30}")
# A word that is no address is left at its end, not tried again from each letter: this stays linear.
_MAIL: Final = re.compile(r"(?<![\w.%+\-])[\w.%+\-]++@[\w\-]++(?:\.[\w\-]++)+")
_PHONE: Final = re.compile(
    r"(?<![\w+])(?:(?:\+|00)[1-9]\d{0,2}|\(?0[1-9]\d{0,4}\)?|\(?[2-9]\d{2}\)?(?=[\s.\-]{1,2}\d{3}[\s.\-]\d{4}(?!\d)))"
    r"(?:[\s.\-/()]{0,2}\d){5,12}(?!\d)"
)
_DATE: Final = re.compile(r"\d{1,2}[./\-]\d{1,2}[./\-]\d{2,4}")
_CARD_DIGITS: Final = range(13, 20)
_IBAN_LENGTHS: Final = range(34, 14, -1)
_CARDS_BEGIN_WITH: Final = "23456"


class Found(NamedTuple):
    """Something personal in a text, from `begin` up to `end`."""

    kind: str
    begin: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """`[plugins.pii]`: at which stages (words of `inbound outbound note whisper export`), and what with each kind."""

    stages: str = ""
    card: Action = "redact"
    iban: Action = "redact"
    mail: Action = "redact"
    phone: Action = "redact"

    def __post_init__(self) -> None:
        """Refuse a stage that there is not."""
        for word in self.stages.split():
            if word not in list(FilterStage):
                raise ValueError(f"stages: {word!r} is none; they are {' '.join(FilterStage)}")


class PersonalNumbers:
    """The filter."""

    name: ClassVar[str] = "pii"

    def __init__(self, config: Config) -> None:
        """Take what to do with each kind."""
        actions: dict[str, Action] = {
            "iban": config.iban,
            "card": config.card,
            "mail": config.mail,
            "phone": config.phone,
        }
        self._actions = actions

    def apply(self, text: str, context: FilterContext) -> Filtered:  # noqa: ARG002 - the same at every stage
        """Redact, or block for the first kind that is to be blocked."""
        there = [each for each in found(text) if self._actions[each.kind] != "pass"]
        for each in there:
            if self._actions[each.kind] == "block":
                return Blocked(_REASONS[each.kind])
        if not there:
            return Passed()
        redacted = text
        for each in reversed(there):
            redacted = f"{redacted[: each.begin]}[{each.kind}]{redacted[each.end :]}"
        return Redacted(redacted)


def found(text: str) -> tuple[Found, ...]:
    """Find what is personal in a text, in its order; where two overlap, the surer kind counts."""
    taken = bytearray(len(text))
    kept: list[Found] = []
    for each in (*_ibans(text), *_cards(text), *_matches("mail", _MAIL, text), *_phones(text)):
        if not any(taken[each.begin : each.end]):
            taken[each.begin : each.end] = b"1" * (each.end - each.begin)
            kept.append(each)
    return tuple(sorted(kept, key=lambda each: each.begin))


def _matches(kind: str, pattern: re.Pattern[str], text: str) -> Iterator[Found]:
    for match in pattern.finditer(text):
        yield Found(kind, match.start(), match.end())


def _ibans(text: str) -> Iterator[Found]:
    for match in _IBAN.finditer(text):
        # What follows in the sentence may look like more of it, so every length is tried.
        places = [place for place in range(match.start(), match.end()) if not text[place].isspace()]
        for length in _IBAN_LENGTHS:
            if length <= len(places) and _is_iban("".join(text[place] for place in places[:length])):
                yield Found("iban", places[0], places[length - 1] + 1)
                break


def _is_iban(number: str) -> bool:
    if not number.isascii():
        return False
    turned = number[4:] + number[:4]
    return int("".join(str(int(letter, 36)) for letter in turned)) % 97 == 1


def _cards(text: str) -> Iterator[Found]:
    for match in _RUN.finditer(text):
        run = _Run(text, [place for place in range(match.start(), match.end()) if text[place].isdecimal()])
        begin = 0
        while begin <= len(run.places) - _CARD_DIGITS.start:
            length = run.card_at(begin)
            if length:
                yield Found("card", run.places[begin], run.places[begin + length - 1] + 1)
            begin += length or 1


class _Run:
    """Digits with little between them, and their sums by which Luhn's check of any stretch of them is one look."""

    def __init__(self, text: str, places: list[int]) -> None:
        self.places = places
        self._digits = [int(text[place]) for place in places]
        # How much the digits up to there add up to when those at even places, or those at odd ones, are doubled.
        self._sums = ([0], [0])
        for n, digit in enumerate(self._digits):
            doubled = sum(divmod(2 * digit, 10))
            for parity, sums in enumerate(self._sums):
                sums.append(sums[-1] + (doubled if n % 2 == parity else digit))

    def card_at(self, begin: int) -> int:
        """How many of the digits from there on are a card's number, whole groups of them; 0 where it is none."""
        if not self._is_edge(begin) or str(self._digits[begin]) not in _CARDS_BEGIN_WITH:
            return 0
        for length in reversed(_CARD_DIGITS):
            end = begin + length
            if end <= len(self.places) and self._is_edge(end):
                sums = self._sums[end % 2]  # The last digit is not doubled, the one before it is.
                if (sums[end] - sums[begin]) % 10 == 0:
                    return length
        return 0

    def _is_edge(self, n: int) -> bool:
        return n in (0, len(self.places)) or self.places[n - 1] + 1 != self.places[n]


def _phones(text: str) -> Iterator[Found]:
    for each in _matches("phone", _PHONE, text):
        if not _DATE.match(text, each.begin):
            yield each


@hookimpl
def hookflash_register(registry: Registry) -> None:
    """Register the filter at every stage that the settings name."""
    config = registry.config(Config)
    for stage in dict.fromkeys(config.stages.split()):
        registry.filter(PersonalNumbers(config), stage=stage)
