"""A cascade's last phase: waiting invites to candidates, across all queues (R-Q3 to R-Q8).

Turns only mark what changed: an invite that began to wait or may be offered to more agents, an agent who became
available. What was at rest before needs no look, so a phase costs what changed and not what waits. Everything here is
a fold over states: a rollback is the same calls with before and after swapped.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from heapq import heappop, heappush
from typing import NamedTuple

from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.agent import Agent, is_available
from hookflash.engine.domain.conversation.state import Conversation
from hookflash.engine.domain.queue import Queue
from hookflash.engine.domain.states import State
from hookflash.engine.domain.values import Invite, QueueSettings
from hookflash.engine.plugins.orderings import BY_AGE, NO_KEY, LoadedOrdering, SafeKey
from hookflash.engine.plugins.strategies import LoadedStrategy
from hookflash.sdk.hosting.breaker import Breaker
from hookflash.sdk.routing import InviteView
from hookflash.sdk.types import AgentId, ConversationId, InviteState, MediaDomainId, QueueId

from .eligible import Eligible
from .queue_index import FaultListener, LineKey, QueueIndex, QueueStats, Standing
from .shown import invite_view

__all__ = ["Match", "Matching", "Waiting"]

_NO_STATS = QueueStats(0, 0, 0, None, None)


class Waiting(NamedTuple):
    """A parked invite and who may not be asked for it: its participants and its inviting agent (R-Q4).

    `talk` is its conversation as it was when the invite began to wait, or last changed.
    """

    queue: QueueId
    invite: Invite
    excluded: frozenset[AgentId]
    talk: Conversation


class Match(NamedTuple):
    """A parked invite and those among whom its queue's strategy may choose, of whom there is at least one."""

    conversation: ConversationId
    waiting: Waiting
    eligible: Eligible


_Next = tuple[LineKey, QueueId, Standing, AgentId]
"""Whose turn it is: queues among each other go by R-Q3, each by its first invite, and within it by its own order.

The agent is he who became available and for whom it is looked at; empty where the invite itself was marked.
"""


