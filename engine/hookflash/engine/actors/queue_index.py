"""One queue as the matching sees it: who serves it in which order, and who waits in it.

Kept in order, so choosing among thousands of agents costs a look at the first few. An agent who changes is only
noted down, and gets his place in the order when the queue is next asked: he may serve hundreds that nobody waits in.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple, cast

from sortedcontainers import SortedList

from hookflash.engine.domain.agent import AVAILABLE, Agent, state_in
from hookflash.engine.domain.expressions import Expression, parse
from hookflash.engine.domain.values import Invite, QueueSettings
from hookflash.engine.plugins.strategies import FALLBACK, LoadedStrategy
from hookflash.sdk.routing import AgentView, OrderKey, QueueView
from hookflash.sdk.types import AgentId, AgentState, AttributeId, ConversationId

__all__ = ["LineKey", "QueueIndex", "QueueStats"]

LineKey = tuple[int, int, float, int, ConversationId]
"""R-Q3: queue priority, invite priority (both negated), age, number of placement, and the id to break ties."""


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


class _Candidate(NamedTuple):
    step: int
    key: OrderKey
    view: AgentView


class QueueIndex:
    """A queue's candidates per step, and its waiting invites per open step."""

    def __init__(self, settings: QueueSettings, strategy: LoadedStrategy, agents: Mapping[AgentId, Agent]) -> None:
        """Begin without invites, and with nobody serving; `agents` are all there are, as they are at any time."""
        self.settings = settings
        self.strategy = strategy
        self._agents = agents
        self.view = QueueView(
            id=settings.id,
            media_domain=settings.media_domain,
            priority=settings.priority,
            options=settings.strategy_options,
        )
        self.serving: dict[AgentId, int] = {}
        self._steps: list[Expression] = [parse(step.expression) for step in settings.steps] or [parse("")]
        self._changed: dict[AgentId, None] = {}
        self._available: dict[AgentId, _Candidate] = {}
        self._order: list[SortedList[tuple[OrderKey, AgentId]]] = [SortedList() for _ in self._steps]
        self._ready = 0
        self.lines: dict[int, SortedList[LineKey]] = {}
        self._ages: SortedList[float] = SortedList()
        self.offered: dict[ConversationId, float] = {}

    def step_of(self, attributes: Mapping[AttributeId, int]) -> int | None:
        """The first step (from 1) whose expression matches, or None."""
        named = cast("Mapping[str, int]", attributes)
        return next((n for n, step in enumerate(self._steps, start=1) if step.matches(named)), None)

    def agent_changed(self, agent: AgentId) -> None:
        """His place is to be found anew."""
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
        view = None if step is None else _view(self.settings, self._agents.get(agent))
        if view is None or step is None:
            return
        # A strategy that is not bundled is asked outside the cascade; until then the default order stands in.
        order = self.strategy if self.strategy.is_bundled else FALLBACK
        key = order.strategy.order(view, self.view)
        self._available[agent] = _Candidate(step, key, view)
        self._order[step - 1].add((key, agent))
        self._ready += view.state is AgentState.READY

    def best(self, invite: Invite, excluded: Collection[AgentId]) -> AgentId | None:
        """The candidate of R-Q7: fewest earlier offers of this invite, then lowest step, then the strategy's order."""
        self._settle()
        tried = {t.agent: t for t in invite.tried}
        for order in self._order[: invite.step]:
            for _, agent in order:
                if agent not in excluded and agent not in tried:
                    return agent
        again = [
            (t.count, found.step, found.key, t.agent)
            for t in invite.tried
            if t.agent not in excluded
            and t.paused_until is None
            and (found := self._available.get(t.agent)) is not None
            and found.step <= invite.step
        ]
        return min(again)[3] if again else None

    def candidates(self, invite: Invite, excluded: Collection[AgentId]) -> list[AgentView]:
        """Everybody whom a strategy may choose now: those with the fewest earlier offers, on the lowest step."""
        self._settle()
        best: dict[tuple[int, int], list[AgentView]] = {}
        tried = {t.agent: t for t in invite.tried}
        for agent, found in self._available.items():
            earlier = tried.get(agent)
            if agent in excluded or found.step > invite.step or (earlier and earlier.paused_until is not None):
                continue
            best.setdefault((earlier.count if earlier else 0, found.step), []).append(found.view)
        return best[min(best)] if best else []

    def is_open_to(self, invite: Invite, agent: AgentId, excluded: Collection[AgentId]) -> bool:
        """Whether that agent is a candidate for the invite now (R-Q4)."""
        self._settle()
        found = self._available.get(agent)
        if found is None or found.step > invite.step or agent in excluded:
            return False
        tried = invite.tried_of(agent)
        return tried is None or tried.paused_until is None

    def line_key(self, conversation: ConversationId, invite: Invite) -> LineKey:
        """The place of an invite among all waiting ones."""
        return -self.settings.priority, -invite.priority, invite.placed_at, invite.placement, conversation

    def park(self, conversation: ConversationId, invite: Invite) -> None:
        """Let it wait."""
        self.lines.setdefault(invite.step, SortedList()).add(self.line_key(conversation, invite))
        self._ages.add(invite.placed_at)

    def unpark(self, conversation: ConversationId, invite: Invite) -> None:
        """It waits no more."""
        line = self.lines[invite.step]
        line.remove(self.line_key(conversation, invite))
        if not line:
            del self.lines[invite.step]
        self._ages.remove(invite.placed_at)

    def set_offered(self, conversation: ConversationId, made_at: float | None) -> None:
        """An invite of this queue is being offered since then, or is not any more."""
        if made_at is None:
            self.offered.pop(conversation, None)
        else:
            self.offered[conversation] = made_at

    def first_after(self, agent: AgentId, key: LineKey | None) -> LineKey | None:
        """The first invite behind `key` in the lines whose open steps reach that agent."""
        step = self.serving.get(agent)
        if step is None:
            return None
        firsts = [found for n, line in self.lines.items() if n >= step and (found := _after(line, key)) is not None]
        return min(firsts) if firsts else None

    def waiting(self) -> Iterator[LineKey]:
        """Every waiting invite."""
        for line in self.lines.values():
            yield from line

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
            longest_offer_at=min(self.offered.values(), default=None),
        )


def _after(line: "SortedList[LineKey]", key: LineKey | None) -> LineKey | None:
    at = 0 if key is None else line.bisect_right(key)
    return line[at] if at < len(line) else None


def _view(settings: QueueSettings, agent: Agent | None) -> AgentView | None:
    """The agent as strategies see him, or None while he is not available there."""
    domain, options = settings.media_domain, settings.strategy_options
    state = None if agent is None else state_in(agent, domain)
    if agent is None or state not in AVAILABLE:
        return None
    attributes = cast("Mapping[str, int]", agent.settings.attributes)
    return AgentView(
        id=agent.id,
        state=state,
        load=agent.active(domain) + agent.reserved(domain),
        capacity=agent.capacity.get(domain, 0),
        available_since=agent.available_since.get(domain, 0.0),
        attributes=attributes,
        rank=_level(attributes, options.get("rank_by", "")),
        place=agent.place,
        weight=_level(attributes, options.get("weight_by", "")),
    )


def _level(attributes: Mapping[str, int], name: str) -> int:
    return attributes.get(name, 1) if name else 1
