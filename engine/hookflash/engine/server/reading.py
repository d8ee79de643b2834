"""What is read of conversations, and by whom (R-G6, R-G11, R-G12).

States come from the shard and wait until they are durable; timelines, transcripts and lists come from the views, which
are asked as of the conversation's last record.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from hookflash.engine.actors.calls import Outcome, Sealed
from hookflash.engine.domain import events as e
from hookflash.engine.domain.address import Address
from hookflash.engine.domain.conversation.state import Conversation
from hookflash.engine.domain.refusals import BadField, InviteNotFound, NotAParticipant
from hookflash.engine.domain.values import Invite
from hookflash.engine.server import identity, names
from hookflash.engine.server.asking import Asking
from hookflash.engine.server.audit import Audit
from hookflash.engine.server.caller import Caller
from hookflash.engine.server.convert_conversation import conversation_for_adapter, conversation_to, invite_to
from hookflash.engine.server.convert_timeline import is_said, timeline_entry_to, transcript_entry_to
from hookflash.engine.server.filters import filter_from
from hookflash.engine.server.pages import check_token
from hookflash.engine.views.reads import ConversationRow, Reads, TimelineRow
from hookflash.sdk.filters import FilterContext, FilterStage
from hookflash.sdk.types import AgentId, ConversationId, ConversationState, Principal, Role
from hookflash.v1 import conversation_pb2, invite_pb2, timeline_pb2, transcript_pb2
from hookflash.v1 import conversation_service_pb2 as pb

__all__ = ["Reading", "conversation_in", "invite_in"]

_WAIT_MAX_S: Final = 3_600.0
_ANSWER_S: Final = 0.25


def conversation_in(address: Address, principal: Principal) -> Callable[[Outcome], conversation_pb2.Conversation]:
    """Renders a mutation's answer: the conversation as the caller may see it."""

    def render(outcome: Outcome) -> conversation_pb2.Conversation:
        state = outcome.state(address)
        if not isinstance(state, Conversation):
            raise TypeError(f"{address} was changed and has no state")
        return _shown(principal, state, outcome.position_of(address))

    return render


def invite_in(address: Address, number: int) -> Callable[[Outcome], invite_pb2.Invite]:
    """Renders a mutation's answer: the conversation's invite of that number."""

    def render(outcome: Outcome) -> invite_pb2.Invite:
        state = outcome.state(address)
        if not isinstance(state, Conversation) or state.invite is None or state.invite.number != number:
            raise InviteNotFound(names.numbered_name(address.id, "invites", number))
        return invite_to(address.id, state.invite)

    return render


def _shown(principal: Principal, state: Conversation, position: int) -> conversation_pb2.Conversation:
    if principal.role is Role.ADAPTER:
        return conversation_for_adapter(state)
    shown = identity.may_read_note(principal, state, state.open_invite)
    return conversation_to(state, position, is_note_shown=shown)


