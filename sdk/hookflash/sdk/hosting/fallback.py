"""What stands for what a channel cannot carry: lines for choices, a link for a medium, several sends for a long text.

A Delivery stays one, whatever it is sent as: its parts have its name with `#1`, `#2` and so on, go out one after the
other, and it is settled when all of them are out.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

import regex  # type: ignore[import-untyped]

from hookflash.sdk.channel import Capabilities, CustomerNotice, Delivery, Level, Media, Message, TextUnit, with_link
from hookflash.sdk.messages import Choice
from hookflash.sdk.types import DeliveryId

__all__ = ["parts_of"]

_PARTS_MAX: Final = 1_000
_GRAPHEME: Final = regex.compile(r"\X")
_CARRIED: Final = (Level.NATIVE, Level.PARTIAL)


def parts_of(delivery: Delivery, able: Capabilities) -> tuple[Delivery, ...]:
    """What is sent for a delivery through a channel that can so much: itself, or its parts in order."""
    content = delivery.content
    contents = _contents(_carried(content, able) if isinstance(content, Message) else content, able)
    if len(contents) == 1:
        return (delivery if contents[0] == content else replace(delivery, content=contents[0]),)
    return tuple(
        replace(delivery, id=DeliveryId(f"{delivery.id}#{number}"), content=each)
        for number, each in enumerate(contents, start=1)
    )


def _contents(content: Message | CustomerNotice, able: Capabilities) -> list[Message | CustomerNotice]:
    """What goes out one after the other."""
    if isinstance(content, Message) and content.template is not None:
        return [content]
    if isinstance(content, Message) and content.media is not None:
        if able.text_unit.size_of(content.text) <= able.caption_size_max.get(content.media.kind, 0):
            return [content]
        return [replace(content, text=""), *_contents(replace(content, media=None), able)]
    texts = _cut(content.text, able.text_size_max, able.text_unit)
    if len(texts) == 1:
        # Cut to one: what was too much of it was space at its end.
        return [content if texts[0] == content.text else replace(content, text=texts[0])]
    return [_part(content, text, number == len(texts)) for number, text in enumerate(texts, start=1)]


def _part(content: Message | CustomerNotice, text: str, is_last: bool) -> Message | CustomerNotice:  # noqa: FBT001  a fact about the part
    if isinstance(content, CustomerNotice):
        return replace(content, text=text)
    return replace(content, text=text, choices=content.choices if is_last else ())


def _carried(message: Message, able: Capabilities) -> Message:
    """The message in what the channel carries."""
    if message.template is not None and able.template not in _CARRIED:
        message = replace(message, template=None)
    if message.media is not None and not _is_medium_carried(message.media, able):
        # Where nothing would be left of the message, not even dropping is taken at its word.
        is_dropped = able.level_of(message.media.kind) is Level.DROP and bool(message.text)
        message = replace(message, media=None) if is_dropped else with_link(message)
    if not message.choices or _is_carried(message.choices, able):
        return message
    if able.choice is Level.DROP:
        return replace(message, choices=())
    lines = [f"{number}. {choice.title}" for number, choice in enumerate(message.choices, start=1)]
    return replace(message, text="\n".join((message.text, "", *lines)), choices=())


def _is_medium_carried(media: Media, able: Capabilities) -> bool:
    if able.level_of(media.kind) not in _CARRIED:
        return False
    size_max = able.size_max_of(media.ref.mime_type)
    # Of an unknown size it is tried, but for a type that is not taken at all.
    return size_max is None or (size_max > 0 and (media.ref.size is None or media.ref.size <= size_max))


def _is_carried(choices: Sequence[Choice], able: Capabilities) -> bool:
    if able.choice not in _CARRIED:
        return False
    if able.choices_max and len(choices) > able.choices_max:
        return False
    size_max = able.choice_title_size_max
    return not size_max or all(len(choice.title) <= size_max for choice in choices)


def _cut(text: str, size_max: int, unit: TextUnit) -> list[str]:
    """A text in pieces of at most that size, cut between graphemes and where possible at a space."""
    if size_max <= 0:
        return [text]
    pieces: list[str] = []
    rest = text
    while unit.size_of(rest) > size_max and len(pieces) < _PARTS_MAX - 1:
        end = _end_of_piece(rest, size_max, unit)
        piece, rest = rest[:end].rstrip(), rest[end:].lstrip()
        pieces += [piece] if piece else []
    pieces += [rest] if rest else []
    return pieces


def _end_of_piece(text: str, size_max: int, unit: TextUnit) -> int:
    """Where the first piece ends: behind the last space in its second half, else behind its last whole grapheme."""
    whole = space = size = size_at_space = 0
    for end in _ends(text[: size_max + 1]):
        size += unit.size_of(text[whole:end])
        if size > size_max:
            break
        whole = end
        if text[end - 1].isspace():
            space, size_at_space = end, size
    if whole < len(text) and text[whole].isspace():
        return whole
    if 2 * size_at_space > size_max:
        return space
    # One grapheme that is larger than a piece (a letter with a thousand accents) is cut after all.
    return whole or _fitting(text, size_max, unit)


def _fitting(text: str, size_max: int, unit: TextUnit) -> int:
    """How many characters make a piece, at least one."""
    size = 0
    for count, sign in enumerate(text):
        size += unit.size_of(sign)
        if size > size_max:
            return max(count, 1)
    return len(text)


def _ends(text: str) -> Iterator[int]:
    return (found.end() for found in _GRAPHEME.finditer(text))
