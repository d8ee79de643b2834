"""EventService: the journal's events for any language."""

from hookflash.engine.domain.refusals import BadField
from hookflash.engine.journal.codec import EVENTS
from hookflash.engine.server import identity
from hookflash.engine.server.asking import Asking
from hookflash.engine.server.audit import Audit
from hookflash.engine.server.caller import Caller
from hookflash.engine.server.filters import filter_from
from hookflash.engine.server.tail import Seen, Tail
from hookflash.sdk.types import Role
from hookflash.v1 import event_service_pb2 as pb

__all__ = ["EventServicer"]


class EventServicer:
    """The methods of EventService."""

    def __init__(self, asking: Asking, tail: Tail, audit: Audit) -> None:
        """Take whom to ask, and where an ADMIN's reading of texts is written down."""
        self._asking, self._tail, self._audit = asking, tail, audit

    async def Watch(self, request: pb.WatchRequest, caller: Caller) -> None:  # noqa: N802
        """Stream events as they are recorded."""
        await self._tail.watch(caller, self._start(request), self._seen(request.filter, caller))

    async def ListEvents(self, request: pb.ListEventsRequest, caller: Caller) -> pb.ListEventsResponse:  # noqa: N802
        """List events, oldest first."""
        size, seen = self._asking.page_size(request.page_size), self._seen(request.filter, caller)
        after, index = _place(request.page_token)
        events, token = await self._tail.page(after, index, size, seen)
        return pb.ListEventsResponse(events=events, next_page_token=token)

    def _start(self, request: pb.WatchRequest) -> int:
        match request.WhichOneof("start"):
            case "after_position":
                return request.after_position
            case "from_start" if request.from_start:
                return 0
            case _:
                return self._tail.position

    def _seen(self, text: str, caller: Caller) -> Seen:
        clauses = filter_from(text, "subject", "type")
        if clauses.get("type", "") not in ("", *EVENTS):
            raise BadField("filter", "names no type of event")
        if caller.principal.role is Role.ADMIN:
            self._audit.write(
                self._asking.now(), "TEXTS_READ", principal=caller.principal.key, method=caller.method.path
            )
        return Seen(
            subject=clauses.get("subject", ""),
            type=clauses.get("type", ""),
            is_said_shown=identity.hears_all(caller.principal),
        )


def _place(token: str) -> tuple[int, int]:
    if not token:
        return 0, -1
    position, dot, index = token.partition(".")
    if not dot or not all(part.isascii() and part.isdecimal() and len(part) < 19 for part in (position, index)):  # noqa: PLR2004
        raise BadField("page_token", "is no token of this list; take `next_page_token` as it came")
    return int(position), int(index)
