"""Why each agent of a queue is or is not asked for an invite, found out from states alone (R-E2).

A Moment is what stood when it was decided: live states, or states folded from the journal. What is found of one is the
same in both cases, may be found out on any thread, and asks no plugin but for the order of a bundled strategy.
"""

from collections.abc import Callable, Collection, Mapping
from enum import StrEnum
from typing import Final, final

from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.agent import AVAILABLE, Agent, day_of, state_in
from hookflash.engine.domain.conversation.state import Conversation
from hookflash.engine.domain.queue import Queue
from hookflash.engine.domain.struct import Struct
from hookflash.engine.domain.values import Invite, QueueSettings
from hookflash.engine.plugins.strategies import LoadedStrategy
from hookflash.sdk.routing import OrderKey
from hookflash.sdk.types import AgentId, AgentState

from .matching import Matching, Waiting
from .queue_index import QueueIndex

__all__ = ["Considered", "Moment", "Verdict", "considered"]

StrategyOf = Callable[[QueueSettings], LoadedStrategy]


class Verdict(StrEnum):
    """What was found about an agent: the first that fits, from the top."""

    ASKED = "ASKED"
    REQUESTER = "REQUESTER"
    PARTICIPANT = "PARTICIPANT"
    UNAVAILABLE = "UNAVAILABLE"
    STEP_NOT_OPEN = "STEP_NOT_OPEN"
    PAUSED = "PAUSED"
    CANDIDATE = "CANDIDATE"
    PASSED_OVER = "PASSED_OVER"
    LATER_STEP = "LATER_STEP"
    NOT_SERVING = "NOT_SERVING"


_SHOWN_FIRST: Final = {
    verdict: place
    for place, verdict in enumerate(
        (
            Verdict.ASKED,
            Verdict.CANDIDATE,
            Verdict.PASSED_OVER,
            Verdict.LATER_STEP,
            Verdict.PAUSED,
            Verdict.STEP_NOT_OPEN,
            Verdict.REQUESTER,
            Verdict.PARTICIPANT,
            Verdict.UNAVAILABLE,
            Verdict.NOT_SERVING,
        )
    )
}


@final
class Considered(Struct, frozen=True, kw_only=True):
    """One agent of the queue, or one who was asked about, looked at for one invite.

    `step` is the first that he matches. `key` is his in the strategy's order, None while he is not available; `place`
    among the candidates counts from 1 and is 0 for who is none.
    """

    agent: AgentId
    display_name: str
    verdict: Verdict
    state: AgentState
    active: int
    reserved: int
    capacity: int
    step: int = 1
    offers_before: int = 0
    paused_until: float | None = None
    key: OrderKey | None = None
    place: int = 0


@final
class Moment(Struct, frozen=True, kw_only=True):
    """What stood at a time: the conversation with its open invite, the invite's queue (if it has one), all agents."""

    at: float
    conversation: Conversation
    queue: Queue | None
    agents: Mapping[AgentId, Agent]

    @property
    def invite(self) -> Invite:
        """The open invite. Raises LookupError where there is none."""
        if self.conversation.open_invite is None:
            raise LookupError(f"conversation {self.conversation.id} has no open invite")
        return self.conversation.open_invite


def considered(
    moment: Moment, strategy_of: StrategyOf, asked: Collection[AgentId] = (), named: Collection[AgentId] = ()
) -> list[Considered]:
    """Look at every agent of the queue; those asked first, then the candidates in their order, then the others.

    `asked` are those to whom the decision led. An invite to a named agent has one agent to look at: him. Those `named`
    are looked at in any case: at the end come the ones among them whom the invite cannot be offered to.
    """
    queue = moment.queue
    found = _of_target(moment, asked) if queue is None else _of_queue(moment, queue, strategy_of, asked)
    known = {each.agent for each in found}
    others = [moment.agents[agent] for agent in sorted(named) if agent not in known and agent in moment.agents]
    return [*found, *(_alone(moment, agent, Verdict.NOT_SERVING) for agent in others)]


