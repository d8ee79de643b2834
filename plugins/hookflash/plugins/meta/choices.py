"""Choices as text, for where a platform cannot show them with this message.

The engine does this where a whole channel cannot; here it is one message that is too long or has too many.
"""

from hookflash.sdk import Choice

__all__ = ["numbered"]


def numbered(text: str, choices: tuple[Choice, ...]) -> str:
    """Give the text and under it the titles, numbered from 1."""
    return "\n".join((text, *(f"{number}. {choice.title}" for number, choice in enumerate(choices, start=1))))