class Matching:
    """Who waits, who could serve, and who comes first."""

    def __init__(
        self,
        strategy: Callable[[QueueSettings], LoadedStrategy],
        on_fault: FaultListener,
        ordering: Callable[[QueueSettings], LoadedOrdering | None] = lambda _settings: None,
        breaker: Callable[[LoadedStrategy, QueueId], Breaker] = lambda _strategy, _queue: Breaker(lambda: 0.0),
    ) -> None:
        """Take how a queue's strategy and its ordering are found, and who is told when one fails in the turn.

        `breaker` makes the one that holds a strategy's order back; by default it stays open once it is.
        """
        self._strategy = strategy
        self._on_fault = on_fault
        self._ordering = ordering
        self._breaker = breaker
        self._keys: dict[ConversationId, tuple[int, SafeKey]] = {}
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
            queue.park(conversation, is_.invite, self._key(queue, is_))
            self._waiting[conversation] = is_
            self._marked_invites.add(conversation)
            # What a strategy says that was asked about others than there are now is not waited for.
            if (was is not None and _candidates_differ(was, is_)) or conversation in self._overtaken:
                self._stirred.add(conversation)
        if is_ is None or is_.invite.decision is None:
            self._overtaken.discard(conversation)
        if is_ is None:
            self._keys.pop(conversation, None)
        self._follow_offer(conversation, before, None)
        self._follow_offer(conversation, after, after)

    def _key(self, queue: QueueIndex, waiting: Waiting) -> SafeKey:
        """Its key by the queue's ordering: one that is not bundled has given it, or will."""
        ordering, invite = queue.ordering, waiting.invite
        if ordering is None:
            return NO_KEY
        if not ordering.is_bundled:
            number, key = self._keys.get(waiting.talk.id, (0, NO_KEY))
            return key if number == invite.number else NO_KEY
        try:
            return ordering.key(self.view(waiting))
        except Exception as error:  # noqa: BLE001  whatever a plugin raises, the turn goes on
            self._on_fault(ordering.plugin, ordering.what, f"{type(error).__name__}: {error}", BY_AGE)
            return NO_KEY

    def set_key(self, conversation: ConversationId, number: int, key: SafeKey) -> None:
        """Let an ordering outside the turn have given this key to an invite, which may be gone by now."""
        waiting = self._waiting.get(conversation)
        if waiting is None or waiting.invite.number != number:
            return
        self._keys[conversation] = number, key
        queue = self._queues[waiting.queue]
        queue.unpark(conversation, waiting.invite)
        queue.park(conversation, waiting.invite, self._key(queue, waiting))

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
        if old is not None:
            old.breaker.succeeded()  # Whatever failed here is over with these settings.
        for serves in self._serves.values():
            serves.pop(queue, None)
        if not isinstance(after, Queue):
            return
        strategy = self._strategy(after.settings)
        new = QueueIndex(after.settings, strategy, self._agents, self._on_fault, self._breaker(strategy, queue))
        new.ordering = self._ordering(after.settings)
        new.begin_day(self._day)
        self._queues[queue] = new
        for agent in self._agents.values():
            self._settle_service(new, agent.id, agent)
        if old is None:
            return
        for conversation in old.waiting():
            waiting = self._waiting[conversation]
            new.park(conversation, waiting.invite, self._key(new, waiting))
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

    def view(self, waiting: Waiting) -> InviteView:
        """A waiting invite as strategies and orderings see it."""
        return invite_view(waiting.talk, waiting.invite, self._queues[waiting.queue].required_of(waiting.invite))

    def all_waiting(self) -> Sequence[Waiting]:
        """Every parked invite."""
        return tuple(self._waiting.values())

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
        heap: list[_Next] = []
        marked: dict[QueueId, list[Standing]] = {}
        stirred: set[ConversationId] = set()
        self._push_marked(heap, marked, stirred)
        while heap:
            _, queue, standing, agent = heappop(heap)
            if not (self._serves_now(agent, queue) if agent else _take_first(marked[queue], standing)):
                continue
            match = self._match(standing[-1][-1], stirred)
            if match is not None:
                yield match
                self._push_marked(heap, marked, stirred)
            if agent:
                self._push_next(heap, agent, queue, standing)
            elif marked[queue]:
                first = marked[queue][0]
                heappush(heap, (first[-1], queue, first, agent))

    def _begin_day(self, day: int) -> None:
        if day != self._day:
            self._day = day
            for queue in self._queues.values():
                queue.begin_day(day)

    def _push_marked(
        self, heap: "list[_Next]", marked: dict[QueueId, list[Standing]], stirred: set[ConversationId]
    ) -> None:
        """Of each queue's marked invites the first, and of each marked agent's queues the first he could serve."""
        stirred |= self._stirred
        for conversation in self._marked_invites:
            if (waiting := self._waiting.get(conversation)) is not None:
                standing = self._queues[waiting.queue].standing(conversation)
                line = marked.setdefault(waiting.queue, [])
                heappush(line, standing)
                if line[0] is standing:
                    heappush(heap, (standing[-1], waiting.queue, standing, AgentId("")))
        for agent in self._marked_agents:
            for queue in self._serves.get(agent, ()):
                self._push_next(heap, agent, queue, None)
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

    def _serves_now(self, agent: AgentId, queue: QueueId) -> bool:
        """Whether he could take something from that queue now, if it has anything."""
        state, index = self._agents.get(agent), self._serves.get(agent, {}).get(queue)
        if state is None or index is None or not index.lines:
            return False
        return is_available(state, index.settings.media_domain)

    def _push_next(self, heap: "list[_Next]", agent: AgentId, queue: QueueId, behind: Standing | None) -> None:
        """The next waiting invite of the queue that this agent could serve, as long as he is still available."""
        if self._serves_now(agent, queue):
            first = self._queues[queue].first_after(agent, behind)
            if first is not None:
                heappush(heap, (first[-1], queue, first, agent))


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
    return Waiting(invite.target.queue, invite, frozenset(out), state)


def _take_first(line: list[Standing], standing: Standing) -> bool:
    """Take it from its line if it still is the first; one that came before it meanwhile has its turn by itself."""
    if not line or line[0] != standing:
        return False
    heappop(line)
    return True


def _candidates_differ(was: Waiting, is_: Waiting) -> bool:
    """Whether others may be asked than before, as far as it lies with the invite."""
    before, after = was.invite, is_.invite
    return was.excluded != is_.excluded or before.step != after.step or before.tried != after.tried


def _available_in(agent: Agent) -> list[MediaDomainId]:
    return [domain for domain in agent.ready if is_available(agent, domain)]
