"""Explaining an invite: where it stands now from the live state, what was decided for it from the journal (R-E2).

Looking at thousands of agents and reading the journal happen in a thread, one explanation at a time.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from hookflash.engine.actors.explaining import Considered, Moment, considered
from hookflash.engine.actors.past import read_past
from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.conversation.state import Conversation
from hookflash.engine.domain.refusals import BadField, InviteNotFound, JournalTooLong
from hookflash.engine.domain.struct import Struct
from hookflash.engine.domain.values import Invite, QueueSettings
from hookflash.engine.plugins.strategies import LoadedStrategy
from hookflash.engine.server import names
from hookflash.engine.server.asking import Asking
from hookflash.engine.server.convert_conversation import invite_to
from hookflash.engine.server.convert_explanation import choice_to, standing_to
from hookflash.sdk.types import AgentId, ConversationId
from hookflash.v1 import admin_service_pb2 as pb
from hookflash.v1 import explanation_pb2

__all__ = ["Explanations"]

NAMED_MAX: Final = 1_000


class _Place(Struct, frozen=True, kw_only=True):
    """A parked invite's place in its queue, as the matching has it at this moment."""

    moment: Moment
    rank: int
    waiting: int


class Explanations:
    """Answers Explain."""

    def __init__(self, asking: Asking) -> None:
        """Take whom to ask."""
        self._asking = asking
        self._turn = asyncio.Lock()

    async def explain(self, request: pb.ExplainRequest) -> explanation_pb2.Explanation:
        """Explain an invite. Raises Refusal; JournalTooLong only where nothing can be said without the journal."""
        conversation, number = names.numbered("invite", request.invite, "invites")
        shown = self._shown(request)
        async with self._turn:
            invite = await self._invite(ConversationId(conversation), number)
            answer = explanation_pb2.Explanation(invite=invite_to(conversation, invite, is_note_shown=False))
            await self._now(ConversationId(conversation), invite, shown, answer)
            try:
                await self._past(ConversationId(conversation), invite, shown, answer)
            except JournalTooLong as refusal:
                if not invite.is_open:
                    raise
                answer.choices_left_out = refusal.sentence
            return answer

    async def _now(
        self, conversation: ConversationId, invite: Invite, shown: "_Shown", answer: explanation_pb2.Explanation
    ) -> None:
        place = self._place(conversation, invite.number)
        if invite.target.queue is not None:
            answer.strategy = self._asking.queue(invite.target.queue).settings.strategy
        if place is not None:
            agents = await self._asking.in_thread(
                lambda: considered(place.moment, self._strategy_of, named=shown.named)
            )
            listed, left_out = shown.of(agents)
            answer.standing.CopyFrom(standing_to(place.moment, place.rank, place.waiting, listed, left_out))

    async def _past(
        self, conversation: ConversationId, invite: Invite, shown: "_Shown", answer: explanation_pb2.Explanation
    ) -> None:
        position, limit = self._asking.shard.durable_position, self._asking.limits.explain_records_max
        if invite.placement > limit:
            raise JournalTooLong(invite.placement, limit)

        def read() -> list[explanation_pb2.Choice]:
            past = read_past(self._asking.engine.journal, conversation, invite.number, position, limit)
            choices = []
            for choice in past.with_outcomes():
                asked = {agent for _, agent, _ in choice.offers}
                listed, left_out = shown.of(considered(choice.moment, self._strategy_of, asked, shown.named))
                choices.append(choice_to(choice, listed, left_out))
            return choices

        answer.choices.extend(await self._asking.in_thread(read))

    async def _invite(self, conversation: ConversationId, number: int) -> Invite:
        state, position = await self._asking.conversation(conversation)
        if state.invite is not None and state.invite.number == number:
            return state.invite
        found = await self._asking.viewed(position, lambda reads: reads.invite(conversation, number))
        if found is None:
            raise InviteNotFound(names.numbered_name(conversation, "invites", number))
        return found

    def _place(self, conversation: ConversationId, number: int) -> _Place | None:
        """What stands at this very moment; None unless the invite is parked in a queue."""
        shard = self._asking.shard
        state, waiting = shard.state(Address(Kind.CONVERSATION, conversation)), shard.matching.waiting(conversation)
        if not isinstance(state, Conversation) or waiting is None or waiting.invite.number != number:
            return None
        queue = shard.facts.queues()[waiting.queue]
        moment = Moment(at=self._asking.now(), conversation=state, queue=queue, agents=dict(shard.facts.agents()))
        rank = shard.matching.index(waiting.queue).rank(conversation)
        return _Place(moment=moment, rank=rank, waiting=shard.matching.stats(waiting.queue).waiting)

    def _strategy_of(self, settings: QueueSettings) -> LoadedStrategy:
        plugins = self._asking.engine.plugins
        return plugins.strategy(settings.strategy) or plugins.fallback

    def _shown(self, request: pb.ExplainRequest) -> "_Shown":
        if len(request.agents) > NAMED_MAX:
            raise BadField("agents", f"names {len(request.agents):,} and may name {NAMED_MAX:,}")
        if request.agents_max < 0:
            raise BadField("agents_max", "must not be negative")
        named = frozenset(names.agent("agents", agent) for agent in request.agents)
        return _Shown(named, max(self._asking.page_size(request.agents_max), len(named)))


class _Shown(Struct, frozen=True):
    """Which agents are listed: those named in any case, and from the beginning so many that there are `most`."""

    named: frozenset[AgentId]
    most: int

    def of(self, agents: Sequence[Considered]) -> tuple[list[Considered], int]:
        """The agents to be listed, in their order, and how many are not."""
        others = self.most - sum(each.agent in self.named for each in agents)
        listed = []
        for each in agents:
            if each.agent in self.named:
                listed.append(each)
            elif others > 0:
                listed.append(each)
                others -= 1
        return listed, len(agents) - len(listed)
