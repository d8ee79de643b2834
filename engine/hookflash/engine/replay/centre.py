"""A centre that lives a Day: the engine's own deciders, matching and timers, with people who do as was recorded.

Assumed of people: an agent answers his offers as he answered the recorded ones, in that order and over again; who had
none accepts after the usual time. A conversation takes whoever accepts it as long as it took the recorded agent, or the
queue's median where nobody took it. Customers who left do so after the same wait; the others wait for the whole ttl.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from math import inf
from statistics import median
from typing import Final, NamedTuple

from hookflash.engine.actors.cascade import Cascade, World
from hookflash.engine.actors.decisions import Decisions
from hookflash.engine.actors.directory import Directory
from hookflash.engine.actors.matching import Matching
from hookflash.engine.actors.registry import Registry
from hookflash.engine.actors.timers import Timers
from hookflash.engine.domain import commands as c
from hookflash.engine.domain import events as e
from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.conversation.state import Conversation
from hookflash.engine.domain.notices import Catalogue
from hookflash.engine.domain.refusals import Refusal
from hookflash.engine.domain.struct import changed
from hookflash.engine.domain.turn import Context
from hookflash.engine.domain.values import CloseCause, Customer, QueueSettings, Target
from hookflash.engine.journal.record import Fact
from hookflash.engine.plugins import PluginHost
from hookflash.engine.plugins.strategies import LoadedStrategy
from hookflash.engine.replay.day import Answer, Arrival, Day
from hookflash.sdk.types import AgentId, ConversationId, InviteKind, InviteState, OfferOutcome, QueueId

__all__ = ["Centre", "Changed", "NotTried", "Variant"]

_HANDLING_S: Final = 60.0
"""How long a conversation takes where nothing at all was handled that day."""

_TURNS_PER_LEG_MAX: Final = 10_000


class NotTried(Exception):  # noqa: N818  the sentence is the command's answer
    """The trial cannot be made: no plugin has that strategy, or not with those options; or there is no queue."""


class Changed(NamedTuple):
    """The strategy to try, and its options; in one queue, or (None) in all."""

    strategy: str
    options: Mapping[str, str]
    queue: QueueId | None = None

    def of(self, settings: QueueSettings) -> QueueSettings:
        """The queue's settings with it; what only the engine reads of its options stays."""
        if self.queue not in (None, settings.id):
            return settings
        return changed(settings, strategy=self.strategy, strategy_options=dict(self.options))


Variant = Changed | None
"""What is other than recorded: None for nothing."""


class _Entry(NamedTuple):
    """Something to be asked; with an `invite`, only while that one is open."""

    at: float
    number: int
    address: Address
    command: c.Command
    invite: int | None


@dataclass(slots=True)
class _Talk:
    """A conversation's course: at which leg it is."""

    arrival: Arrival
    leg: int = 0


