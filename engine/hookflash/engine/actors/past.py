"""What was decided for an invite and from what, read from the journal alone (R-E2).

Only `evolve` is called, as at recovery, and only for what a decision was made from: the conversation, agents, queues.
Records are read from the journal's beginning, for an agent's state has no later one, and never more than a limit.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, cast, final

from hookflash.engine.domain import events as e
from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.agent import Agent
from hookflash.engine.domain.conversation.state import Conversation
from hookflash.engine.domain.queue import Queue
from hookflash.engine.domain.refusals import JournalTooLong
from hookflash.engine.domain.states import State, evolve
from hookflash.engine.journal.port import Journal
from hookflash.engine.journal.record import Fact, Record
from hookflash.sdk.types import AgentId, ConversationId, OfferOutcome, QueueId

from .explaining import Moment

__all__ = ["Choice", "Past", "read_past"]

_CHUNK: Final = 500


@final
@dataclass(slots=True, kw_only=True)
class Choice:
    """One decision: the moment before it, what the strategy said if it was asked, and the offers that followed.

    `offers` are their numbers, agents and outcomes; `cursor_after` is the queue's once the record was made.
    """

    position: int
    moment: Moment
    made: e.DecisionMade | None = None
    cursor_after: str = ""
    offers: list[tuple[int, AgentId, OfferOutcome]] = field(default_factory=list)


class Past:
    """The states as of the records followed so far, and the choices for one invite among them."""

    def __init__(self, conversation: ConversationId, invite: int) -> None:
        """Begin before the first record."""
        self.choices: list[Choice] = []
        self._address, self._invite = Address(Kind.CONVERSATION, conversation), invite
        self._agents: dict[AgentId, Agent] = {}
        self._queues: dict[QueueId, Queue] = {}
        self._conversation: Conversation | None = None

    @property
    def is_over(self) -> bool:
        """Whether the invite has ended, so that nothing can be decided for it any more."""
        return self._conversation is not None and len(self._conversation.invites_ended) >= self._invite

    def follow(self, record: Record) -> None:
        """Take a record, fact by fact, for a decision is made from what the facts before it left."""
        first = len(self.choices)
        for fact in record.facts:
            if fact.subject == self._address:
                self._decided(record, fact, first)
            if fact.subject == self._address or fact.subject.kind in (Kind.AGENT, Kind.QUEUE):
                self._evolve(fact)
        for choice in self.choices[first:]:
            queue = choice.moment.queue
            if queue is not None and queue.settings.id in self._queues:
                choice.cursor_after = self._queues[queue.settings.id].cursor

    def moment(self, at: float) -> Moment | None:
        """What stands after the last record, at that time; None unless the invite is open then."""
        talk = self._conversation
        if talk is None or talk.open_invite is None or talk.open_invite.number != self._invite:
            return None
        queue = talk.open_invite.target.queue
        found = None if queue is None else self._queues.get(queue)
        return Moment(at=at, conversation=talk, queue=found, agents=dict(self._agents))

    def with_outcomes(self) -> list[Choice]:
        """The choices, their offers with what has become of them."""
        past = () if self._conversation is None else self._conversation.offers
        for choice in self.choices:
            choice.offers = [(number, agent, past[number - 1].outcome) for number, agent, _ in choice.offers]
        return self.choices

    def _decided(self, record: Record, fact: Fact, first: int) -> None:
        match fact.event:
            case e.DecisionMade(invite=self._invite):
                self._choose(record, fact.event)
            case e.OfferMade(invite=self._invite, offer=offer):
                # Of one decision, if there was one in this record; else the order alone decided, for this one offer.
                if len(self.choices) == first:
                    self._choose(record, None)
                self.choices[-1].offers.append((offer.number, offer.agent, OfferOutcome.OPEN))
            case _:
                pass

    def _choose(self, record: Record, made: e.DecisionMade | None) -> None:
        moment = self.moment(record.at)
        if moment is not None:
            self.choices.append(Choice(position=record.position, moment=moment, made=made))

    def _evolve(self, fact: Fact) -> None:
        if fact.subject == self._address:
            state: State | None = self._conversation
        elif fact.subject.kind is Kind.AGENT:
            state = self._agents.get(AgentId(fact.subject.id))
        else:
            state = self._queues.get(QueueId(fact.subject.id))
        after = evolve(fact.subject, state, fact.event)
        if fact.subject == self._address:
            self._conversation = cast("Conversation", after)
        elif isinstance(after, Agent):
            self._agents[after.id] = after
        elif isinstance(after, Queue):
            self._queues[after.settings.id] = after
        elif fact.subject.kind is Kind.AGENT:
            self._agents.pop(AgentId(fact.subject.id), None)
        else:
            self._queues.pop(QueueId(fact.subject.id), None)


def read_past(journal: Journal, conversation: ConversationId, invite: int, up_to: int, records_max: int) -> Past:
    """Read what was decided for an invite, up to a position or its end; blocks. Raises JournalTooLong."""
    past = Past(conversation, invite)
    for record in _records(journal, up_to, records_max):
        past.follow(record)
        if past.is_over:
            break
    return past


def _records(journal: Journal, up_to: int, records_max: int) -> Iterable[Record]:
    after = 0
    while after < up_to:
        if after >= records_max:
            raise JournalTooLong(after + 1, records_max)
        records = journal.read(after, min(_CHUNK, up_to - after, records_max - after))
        if not records:
            return
        yield from records
        after = records[-1].position
