"""One queue as the matching sees it: who serves it in which order, and who waits in it.

Kept in order, so choosing among thousands of agents costs a look at the first few. An agent who changes is only
noted down, and gets his place in the order when the queue is next asked: he may serve hundreds that nobody waits in.
"""

from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple, cast

from sortedcontainers import SortedList

from hookflash.engine.domain.agent import Agent
from hookflash.engine.domain.expressions import Expression, parse
from hookflash.engine.domain.values import Invite, QueueSettings
from hookflash.engine.plugins.orderings import LoadedOrdering, SafeKey
from hookflash.engine.plugins.strategies import FALLBACK, LoadedStrategy
from hookflash.sdk.hosting.breaker import Breaker
from hookflash.sdk.routing import AgentView, OrderKey, QueueView
from hookflash.sdk.types import AgentId, AgentState, AttributeId, ConversationId

from .eligible import Candidate, Eligible, Place
from .shown import agent_view, levels_in

__all__ = ["FaultListener", "LineKey", "QueueIndex", "QueueStats", "Standing"]

FaultListener = Callable[[str, str, str, str], None]
"""Is told of a plugin's fault: its name, what failed, how, and what is done instead."""

LineKey = tuple[int, int, float, int, ConversationId]
"""R-Q3: queue priority, invite priority (both negated), age, number of placement, and the id to break ties."""


Standing = tuple[SafeKey, LineKey]
"""A waiting invite's place in its own queue: by the key of the queue's ordering, then R-Q3."""


class QueueStats(NamedTuple):
    """The counts of a queue; times in seconds of engine time, None where nobody waits or is offered."""

    ready: int
    active: int
    waiting: int
    oldest_placed_at: float | None
    longest_offer_at: float | None

    @property
    def available(self) -> int:
        """Ready + active: what the transfer menu shows (R-A4)."""
        return self.ready + self.active


