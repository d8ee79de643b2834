"""Defects of who may do what: by role, by place in the conversation, in another's name."""

from .defect import defect

__all__ = ["AUTHORITY"]

AUTHORITY = (
    defect(
        "accept-by-another-agent",
        "domain.conversation.offers",
        "if agent is not None and agent != past.agent:",
        "if False:",
        "I14",
        "Any agent may accept or decline an offer that was made to another.",
    ),
    defect(
        "transfer-from-outside",
        "domain.conversation.search",
        "requester = turn.acting(command.agent)",
        "requester = (turn.state.participants or (turn.acting(command.agent),))[0]",
        "I9 I14",
        "Whoever names a conversation can transfer it, in the name of somebody who is in it.",
    ),
    defect(
        "whisper-from-outside",
        "domain.conversation.talk",
        "speaker = turn.acting(command.agent)\n    if len(state.participants) < 2:",
        "speaker = (state.participants or (turn.acting(command.agent),))[0]\n    if len(state.participants) < 2:",
        "I14",
        "Whoever names a conversation can whisper in it, in the name of somebody who is in it.",
    ),
    defect(
        "role-not-asked",
        "server.guard",
        "    if principal.role not in method.roles:\n",
        "    if False:\n",
        "I14",
        "Whoever has a token may call every method.",
    ),
)
