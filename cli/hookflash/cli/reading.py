"""Showing a conversation's Timeline and Transcript, whole or as it grows."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from hookflash.cli.output import Column, View, word
from hookflash.cli.session import Session, pages
from hookflash.cli.timeline_lines import entry_parts, transcript_parts

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from hookflash.sdk.client import messages as m

__all__ = ["follow_timeline", "new_entries", "print_timeline", "print_transcript"]

_POLL_S = 1.0
_ENTRY: View[m.TimelineEntry] = View((Column("", lambda _: ""),), lambda it: str(it.sequence))
_TRANSCRIPT: View[m.TranscriptEntry] = View((Column("", lambda _: ""),), lambda it: str(it.sequence))


def print_timeline(session: Session, answer: m.ListTimelineResponse) -> None:
    """Print a Timeline: a line each for people, the API's messages for programs."""
    if session.printer.form in ("table", "wide"):
        for entry in answer.entries:
            session.printer.styled(entry_parts(entry))
    else:
        session.printer.many(answer, answer.entries, _ENTRY)


def print_transcript(session: Session, answer: m.GetTranscriptResponse) -> None:
    """Print a Transcript, likewise."""
    if session.printer.form in ("table", "wide"):
        for entry in answer.entries:
            session.printer.styled(transcript_parts(entry))
    else:
        session.printer.many(answer, answer.entries, _TRANSCRIPT)


async def follow_timeline(session: Session, name: str, agent: str) -> None:
    """Print the Timeline so far, then each entry as it comes, until the conversation is closed."""
    from hookflash.sdk.client import messages as m

    seen = 0
    async for _ in _ticks(session, name):
        # Asked before the entries are read, so that the last ones are printed before we stop.
        conversation = await session.client.get_conversation(m.GetConversationRequest(name=name))
        entries = await new_entries(session, name, agent, seen)
        for entry in entries:
            seen = entry.sequence
            if session.printer.form in ("table", "wide"):
                session.printer.styled(entry_parts(entry))
        if session.printer.form not in ("table", "wide"):
            session.printer.streamed(entries, _ENTRY, has_head=False)
        if word(conversation, "state") == "CLOSED":
            session.say(f"{name} is closed.")
            return


async def new_entries(session: Session, name: str, agent: str, seen: int) -> list[m.TimelineEntry]:
    """Return the entries after a sequence, in order."""
    from hookflash.sdk.client import messages as m

    request = m.ListTimelineRequest(name=name, agent=agent, page_token=str(seen) if seen else "")
    answer = await pages(session.client.list_timeline, request, "entries")
    return [entry for entry in answer.entries if entry.sequence > seen]


async def _ticks(session: Session, name: str) -> AsyncIterator[None]:
    """Yield at once, and whenever something may have happened in a conversation."""
    from hookflash.sdk.client import HookflashError

    try:
        async for answer in session.client.watch(filter=f"subject = {name}"):
            # The first answer, and the one every 10 s, tells progress: reading then misses nothing.
            yield
            del answer
    except HookflashError as error:
        if error.code != "PERMISSION_DENIED":
            raise
    # An agent's token reads his conversations and no events.
    while True:
        yield
        await asyncio.sleep(_POLL_S)
