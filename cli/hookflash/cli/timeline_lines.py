"""One line for each entry of a Timeline or Transcript, as (text, style) parts.

A whisper is told apart by a word and by a colour: who mistakes it for a message tells the customer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hookflash.cli.output import state_style, word
from hookflash.cli.text import bare, ordinal, plain
from hookflash.cli.views import clock, target

if TYPE_CHECKING:
    from hookflash.sdk.client import messages as m

__all__ = ["WHISPER_STYLE", "Parts", "entry_parts", "transcript_parts"]

Parts = list[tuple[str, str]]
WHISPER_STYLE = "bold magenta"


def entry_parts(entry: m.TimelineEntry, viewer: str = "") -> Parts:
    """Return the line of a Timeline entry; what is for one agent alone is marked so, unless he is the viewer."""
    start = (f"{clock(entry.create_time)}  ", "dim")
    alone = [(f"  (for {bare(entry.agent)} alone)", "dim")] if entry.agent not in ("", viewer) else []
    return [start, *_body(entry), *alone]


def transcript_parts(entry: m.TranscriptEntry) -> Parts:
    """Return the line of a Transcript entry."""
    start = (f"{clock(entry.create_time)}  ", "dim")
    if entry.WhichOneof("entry") == "message":
        return [start, *_said(entry.message)]
    return [start, (f"* {plain(entry.notice.text)}", "cyan")]


def _said(message: m.Message) -> Parts:
    style = "bold green" if message.sender == "customer" else "bold"
    filtering = word(message, "filtering") if message.filtering else ""
    flag = [(f"  ({filtering})", "yellow")] if filtering else []
    said = plain(message.text)
    if message.HasField("media"):
        # The file's name is what an agent wrote; where it is says what a customer opens.
        said = f"{said} ({word(message.media, 'kind').lower()}) {plain(message.media.url)}".strip()
    return [(f"{plain(bare(message.sender))}: ", style), (said, ""), *flag]


def _body(entry: m.TimelineEntry) -> Parts:
    match entry.WhichOneof("entry"):
        case "message":
            return _said(entry.message)
        case "whisper":
            line = f"whisper  {plain(bare(entry.whisper.sender))}: {plain(entry.whisper.text)}"
            return [(line, WHISPER_STYLE)]
        case "notice":
            return [(f"* {plain(entry.notice.text)}", "cyan")]
        case "participant_joined":
            who = entry.participant_joined.participant
            return [(f"+ {plain(who.display_name or bare(who.name))} joined as {word(who, 'role')}", "dim")]
        case "participant_left":
            who, reason = entry.participant_left.participant, word(entry.participant_left, "reason")
            return [(f"- {plain(who.display_name or bare(who.name))} left ({reason})", "dim")]
        case "invite_changed":
            return _invite(entry.invite_changed)
        case _:
            return [("? an entry that this release does not know", "dim")]


def _invite(changed: m.InviteChanged) -> Parts:
    invite, outcome = changed.invite, word(changed, "offer_outcome")
    state = word(invite, "state")
    parts: Parts = [
        (f"~ {word(invite, 'kind').lower()} to {plain(target(invite.target))} ", "dim"),
        (state, state_style(state)),
    ]
    if state == "OFFERED" and changed.agent:
        parts.append((f" to {plain(bare(changed.agent))} ({ordinal(invite.attempts)} agent)", "dim"))
    elif outcome not in ("", "OPEN", "ACCEPTED"):
        parts.append((f" ({plain(bare(changed.agent))}: {outcome})", "dim"))
    if invite.note and invite.attempts == 0:
        parts.append((f"  note: {plain(invite.note)}", "italic"))
    return parts