class Reading:
    """Reads conversations for callers."""

    def __init__(self, asking: Asking, audit: Audit) -> None:
        """Take whom to ask, and where an ADMIN's reading of texts is written down."""
        self._asking, self._audit = asking, audit
        self._waiting: dict[Address, set[asyncio.Event]] = {}
        self._is_ending = False

    def hear(self, group: Sequence[Sealed]) -> None:
        """Wake who waits for a conversation that changed."""
        if self._waiting:
            for sealed in group:
                for address in sealed.states:
                    for event in self._waiting.get(address, ()):
                        event.set()

    def end_all(self) -> None:
        """The engine stops: who waits is answered with what there is."""
        self._is_ending = True
        for events in self._waiting.values():
            for event in events:
                event.set()

    # --- states

    async def conversation(self, caller: Caller, identifier: ConversationId) -> conversation_pb2.Conversation:
        """One conversation. Raises ConversationNotFound and, for an AGENT who may not read it, NotAParticipant."""
        state, position = await self._readable(caller.principal, identifier)
        return _shown(caller.principal, state, position)

    async def _readable(self, principal: Principal, identifier: ConversationId) -> tuple[Conversation, int]:
        state, position = await self._asking.conversation(identifier)
        agent = identity.own_agent(principal)
        if agent is None or identity.may_read_now(agent, state):
            return state, position
        is_visible = self._asking.limits.is_history_visible
        # It may be history since he joined another conversation, of which this one's position knows nothing.
        now = self._asking.shard.durable_position
        if not await self._asking.viewed(
            now, lambda reads: reads.may_read(identifier, agent, is_history_visible=is_visible)
        ):
            raise NotAParticipant(agent)
        return state, position

    async def conversations(self, caller: Caller, request: pb.ListConversationsRequest) -> pb.ListConversationsResponse:
        """A page of conversations, newest first."""
        clauses = filter_from(request.filter, "state", "agent")
        state, size = _state_in(clauses.get("state")), self._asking.page_size(request.page_size)
        agent = names.agent("filter", clauses["agent"]) if "agent" in clauses else None
        before = _before(request.page_token) if request.page_token else None

        def read(reads: Reads) -> list[ConversationRow]:
            return reads.conversations(
                state=state,
                agent=agent,
                readable_by=identity.own_agent(caller.principal),
                is_history_visible=self._asking.limits.is_history_visible,
                before=before,
                limit=size + 1,
            )

        rows = await self._asking.viewed(self._asking.shard.durable_position, read)
        shown = [_shown(caller.principal, row.conversation, row.position) for row in rows[:size]]
        token = "{}/{}".format(*rows[size - 1].token) if len(rows) > size else ""
        return pb.ListConversationsResponse(conversations=shown, next_page_token=token)

    # --- invites

    async def invite(self, caller: Caller, conversation: ConversationId, number: int) -> invite_pb2.Invite:
        """An invite of whatever age. Raises InviteNotFound."""
        state, position = await self._readable(caller.principal, conversation)
        invite = state.invite
        if invite is None or invite.number != number:
            invite = await self._asking.viewed(position, lambda reads: reads.invite(conversation, number))
        if invite is None:
            raise InviteNotFound(names.numbered_name(conversation, "invites", number))
        shown = identity.may_read_note(caller.principal, state, invite)
        return invite_to(conversation, invite, is_note_shown=shown)

    async def until_invite_ended(
        self, caller: Caller, conversation: ConversationId, number: int, wait_s: float
    ) -> None:
        """Wait until the invite has ended, or the time is over. Raises as `invite` does."""
        address, changed, left_s = names.conversation_of(conversation), asyncio.Event(), caller.time_left_s()
        if left_s is not None:
            wait_s = min(wait_s, max(0.0, left_s - _ANSWER_S))  # So that he gets an answer, not his own deadline.
        self._waiting.setdefault(address, set()).add(changed)
        try:
            with caller.while_waiting(), suppress(TimeoutError):
                async with asyncio.timeout(min(wait_s, _WAIT_MAX_S)):
                    while not self._is_ending and await self._is_open(caller.principal, conversation, number):
                        await changed.wait()
                        changed.clear()
        finally:
            self._waiting[address].discard(changed)
            if not self._waiting[address]:
                del self._waiting[address]

    async def _is_open(self, principal: Principal, conversation: ConversationId, number: int) -> bool:
        state, _ = await self._readable(principal, conversation)
        return state.open_invite is not None and state.open_invite.number == number

    # --- what was said

    async def timeline(self, caller: Caller, request: pb.ListTimelineRequest) -> pb.ListTimelineResponse:
        """A page of the timeline: for an AGENT his own, for a VIEWER without what was said."""
        identifier, size = names.conversation("name", request.name), self._asking.page_size(request.page_size)
        after = _number(request.page_token)
        agent = identity.agent_of(caller.principal, request.agent)
        _, position = await self._readable(caller.principal, identifier)
        is_said_shown = identity.hears_all(caller.principal) or agent is not None
        if caller.principal.role is Role.VIEWER:
            is_said_shown = False
        entries, is_more = await self._asking.viewed(
            position, lambda reads: self._entries(reads, identifier, agent, after, size, is_said_shown=is_said_shown)
        )
        self._audited(caller, identifier, "ListTimeline")
        token = str(entries[-1].sequence) if is_more and entries else ""
        shown = [entry for entry in entries if entry.WhichOneof("entry") is not None]
        return pb.ListTimelineResponse(entries=shown, next_page_token=token)

    def _entries(
        self,
        reads: Reads,
        conversation: ConversationId,
        agent: AgentId | None,
        after: int,
        size: int,
        *,
        is_said_shown: bool,
    ) -> tuple[list[timeline_pb2.TimelineEntry], bool]:
        is_visible = self._asking.limits.is_history_visible
        rows = reads.timeline(conversation, agent, after, size + 1, is_history_visible=is_visible)
        entries = [_entry(reads, conversation, row, is_said_shown=is_said_shown) for row in rows[:size]]
        return entries, len(rows) > size

    async def transcript(self, caller: Caller, request: pb.GetTranscriptRequest) -> pb.GetTranscriptResponse:
        """A page of the customer's view."""
        identifier, size = names.conversation("name", request.name), self._asking.page_size(request.page_size)
        after = _number(request.page_token)
        state, position = await self._asking.conversation(identifier)
        identity.check_channel(caller.principal, state.channel)
        rows = await self._asking.viewed(position, lambda reads: reads.transcript(identifier, after, size + 1))
        self._audited(caller, identifier, "GetTranscript")
        entries = [transcript_entry_to(identifier, row.event) for row in rows[:size]]
        await self._export(caller, state, entries)
        token = str(entries[-1].sequence) if len(rows) > size else ""
        return pb.GetTranscriptResponse(entries=entries, next_page_token=token)

    async def _export(
        self, caller: Caller, state: Conversation, entries: Sequence[transcript_pb2.TranscriptEntry]
    ) -> None:
        """Let the texts of entries through the filters: what they do not let pass is withheld."""
        filters = self._asking.engine.questions.filters
        if filters.has(FilterStage.EXPORT):
            role = caller.principal.role
            context = FilterContext(stage=FilterStage.EXPORT, conversation=state.id, channel=state.channel, role=role)
            for entry in entries:
                said = entry.message if entry.WhichOneof("entry") == "message" else entry.notice
                said.text = await filters.export(said.text, context)
                if entry.message.HasField("media"):
                    media = entry.message.media
                    media.name = await filters.export(media.name, context)
                    media.url = await filters.export(media.url, context)

    def _audited(self, caller: Caller, conversation: ConversationId, method: str) -> None:
        if caller.principal.role is Role.ADMIN:
            at, name = self._asking.now(), f"conversations/{conversation}"
            self._audit.write(at, "TEXTS_READ", principal=caller.principal.key, method=method, conversation=name)


