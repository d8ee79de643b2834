"""What agents see of a conversation, and what the customer sees: two functions, since they share no type.

Neither can be made from the other: a whisper, a note or a staff notice is no `TranscriptEvent`.
"""

from hookflash.engine.domain import events as e
from hookflash.sdk.types import AgentId

__all__ = ["hears", "timeline_event", "transcript_event"]


def timeline_event(event: e.Event) -> e.TimelineEvent | None:
    """The event as an entry of the timeline, or None where it is none. A toast is none: it is shown once."""
    match event:
        case e.MessageSent() | e.WhisperSent() | e.InvitePlaced() | e.InviteEnded():
            return event
        case e.ParticipantJoined() | e.ParticipantLeft():
            return event
        case e.StaffNoticed(sequence=sequence) if sequence is not None:
            return event
        case _:
            return None


def transcript_event(event: e.Event) -> e.TranscriptEvent | None:
    """The event as an entry of the customer's transcript, or None where it is none."""
    return event if isinstance(event, e.MessageSent | e.CustomerNoticed) else None


def hears(event: e.TimelineEvent, agent: AgentId) -> bool:
    """Whether an entry is for that agent, who is in the conversation: notices may be for one, or for all but one."""
    if not isinstance(event, e.StaffNoticed):
        return True
    if event.agent is not None:
        return event.agent == agent
    return event.except_agent != agent
