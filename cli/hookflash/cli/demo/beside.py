"""Two views of one conversation, line beside line: what is one record stands in one row.

Where the customer sees nothing of what the agents see, his side of the row stays empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from hookflash.sdk.client import messages as m

__all__ = ["Row", "beside"]

Row: TypeAlias = "tuple[m.TimelineEntry | None, m.TranscriptEntry | None]"
"""What the agents see, and what the customer sees; None: nothing."""


def beside(timeline: Iterable[m.TimelineEntry], transcript: Sequence[m.TranscriptEntry]) -> Iterator[Row]:
    """Return both views as rows, each in its own order; nothing of either is left out."""
    lines = list(reversed(transcript))
    for entry in timeline:
        while lines and lines[-1].create_time.ToNanoseconds() < entry.create_time.ToNanoseconds():
            yield None, lines.pop()
        yield entry, lines.pop() if lines and _is_same(entry, lines[-1]) else None
    for line in reversed(lines):
        yield None, line


def _is_same(entry: m.TimelineEntry, line: m.TranscriptEntry) -> bool:
    """Whether both come from one record; a Message stands beside itself only."""
    if entry.HasField("message") or line.HasField("message"):
        return entry.HasField("message") and line.HasField("message") and entry.message.name == line.message.name
    return entry.create_time == line.create_time and not entry.HasField("whisper")
