"""`hookflash_unattended`: a conversation that nobody attends any more goes back to the queue it came by."""

from hookflash.sdk import ConversationView, RouteTo, hookimpl

SDK_API = ">=1.0,<2"

TRANSFERS_MAX = 5


@hookimpl
def hookflash_unattended(conversation: ConversationView) -> RouteTo | None:
    """Route it again, unless it has been handed on too often already."""
    if conversation.last_queue is None or conversation.transfers > TRANSFERS_MAX:
        return None
    return RouteTo(conversation.last_queue)
