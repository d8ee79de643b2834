"""A cascade's last phase: waiting invites to candidates, across all queues (R-Q3 to R-Q8).

Turns only mark what changed: an invite that began to wait or may be offered to more agents, an agent who became
available. What was at rest before needs no look, so a phase costs what changed and not what waits. Everything here is
a fold over states: a rollback is the same calls with before and after swapped.
"""

from collections.abc import Callable, Collection, Iterator
from heapq import heappop, heappush
from typing import NamedTuple

from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.agent import Agent, is_available
from hookflash.engine.domain.conversation.state import Conversation
from hookflash.engine.domain.queue import Queue
from hookflash.engine.domain.states import State
from hookflash.engine.domain.values import Invite, QueueSettings
from hookflash.engine.plugins.strategies import LoadedStrategy
from hookflash.sdk.types import AgentId, ConversationId, InviteState, MediaDomainId, QueueId

from .eligible import Eligible
from .queue_index import LineKey, QueueIndex, QueueStats

__all__ = ["Match", "Matching", "Waiting"]

_NO_STATS = QueueStats(0, 0, 0, None, None)


class Waiting(NamedTuple):
    """A parked invite and who may not be asked for it: its participants and its inviting agent (R-Q4)."""

    queue: QueueId
    invite: Invite
    excluded: frozenset[AgentId]


class Match(NamedTuple):
    """A parked invite and those among whom its queue's strategy may choose, of whom there is at least one."""

    conversation: ConversationId
    waiting: Waiting
    eligible: Eligible