def _entry(
    reads: Reads, conversation: ConversationId, row: TimelineRow, *, is_said_shown: bool
) -> timeline_pb2.TimelineEntry:
    """The entry, or one without content for what the caller may not read."""
    if not is_said_shown and is_said(row.event):
        return timeline_pb2.TimelineEntry(sequence=row.sequence)
    invite: Invite | None = None
    if isinstance(row.event, e.InviteEnded):
        invite = reads.invite(conversation, row.event.invite)
    entry = timeline_entry_to(conversation, row.event, invite, is_note_shown=is_said_shown)
    if row.agent is not None:
        entry.agent = f"agents/{row.agent}"
    return entry


def _state_in(word: str | None) -> ConversationState | None:
    if word is None:
        return None
    if word not in set(ConversationState):
        raise BadField("filter", f"names no state; the states are {', '.join(ConversationState)}")
    return ConversationState(word)


def _number(token: str) -> int:
    if token and not (token.isascii() and token.isdecimal() and len(token) < 19):  # noqa: PLR2004  64 bits
        raise BadField("page_token", "is no token of this list; take `next_page_token` as it came")
    return int(token or 0)


def _before(token: str) -> tuple[int, ConversationId]:
    opened, slash, identifier = token.partition("/")
    if not slash:
        raise BadField("page_token", "is no token of this list; take `next_page_token` as it came")
    return _number(opened), ConversationId(check_token(identifier))
