"""Leaves away what an answer repeats: the quoted mail below it, and the signature.

Only what stands at the end is cut, so somebody who answers between the quoted lines keeps them. If nothing would be
left, everything stays.
"""

import re
from typing import Final

__all__ = ["without_history"]

_WROTE: Final = re.compile(
    r"(on|am|le|el|il|op|em|den|dne|w dniu)\b.{4,300}"
    r"\b(wrote|schrieb|a écrit|escribió|ha scritto|schreef|escreveu|skrev|napsal\(a\)|napisał(\(a\))?)\b.{0,100}:",
    re.IGNORECASE | re.DOTALL,
)
_DIVIDER: Final = re.compile(
    r"-{2,}\s*(original message|forwarded message|ursprüngliche nachricht|message d'origine|mensaje original)\s*-{2,}"
    r"|_{20,}",
    re.IGNORECASE,
)
_SENDER_LINE: Final = re.compile(r"\*?(from|von|de|da|van|från|fra):\*?\s.*", re.IGNORECASE)
_DATE_LINE: Final = re.compile(
    r"\*?(sent|date|gesendet|datum|envoyé|enviado|inviato|verzonden|skickat|sendt)\s?:\*?\s.*", re.IGNORECASE
)
_SIGNATURE: Final = "--"
_ATTRIBUTION_LINES_MAX: Final = 3


def without_history(text: str) -> str:
    """Give what is new in a mail's text."""
    lines = text.replace("\r\n", "\n").split("\n")
    kept = _without_tail(_without_signature(_above_header(lines)))
    trimmed = "\n".join(kept).strip()
    return trimmed or text.strip()


def _above_header(lines: list[str]) -> list[str]:
    """What is above a mail that was put below whole, with its header, as Outlook does."""
    for number, line in enumerate(lines):
        following = [later.strip() for later in lines[number + 1 : number + 3]]
        is_header = _SENDER_LINE.fullmatch(line.strip()) and any(_DATE_LINE.fullmatch(later) for later in following)
        is_divider = _DIVIDER.fullmatch(line.strip()) and any(_SENDER_LINE.fullmatch(later) for later in following)
        if is_header or is_divider:
            return lines[:number] if any(above.strip() for above in lines[:number]) else lines
    return lines


def _without_signature(lines: list[str]) -> list[str]:
    for number, line in enumerate(lines):
        if line.rstrip() == _SIGNATURE and any(above.strip() for above in lines[:number]):
            return lines[:number]
    return lines


def _without_tail(lines: list[str]) -> list[str]:
    """Without the quoted lines at the end, and without the line that introduces them."""
    end = len(lines)
    while end and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith(">")):
        end -= 1
    if not any(line.strip() for line in lines[end:]):
        return lines[:end]
    for count in range(1, _ATTRIBUTION_LINES_MAX + 1):
        if end >= count and _WROTE.fullmatch(" ".join(line.strip() for line in lines[end - count : end])):
            return lines[: end - count]
    return lines[:end]
