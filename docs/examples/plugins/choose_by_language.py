"""`hookflash_choose_queue`: who greets in French is routed to those who speak it, if such a queue is open."""

from collections.abc import Sequence

from hookflash.sdk import ArrivalView, QueueChoice, QueueId, hookimpl

SDK_API = ">=1.0,<2"


@hookimpl
def hookflash_choose_queue(arrival: ArrivalView, queues: Sequence[QueueChoice]) -> QueueId | None:
    """Choose `french`, or have no opinion."""
    is_french = arrival.text.lower().startswith(("bonjour", "salut"))
    return next((queue.id for queue in queues if is_french and queue.id == "french" and queue.is_open), None)