class QueueIndex:
    """A queue's candidates per step, and its waiting invites per open step."""

    def __init__(
        self,
        settings: QueueSettings,
        strategy: LoadedStrategy,
        agents: Mapping[AgentId, Agent],
        on_fault: FaultListener,
        breaker: Breaker,
    ) -> None:
        """Begin without invites, and with nobody serving; `agents` are all there are, as they are at any time.

        `breaker` is that of the order in this queue alone, for another's options and agents may suit the strategy.
        """
        self.settings = settings
        self.strategy = strategy
        self.ordering: LoadedOrdering | None = None
        self.asks = strategy.selecting is not None or not strategy.is_bundled
        self._agents = agents
        self._on_fault = on_fault
        self.breaker = breaker
        self.has_fallen_back = False
        self._steps: list[Expression] = [parse(step.expression) for step in settings.steps] or [parse("")]
        self.view = QueueView(
            id=settings.id,
            media_domain=settings.media_domain,
            priority=settings.priority,
            options=settings.strategy_options,
            required=tuple(dict.fromkeys(name for step in self._steps for name in step.names)),
            display_name=settings.display_name,
        )
        self._required = [levels_in(self._steps[: n + 1]) for n in range(len(self._steps))]
        self.serving: dict[AgentId, int] = {}
        self._today = 0
        self._changed: dict[AgentId, None] = {}
        self._available: dict[AgentId, Candidate] = {}
        self._order: list[SortedList[Place]] = [SortedList() for _ in self._steps]
        self._ready = 0
        self.lines: dict[int, SortedList[Standing]] = {}
        self._standings: dict[ConversationId, tuple[int, Standing]] = {}
        self._ages: SortedList[float] = SortedList()
        self.held: set[ConversationId] = set()
        self.asked: set[ConversationId] = set()
        self._offered: dict[ConversationId, float] = {}
        self._offers_at: SortedList[float] = SortedList()

    def step_of(self, attributes: Mapping[AttributeId, int]) -> int | None:
        """The first step (from 1) whose expression matches, or None."""
        named = cast("Mapping[str, int]", attributes)
        return next((n for n, step in enumerate(self._steps, start=1) if step.matches(named)), None)

    def agent_changed(self, agent: AgentId) -> None:
        """His place is to be found anew."""
        self._changed[agent] = None

    def begin_day(self, day: int) -> None:
        """What agents did "today" counts anew."""
        if day == self._today:
            return
        self._today = day
        for agent, found in self._available.items():
            if found.view.handled:
                self._changed[agent] = None

    def _settle(self) -> None:
        """Find their places for the agents who changed."""
        while self._changed:
            agent, _ = self._changed.popitem()
            self._place(agent)

    def _place(self, agent: AgentId) -> None:
        """Put an agent in his place in the order, or take him out of it."""
        old = self._available.pop(agent, None)
        if old is not None:
            self._order[old.step - 1].remove((old.key, agent))
            self._ready -= old.view.state is AgentState.READY
        step = self.serving.get(agent)
        view = None if step is None else agent_view(self.settings, self._agents.get(agent), self._today)
        if view is None or step is None:
            return
        self._ready += view.state is AgentState.READY
        try:
            key = self._key(view)
            self._available[agent] = Candidate(step, key, view)
            self._order[step - 1].add((key, agent))
        except Exception as error:  # noqa: BLE001  whatever a plugin raises, or gives as a key, the turn goes on
            self._available[agent] = Candidate(step, (), view)
            self._fall_back(error)

    def _key(self, view: AgentView) -> OrderKey:
        """His place by the strategy; by the default where it is asked outside the cascade, or has just failed."""
        by_strategy = self.strategy.is_bundled and not self.has_fallen_back
        return (self.strategy if by_strategy else FALLBACK).strategy.order(view, self.view)

    def _fall_back(self, error: Exception) -> None:
        """Put everybody in the default order: keys of two makers cannot be compared."""
        fault = f"{type(error).__name__}: {error}"
        self._on_fault(self.strategy.plugin, self.strategy.what, fault, FALLBACK.name)
        self.breaker.failed()
        self.has_fallen_back = True
        self._order_all()

    def _ask_again(self) -> None:
        """Let the strategy order everybody once more (R-Q8)."""
        self._settle()
        self.has_fallen_back = False
        try:
            self._order_all()
        except Exception as error:  # noqa: BLE001  as above
            self._fall_back(error)
        else:
            self.breaker.succeeded()

    def _order_all(self) -> None:
        """Find everybody's place anew. Whatever a plugin raises comes through, and nothing has changed."""
        available = {
            agent: Candidate(found.step, self._key(found.view), found.view) for agent, found in self._available.items()
        }
        order: list[list[Place]] = [[] for _ in self._order]
        for agent, found in available.items():
            order[found.step - 1].append((found.key, agent))
        self._order = [SortedList(places) for places in order]
        self._available = available

    def eligible(self, invite: Invite, excluded: frozenset[AgentId]) -> Eligible | None:
        """Among whom a strategy may choose (R-Q7): fewest earlier offers of this invite, then the lowest step."""
        if self.has_fallen_back and self.breaker.admit():
            self._ask_again()
        self._settle()
        available = self._available
        left_out = excluded.union([t.agent for t in invite.tried]) if invite.tried else excluded
        steps = [available[agent].step for agent in left_out if agent in available]
        for step, order in enumerate(self._order[: invite.step], start=1):
            if len(order) > steps.count(step):
                return Eligible(step, order, left_out, available)
        again = [
            (t.count, found.step, (found.key, t.agent))
            for t in invite.tried
            if t.agent not in excluded
            and t.paused_until is None
            and (found := available.get(t.agent)) is not None
            and found.step <= invite.step
        ]
        if not again:
            return None
        count, step = min(again)[:2]
        asked = SortedList([place for times, on, place in again if (times, on) == (count, step)])
        return Eligible(step, asked, (), {agent: available[agent] for _, agent in asked})

    def by_default(self, eligible: Eligible) -> AgentId:
        """The one of them whom the default takes: what holds where the strategy failed (R-Q8)."""
        if not self.strategy.is_bundled or self.has_fallen_back:
            return eligible.first  # They stand in the default order already.
        return min(eligible, key=lambda view: (FALLBACK.strategy.order(view, self.view), view.id)).id

    def is_open_to(self, invite: Invite, agent: AgentId, excluded: Collection[AgentId]) -> bool:
        """Whether that agent is a candidate for the invite now (R-Q4)."""
        self._settle()
        found = self._available.get(agent)
        if found is None or found.step > invite.step or agent in excluded:
            return False
        tried = invite.tried_of(agent)
        return tried is None or tried.paused_until is None

    def key_of(self, agent: AgentId) -> OrderKey | None:
        """The agent's key in the order; None while he is not available."""
        self._settle()
        found = self._available.get(agent)
        return None if found is None else found.key

    def line_key(self, conversation: ConversationId, invite: Invite) -> LineKey:
        """The place of an invite among all waiting ones."""
        return -self.settings.priority, -invite.priority, invite.placed_at, invite.placement, conversation

    def park(self, conversation: ConversationId, invite: Invite, key: SafeKey) -> None:
        """Let it wait; `key` is its key by the queue's ordering, () where there is none."""
        standing = (key, self.line_key(conversation, invite))
        self._standings[conversation] = invite.step, standing
        self.lines.setdefault(invite.step, SortedList()).add(standing)
        self._ages.add(invite.placed_at)
        if invite.wait_until is not None:
            self.held.add(conversation)
        elif invite.decision is not None:
            self.asked.add(conversation)

    def unpark(self, conversation: ConversationId, invite: Invite) -> None:
        """It waits no more."""
        step, standing = self._standings.pop(conversation)
        line = self.lines[step]
        line.remove(standing)
        if not line:
            del self.lines[step]
        self._ages.remove(invite.placed_at)
        self.held.discard(conversation)
        self.asked.discard(conversation)

    def set_offered(self, conversation: ConversationId, made_at: float | None) -> None:
        """An invite of this queue is being offered since then, or is not any more."""
        before = self._offered.pop(conversation, None)
        if before is not None:
            self._offers_at.remove(before)
        if made_at is not None:
            self._offered[conversation] = made_at
            self._offers_at.add(made_at)

    def take_offered(self, old: "QueueIndex") -> None:
        """Go on with what is being offered under the settings before."""
        for conversation, made_at in old._offered.items():  # noqa: SLF001  its own kind
            self.set_offered(conversation, made_at)

    def standing(self, conversation: ConversationId) -> Standing:
        """The place of an invite that waits here. Raises KeyError."""
        return self._standings[conversation][1]

    def first_after(self, agent: AgentId, behind: Standing | None) -> Standing | None:
        """The first invite behind that place in the lines whose open steps reach that agent."""
        step = self.serving.get(agent)
        if step is None:
            return None
        firsts = [found for n, line in self.lines.items() if n >= step and (found := _after(line, behind)) is not None]
        return min(firsts) if firsts else None

    def rank(self, conversation: ConversationId) -> int:
        """The place of a waiting invite among all that wait here, from 1 (R-E1)."""
        standing = self.standing(conversation)
        return 1 + sum(line.bisect_left(standing) for line in self.lines.values())

    def waiting(self) -> Collection[ConversationId]:
        """Whose invites wait here."""
        return self._standings.keys()

    def required_of(self, invite: Invite) -> Mapping[str, int]:
        """The least levels that the invite's open steps name."""
        return self._required[min(invite.step, len(self._required)) - 1]

    def stats(self, leave_out: Collection[AgentId]) -> QueueStats:
        """The counts, without those agents."""
        self._settle()
        ready, active = self._ready, len(self._available) - self._ready
        for agent in leave_out:
            found = self._available.get(agent)
            if found is not None:
                is_ready = found.view.state is AgentState.READY
                ready, active = ready - is_ready, active - (not is_ready)
        return QueueStats(
            ready=ready,
            active=active,
            waiting=len(self._ages),
            oldest_placed_at=self._ages[0] if self._ages else None,
            longest_offer_at=self._offers_at[0] if self._offers_at else None,
        )


def _after(line: "SortedList[Standing]", behind: Standing | None) -> Standing | None:
    at = 0 if behind is None else line.bisect_right(behind)
    return line[at] if at < len(line) else None