class Centre:
    """One run; `run` may be called once."""

    def __init__(self, day: Day, plugins: PluginHost, variant: Variant = None) -> None:
        """Put the engine's parts together, without journal and loop."""
        self._day, self._variant, self._plugins = day, variant, plugins
        registry = Registry()
        directory = Directory(registry, plugins, _nobody)
        matching = Matching(_asked_at_once(plugins), _failed)
        self._world = World(directory, registry, Timers(), matching, Decisions(directory, matching, plugins))
        self._catalogue = Catalogue()
        self._agenda: list[_Entry] = []
        self._order = count()
        self._position = 0
        self._talks: dict[ConversationId, _Talk] = {}
        self._answered: Counter[AgentId] = Counter()
        self._usual_s = _usual_answer_s(day)
        self._handling_s = _handling_s(day)

    def run(self) -> Iterator[tuple[float, Sequence[Fact]]]:
        """Live the day to the end of its last conversation: what happened, and when."""
        for asked in self._day.asked:
            command = asked.command
            if isinstance(command, c.Apply) and self._variant is not None:
                command = changed(command, queues=tuple(self._variant.of(queue) for queue in command.queues))
            self._later(asked.at, asked.address, command)
        for arrival in self._day.arrivals:
            self._talks[arrival.conversation] = _Talk(arrival)
            self._later(arrival.at, _address(arrival.conversation), _opening(arrival))
        turns_max = _TURNS_PER_LEG_MAX * (len(self._day.asked) + sum(len(each.legs) for each in self._day.arrivals) + 1)
        for _ in range(turns_max):
            turn = self._next()
            if turn is None:
                return
            at, facts = turn
            for fact in facts:
                self._react(at, fact)
            yield at, facts
        raise RuntimeError(f"the day has not ended after {turns_max:,} turns")

    def _next(self) -> tuple[float, Sequence[Fact]] | None:
        """What comes next: people before deadlines, for at the same instant an accept wins (R-O2)."""
        due_at = self._world.timers.next_at()
        if self._agenda and self._agenda[0].at <= (inf if due_at is None else due_at):
            entry = heappop(self._agenda)
            if entry.invite is not None and not self._is_open(entry.address, entry.invite):
                return entry.at, ()
            return entry.at, self._turn(entry.at, entry.address, entry.command)
        if due_at is None:
            return None
        when, address, command = next(self._world.timers.due(due_at))
        return when, self._turn(when, address, command)

    def _turn(self, at: float, address: Address, command: c.Command) -> Sequence[Fact]:
        self._position += 1
        ctx = Context(
            now=at,
            position=self._position,
            limits=self._day.limits,
            catalogue=self._catalogue,
            facts=self._world.directory,
        )
        cascade = Cascade(self._world, ctx)
        try:
            cascade.run(address, command)
        except Refusal as refusal:
            cascade.roll_back()
            if isinstance(command, c.Apply):
                raise NotTried(str(refusal)) from refusal
            if isinstance(command, c.PlaceInvite):
                self._later(at, address, c.Close(agent=command.agent, cause=CloseCause.AGENT))
            return ()  # What was recorded does not fit any more: the agent is elsewhere, the offer is gone.
        return cascade.facts

    def _react(self, at: float, fact: Fact) -> None:
        if fact.subject.kind is not Kind.CONVERSATION:
            return
        conversation = ConversationId(fact.subject.id)
        talk = self._talks[conversation]
        match fact.event:
            case e.InvitePlaced(invite=invite) if invite.number == 1 or invite.kind is InviteKind.TRANSFER:
                talk.leg += invite.number > 1
                patience_s = talk.arrival.legs[talk.leg].patience_s
                if patience_s is not None:
                    self._later(at + patience_s, fact.subject, c.EndSession(), invite.number)
            case e.OfferMade(offer=offer):
                self._answer(at, fact.subject, offer.number, offer.agent)
            case e.InviteEnded(state=InviteState.ACCEPTED, agent=agent) if agent is not None:
                self._later(at + self._length_s(talk), fact.subject, self._after(talk, agent))
            case e.InviteEnded(state=InviteState.NO_AGENT):
                self._later(at, fact.subject, c.Close(agent=None, cause=CloseCause.SERVICE))
            case e.ConversationClosed():
                self._forget(fact.subject)
            case _:
                pass

    def _answer(self, at: float, conversation: Address, offer: int, agent: AgentId) -> None:
        recorded = self._day.answers.get(agent)
        answer = Answer(OfferOutcome.ACCEPTED, self._usual_s)
        if recorded:
            answer = recorded[self._answered[agent] % len(recorded)]
            self._answered[agent] += 1
        if answer.outcome is OfferOutcome.ACCEPTED:
            self._later(at + answer.after_s, conversation, c.AcceptOffer(number=offer, agent=agent))
        elif answer.outcome is OfferOutcome.DECLINED:
            self._later(at + answer.after_s, conversation, c.DeclineOffer(number=offer, agent=agent))

    def _after(self, talk: _Talk, agent: AgentId) -> c.Command:
        """What the agent does when he is done: transfer it on as was recorded, or close it."""
        if talk.leg + 1 == len(talk.arrival.legs):
            return c.Close(agent=agent, cause=CloseCause.AGENT)
        leg = talk.arrival.legs[talk.leg + 1]
        target = Target(queue=leg.queue)
        return c.PlaceInvite(
            kind=InviteKind.TRANSFER, agent=agent, target=target, ttl_s=leg.ttl_s, priority=leg.priority
        )

    def _length_s(self, talk: _Talk) -> float:
        leg, legs = talk.arrival.legs[talk.leg], talk.arrival.legs
        if talk.leg + 1 < len(legs):
            return legs[talk.leg + 1].after_s
        return self._handling_s(leg.queue) if leg.handling_s is None else leg.handling_s

    def _later(self, at: float, address: Address, command: c.Command, invite: int | None = None) -> None:
        heappush(self._agenda, _Entry(at, next(self._order), address, command, invite))

    def _is_open(self, address: Address, invite: int) -> bool:
        entity = self._world.directory.find(address)
        state = entity.state if entity is not None else None
        return isinstance(state, Conversation) and state.open_invite is not None and state.invites == invite

    def _forget(self, address: Address) -> None:
        entity = self._world.directory.find(address)
        if entity is not None:
            self._world.follow(address, entity.state, None)
            self._world.directory.drop(address)


def _asked_at_once(plugins: PluginHost) -> Callable[[QueueSettings], LoadedStrategy]:
    """How a queue's strategy is found; there is no hurry here, so whoever made it, it is asked in the turn."""

    def strategy(settings: QueueSettings) -> LoadedStrategy:
        found = plugins.strategy(settings.strategy)
        if found is None:
            raise NotTried(f"No plugin has the strategy {settings.strategy!r}; install it, or try another.")
        return changed(found, is_bundled=True)

    return strategy


def _failed(_plugin: str, what: str, error: str, _fallback: str) -> None:
    raise NotTried(f"The {what} cannot order these: {error}.")


def _opening(arrival: Arrival) -> c.OpenConversation:
    leg = arrival.legs[0]
    return c.OpenConversation(
        channel=arrival.channel,
        address=arrival.conversation,
        customer=Customer(),
        target=Target(queue=leg.queue),
        priority=leg.priority,
        ttl_s=leg.ttl_s,
    )


def _usual_answer_s(day: Day) -> float:
    taken = [a.after_s for answers in day.answers.values() for a in answers if a.outcome is OfferOutcome.ACCEPTED]
    return median(taken) if taken else 0.0


def _handling_s(day: Day) -> Callable[[QueueId], float]:
    """The median per queue of what was handled; of all queues where that one handled nothing."""
    known: defaultdict[QueueId, list[float]] = defaultdict(list)
    for arrival in day.arrivals:
        for leg in arrival.legs:
            if leg.handling_s is not None:
                known[leg.queue].append(leg.handling_s)
    medians = {queue: median(times) for queue, times in known.items()}
    usual_s = median([s for times in known.values() for s in times]) if known else _HANDLING_S
    return lambda queue: medians.get(queue, usual_s)


def _address(conversation: ConversationId) -> Address:
    return Address(Kind.CONVERSATION, conversation)


def _nobody(_address: Address, _message: object, _reply: object) -> None:
    raise RuntimeError("nobody writes to an entity of a replayed day")
