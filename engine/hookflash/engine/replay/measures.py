"""What a day came to: waits, service level, occupancy, fairness; one fold over facts, recorded or simulated alike.

Occupancy is slot-seconds in use against slot-seconds there were while the agent took offers or still served. Fairness
is Gini's coefficient: 0 where all agents have the same, near 1 where one has everything.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import fmean, median
from typing import Final

from hookflash.engine.domain import events as e
from hookflash.engine.domain.address import Kind
from hookflash.engine.domain.agent import Agent, state_in
from hookflash.engine.domain.agent import evolve as agent_after
from hookflash.engine.domain.struct import Struct
from hookflash.engine.journal.record import Fact
from hookflash.sdk.types import AgentId, AgentState, InviteState, QueueId

__all__ = ["AgentMeasures", "Measures", "Measuring", "gini"]

_IDLE: Final = (AgentState.LOGGED_OUT, AgentState.NOT_READY, AgentState.INTERRUPTED)


class AgentMeasures(Struct, frozen=True, kw_only=True):
    """One agent's day: accepted offers of the queues measured, and the share of his slot time that was in use."""

    agent: AgentId
    handled: int
    occupancy: float


class Measures(Struct, frozen=True, kw_only=True):
    """A day's figures; `waiting` are those still open at its end.

    Waits are in seconds from placement to acceptance, None where nobody was answered. `faults` are decisions that the
    default made because the strategy failed.
    """

    arrivals: int
    answered: int
    abandoned: int
    unserved: int
    waiting: int
    service_level: float
    wait_average_s: float | None
    wait_median_s: float | None
    wait_p95_s: float | None
    offers_per_answer: float | None
    faults: int
    occupancy: float
    handled_gini: float
    occupancy_gini: float
    agents: tuple[AgentMeasures, ...]


class Measuring:
    """The fold. `within_s` is the time within which an answer counts for the service level; `queue`: only that one."""

    def __init__(self, within_s: float, queue: QueueId | None = None) -> None:
        """Begin with nothing measured."""
        self._within_s, self._queue = within_s, queue
        self._placed: dict[tuple[str, int], float] = {}
        self._waits: list[float] = []
        self._counts: Counter[str] = Counter()
        self._agents: dict[AgentId, _Shift] = defaultdict(_Shift)

    def follow(self, at: float, facts: Iterable[Fact]) -> None:
        """Take what happened at that time."""
        for fact in facts:
            if fact.subject.kind is Kind.CONVERSATION:
                self._conversation(at, fact.subject.id, fact.event)
            elif fact.subject.kind is Kind.AGENT:
                self._agents[AgentId(fact.subject.id)].follow(at, AgentId(fact.subject.id), fact.event)

    def _conversation(self, at: float, conversation: str, event: e.Event) -> None:
        match event:
            case e.InvitePlaced(invite=invite) if invite.target.queue is not None:
                if self._queue in (None, invite.target.queue):
                    self._placed[conversation, invite.number] = invite.placed_at
                    self._counts["arrivals"] += 1
            case e.OfferMade(invite=number) if (conversation, number) in self._placed:
                self._counts["offers"] += 1
            case e.DecisionMade(invite=number, fault=fault) if fault and (conversation, number) in self._placed:
                self._counts["faults"] += 1
            case e.InviteEnded(invite=number, state=state, agent=agent):
                placed_at = self._placed.pop((conversation, number), None)
                if placed_at is None:
                    return
                self._counts[state] += 1
                if state is InviteState.ACCEPTED and agent is not None:
                    self._waits.append(at - placed_at)
                    self._agents[agent].handled += 1
            case _:
                pass

    def measures(self, ends_at: float) -> Measures:
        """What it came to by then."""
        waits, counts = sorted(self._waits), self._counts
        agents = []
        for agent, shift in sorted(self._agents.items()):
            shift.pass_until(ends_at)
            if shift.there_s > 0 or shift.handled:
                occupancy = shift.used_s / shift.there_s if shift.there_s else 0.0
                agents.append(AgentMeasures(agent=agent, handled=shift.handled, occupancy=occupancy))
        there_s = sum(shift.there_s for shift in self._agents.values())
        return Measures(
            arrivals=counts["arrivals"],
            answered=len(waits),
            abandoned=counts[InviteState.CUSTOMER_LEFT],
            unserved=counts[InviteState.NO_AGENT],
            waiting=len(self._placed),
            service_level=sum(w <= self._within_s for w in waits) / counts["arrivals"] if counts["arrivals"] else 1.0,
            wait_average_s=fmean(waits) if waits else None,
            wait_median_s=median(waits) if waits else None,
            wait_p95_s=_percentile(waits) if waits else None,
            offers_per_answer=counts["offers"] / len(waits) if waits else None,
            faults=counts["faults"],
            occupancy=sum(shift.used_s for shift in self._agents.values()) / there_s if there_s else 0.0,
            handled_gini=gini([each.handled for each in agents]),
            occupancy_gini=gini([each.occupancy for each in agents]),
            agents=tuple(agents),
        )


@dataclass(slots=True)
class _Shift:
    """One agent's time, integrated: slot-seconds in use, and there."""

    state: Agent | None = None
    since: float = 0.0
    used_s: float = 0.0
    there_s: float = 0.0
    handled: int = field(default=0)

    def follow(self, at: float, agent: AgentId, event: e.Event) -> None:
        self.pass_until(at)
        self.state = agent_after(self.state, event, agent)  # type: ignore[arg-type]  # an agent's event

    def pass_until(self, at: float) -> None:
        took_s, self.since = max(at - self.since, 0.0), max(at, self.since)
        if self.state is None:
            return
        for domain, slots in self.state.capacity.items():
            used = self.state.active(domain)
            self.used_s += used * took_s
            if state_in(self.state, domain) not in _IDLE:
                self.there_s += max(slots, used) * took_s


def gini(values: Sequence[float]) -> float:
    """Gini's coefficient of values that are not negative; 0 where there is nothing to share."""
    total, count = sum(values), len(values)
    if not total:
        return 0.0
    weighted = sum(place * value for place, value in enumerate(sorted(values), start=1))
    return 2 * weighted / (count * total) - (count + 1) / count


def _percentile(waits: Sequence[float]) -> float:
    """The nearest rank: the least wait that so many are not longer than."""
    return waits[max(-(-len(waits) * 95 // 100) - 1, 0)]