def _of_target(moment: Moment, asked: Collection[AgentId]) -> list[Considered]:
    target = moment.invite.target.agent
    agent = None if target is None else moment.agents.get(target)
    if agent is None:
        return []
    is_available = state_in(agent, moment.invite.media_domain) in AVAILABLE
    verdict = Verdict.CANDIDATE if is_available else Verdict.UNAVAILABLE
    return [_alone(moment, agent, Verdict.ASKED if agent.id in asked else verdict)]


def _of_queue(moment: Moment, queue: Queue, strategy_of: StrategyOf, asked: Collection[AgentId]) -> list[Considered]:
    matching = Matching(strategy_of, lambda *_fault: None)
    settings = queue.settings
    matching.change(Address(Kind.QUEUE, settings.id), None, queue)
    for agent in moment.agents.values():
        matching.change(Address(Kind.AGENT, agent.id), None, agent)
    matching.change(Address(Kind.CONVERSATION, moment.conversation.id), None, moment.conversation)
    index, waiting = matching.index(settings.id), matching.waiting(moment.conversation.id)
    if waiting is None:
        return []
    index.begin_day(day_of(moment.at))
    look = _Look(moment, index, waiting, asked)
    found = [look.at(moment.agents[agent], step) for agent, step in index.serving.items()]
    return sorted(found, key=lambda each: (_SHOWN_FIRST[each.verdict], each.place, each.step, each.agent))


class _Look:
    """One moment's queue, indexed as the matching had it."""

    def __init__(self, moment: Moment, index: QueueIndex, waiting: Waiting, asked: Collection[AgentId]) -> None:
        self._moment, self._index, self._asked = moment, index, asked
        self._invite, self._domain = waiting.invite, index.settings.media_domain
        eligible = index.eligible(waiting.invite, waiting.excluded)
        candidates = [] if eligible is None else [view.id for view in eligible]
        self._places = {agent: place for place, agent in enumerate(candidates, start=1)}
        tried = None if not candidates else self._invite.tried_of(candidates[0])
        self._class = 0 if tried is None else tried.count

    def at(self, agent: Agent, step: int) -> Considered:
        """What is found about an agent who serves the queue from that step on."""
        tried, domain = self._invite.tried_of(agent.id), self._domain
        return Considered(
            agent=agent.id,
            display_name=agent.settings.name,
            verdict=self._verdict(agent, step),
            state=state_in(agent, domain),
            active=agent.active(domain),
            reserved=agent.reserved(domain),
            capacity=agent.capacity.get(domain, 0),
            step=step,
            offers_before=0 if tried is None else tried.count,
            paused_until=None if tried is None else tried.paused_until,
            key=self._index.key_of(agent.id),
            place=self._places.get(agent.id, 0),
        )

    def _verdict(self, agent: Agent, step: int) -> Verdict:
        invite, tried = self._invite, self._invite.tried_of(agent.id)
        if agent.id in self._asked:
            return Verdict.ASKED
        if agent.id == invite.requester:
            return Verdict.REQUESTER
        if self._moment.conversation.participant(agent.id) is not None:
            return Verdict.PARTICIPANT
        if state_in(agent, self._domain) not in AVAILABLE:
            return Verdict.UNAVAILABLE
        if step > invite.step:
            return Verdict.STEP_NOT_OPEN
        if tried is not None and tried.paused_until is not None:
            return Verdict.PAUSED
        if agent.id in self._places:
            return Verdict.CANDIDATE
        return Verdict.LATER_STEP if tried is None or tried.count <= self._class else Verdict.PASSED_OVER


def _alone(moment: Moment, agent: Agent, verdict: Verdict) -> Considered:
    domain = moment.invite.media_domain
    return Considered(
        agent=agent.id,
        display_name=agent.settings.name,
        verdict=verdict,
        state=state_in(agent, domain),
        active=agent.active(domain),
        reserved=agent.reserved(domain),
        capacity=agent.capacity.get(domain, 0),
    )