class Matching:
    """Who waits, who could serve, and who comes first."""

    def __init__(
        self, strategy: Callable[[QueueSettings], LoadedStrategy], on_fault: Callable[[LoadedStrategy, str], None]
    ) -> None:
        """Take how a queue's strategy is found, and who is told when its order fails."""
        self._strategy = strategy
        self._on_fault = on_fault
        self._queues: dict[QueueId, QueueIndex] = {}
        self._agents: dict[AgentId, Agent] = {}
        self._serves: dict[AgentId, dict[QueueId, QueueIndex]] = {}
        self._waiting: dict[ConversationId, Waiting] = {}
        self._marked_invites: set[ConversationId] = set()
        self._marked_agents: set[AgentId] = set()
        self._stirred: set[ConversationId] = set()
        self._overtaken: set[ConversationId] = set()
        self._day = 0

    # --- following the states

    def change(self, address: Address, before: State | None, after: State | None) -> None:
        """Follow an entity's change and mark what may have found its match by it."""
        if address.kind is Kind.CONVERSATION:
            self._conversation_changed(ConversationId(address.id), _conversation(before), _conversation(after))
        elif address.kind is Kind.AGENT:
            self._agent_changed(AgentId(address.id), before, after)
        elif address.kind is Kind.QUEUE:
            self._queue_changed(QueueId(address.id), before, after)

    def forget_marks(self) -> None:
        """The cascade is over, or was rolled back."""
        self._marked_invites.clear()
        self._marked_agents.clear()
        self._stirred.clear()

    def _conversation_changed(
        self, conversation: ConversationId, before: Conversation | None, after: Conversation | None
    ) -> None:
        if before is not None and after is not None and _searches_alike(before, after):
            return
        was, is_ = self._waiting.get(conversation), _waiting(after)
        if was is not None:
            del self._waiting[conversation]
            if (queue := self._queues.get(was.queue)) is not None:
                queue.unpark(conversation, was.invite)
        if is_ is not None and (queue := self._queues.get(is_.queue)) is not None:
            queue.park(conversation, is_.invite)
            self._waiting[conversation] = is_
            self._marked_invites.add(conversation)
            # What a strategy says that was asked about others than there are now is not waited for.
            if (was is not None and _candidates_differ(was, is_)) or conversation in self._overtaken:
                self._stirred.add(conversation)
        if is_ is None or is_.invite.decision is None:
            self._overtaken.discard(conversation)
        self._follow_offer(conversation, before, None)
        self._follow_offer(conversation, after, after)

    def _follow_offer(
        self, conversation: ConversationId, state: Conversation | None, after: Conversation | None
    ) -> None:
        invite = state.open_invite if state is not None else None
        if invite is None or invite.offer is None or invite.target.queue not in self._queues:
            return
        self._queues[invite.target.queue].set_offered(conversation, invite.offer.made_at if after else None)

    def _agent_changed(self, agent: AgentId, before: State | None, after: State | None) -> None:
        was = before if isinstance(before, Agent) else None
        is_ = after if isinstance(after, Agent) else None
        if is_ is None:
            self._agents.pop(agent, None)
        else:
            self._agents[agent] = is_
        is_resettled = was is None or is_ is None or was.settings is not is_.settings
        if is_resettled:
            for queue in self._queues.values():
                self._settle_service(queue, agent, is_)
        for queue in self._serves.get(agent, {}).values():
            queue.agent_changed(agent)
            if queue.held or queue.asked:
                self._stir(queue, was, is_)
        if is_ is not None and _available_in(is_):
            self._marked_agents.add(agent)

    def _stir(self, queue: QueueIndex, was: Agent | None, is_: Agent | None) -> None:
        """Who can be asked in the queue is, or was until now, another: a strategy that waits is asked again."""
        domain = queue.settings.media_domain
        if any(agent is not None and is_available(agent, domain) for agent in (was, is_)):
            self._marked_invites.update(queue.held)
            self._stirred.update(queue.held)
            self._overtaken.update(queue.asked)

    def _queue_changed(self, queue: QueueId, before: State | None, after: State | None) -> None:
        if isinstance(before, Queue) and isinstance(after, Queue) and before.settings is after.settings:
            return
        old = self._queues.pop(queue, None)
        for serves in self._serves.values():
            serves.pop(queue, None)
        if not isinstance(after, Queue):
            return
        new = QueueIndex(after.settings, self._strategy(after.settings), self._agents, self._on_fault)
        new.begin_day(self._day)
        self._queues[queue] = new
        for agent in self._agents.values():
            self._settle_service(new, agent.id, agent)
        if old is None:
            return
        for conversation in [key[-1] for key in old.waiting()]:
            new.park(conversation, self._waiting[conversation].invite)
            self._marked_invites.add(conversation)
            self._stirred.add(conversation)
        new.take_offered(old)

    def _settle_service(self, queue: QueueIndex, agent: AgentId, state: Agent | None) -> None:
        """Whether the agent serves the queue, and from which step on (R-Q2)."""
        queue.agent_changed(agent)
        queue.serving.pop(agent, None)
        serves = self._serves.setdefault(agent, {})
        serves.pop(queue.settings.id, None)
        if state is None or (state.settings.queues and queue.settings.id not in state.settings.queues):
            return
        if state.capacity.get(queue.settings.media_domain, 0) == 0:
            return
        step = queue.step_of(state.settings.attributes)
        if step is not None:
            queue.serving[agent] = step
            serves[queue.settings.id] = queue

    # --- asking

    def stats(self, queue: QueueId, leave_out: Collection[AgentId] = ()) -> QueueStats:
        """The queue's counts (R-A4); zeros for one that is not there."""
        found = self._queues.get(queue)
        return _NO_STATS if found is None else found.stats(leave_out)

    def agents_of(self, queue: QueueId) -> Collection[AgentId]:
        """The agents of the queue, in whatever state (R-Q2)."""
        found = self._queues.get(queue)
        return () if found is None else found.serving.keys()

    def queues_of(self, agent: AgentId) -> list[QueueId]:
        """The queues that the agent serves."""
        return list(self._serves.get(agent, ()))

    def waiting(self, conversation: ConversationId) -> Waiting | None:
        """The conversation's parked invite."""
        return self._waiting.get(conversation)

    def index(self, queue: QueueId) -> QueueIndex:
        """One queue's index. Raises KeyError."""
        return self._queues[queue]

    def unserved(self) -> Iterator[tuple[ConversationId, AgentId]]:
        """Parked invites that have a candidate and no recorded excuse: at rest there is none (R-Q6, I11)."""
        for conversation, waiting in self._waiting.items():
            eligible = self.eligible(waiting)
            if eligible is not None and waiting.invite.decision is None and waiting.invite.wait_until is None:
                yield conversation, eligible.first

    def eligible(self, waiting: Waiting) -> Eligible | None:
        """Those among whom a strategy may choose for the invite now; None where there is nobody."""
        return self._queues[waiting.queue].eligible(waiting.invite, waiting.excluded)

    # --- the phase

    def matches(self, day: int) -> Iterator[Match]:
        """Go through what is marked in the order of R-Q3, each with its candidates as things stand then.

        The caller lets the strategy decide before it asks for the next, and what that marks is gone through as well.
        It ends: each step leaves an invite or an agent behind.
        """
        self._begin_day(day)
        heap: list[tuple[LineKey, AgentId]] = []
        stirred: set[ConversationId] = set()
        self._push_marked(heap, stirred)
        while heap:
            key, agent = heappop(heap)
            match = self._match(key[-1], stirred)
            if match is not None:
                yield match
                self._push_marked(heap, stirred)
            if agent:
                self._push_next(heap, agent, key)

    def _begin_day(self, day: int) -> None:
        if day != self._day:
            self._day = day
            for queue in self._queues.values():
                queue.begin_day(day)

    def _push_marked(self, heap: list[tuple[LineKey, AgentId]], stirred: set[ConversationId]) -> None:
        stirred |= self._stirred
        for conversation in self._marked_invites:
            if (waiting := self._waiting.get(conversation)) is not None:
                key = self._queues[waiting.queue].line_key(conversation, waiting.invite)
                heappush(heap, (key, AgentId("")))
        for agent in self._marked_agents:
            self._push_next(heap, agent, None)
        self.forget_marks()

    def _match(self, conversation: ConversationId, stirred: set[ConversationId]) -> Match | None:
        """The parked invite with its candidates, unless its strategy is being asked, or waits and nothing changed."""
        is_stirred = conversation in stirred
        stirred.discard(conversation)
        waiting = self._waiting.get(conversation)
        if waiting is None or waiting.invite.decision is not None:
            return None
        if waiting.invite.wait_until is not None and not is_stirred:
            return None
        eligible = self.eligible(waiting)
        return None if eligible is None else Match(conversation, waiting, eligible)

    def _push_next(self, heap: list[tuple[LineKey, AgentId]], agent: AgentId, behind: LineKey | None) -> None:
        """The next waiting invite that this agent could serve, as long as he is still available."""
        state = self._agents.get(agent)
        if state is None:
            return
        firsts = [
            key
            for queue in self._serves.get(agent, {}).values()
            if queue.lines
            and is_available(state, queue.settings.media_domain)
            and (key := queue.first_after(agent, behind)) is not None
        ]
        if firsts:
            heappush(heap, (min(firsts), agent))


def _conversation(state: State | None) -> Conversation | None:
    return state if isinstance(state, Conversation) else None


def _searches_alike(before: Conversation, after: Conversation) -> bool:
    return before.invite is after.invite and before.participants is after.participants


def _waiting(state: Conversation | None) -> Waiting | None:
    invite = None if state is None else state.open_invite
    if state is None or invite is None or invite.state is not InviteState.PARKED or invite.target.queue is None:
        return None
    out = {p.agent for p in state.participants}
    if invite.requester is not None:
        out.add(invite.requester)
    return Waiting(invite.target.queue, invite, frozenset(out))


def _candidates_differ(was: Waiting, is_: Waiting) -> bool:
    """Whether others may be asked than before, as far as it lies with the invite."""
    before, after = was.invite, is_.invite
    return was.excluded != is_.excluded or before.step != after.step or before.tried != after.tried


def _available_in(agent: Agent) -> list[MediaDomainId]:
    return [domain for domain in agent.ready if is_available(agent, domain)]
