"""What is true after every record: INV-1 to INV-6 of domain section 5, and what follows from the promises about time.

A watcher folds the records as they become durable, on its own, and asserts; it never asks the engine what it thinks.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from hookflash.engine.actors.calls import Sealed
from hookflash.engine.domain import events as e
from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.agent import Agent, is_available
from hookflash.engine.domain.conversation.state import Conversation, deadlines, state_of
from hookflash.engine.domain.expressions import parse
from hookflash.engine.domain.notices import NoticeKey
from hookflash.engine.domain.queue import Queue
from hookflash.engine.domain.states import State
from hookflash.engine.domain.values import Invite, Offer
from hookflash.sdk.types import ConversationState, InviteKind, InviteState, OfferOutcome

__all__ = ["CANARY", "Watcher"]

CANARY = "canary"
"""Stands in every whisper and note, and nowhere else."""

LATE_S = 1.0
_WORDS = (
    NoticeKey.JOIN_OTHERS_JOINED,
    NoticeKey.TRANSFER_CUSTOMER_NO_AGENT,
    NoticeKey.CLOSE_CUSTOMER_CLOSED,
    NoticeKey.CLOSE_CUSTOMER_FORCE_CLOSED,
)
_PLACED = (NoticeKey.TRANSFER_CUSTOMER_PLACED, NoticeKey.TRANSFER_CUSTOMER_PLACED_AGENT)


@dataclass
class Numbers:
    """The last numbers that a conversation gave out."""

    sequence: int = 0
    transcript: int = 0
    delivery: int = 0


@dataclass
class Watcher:
    """The world as its records tell it."""

    world: dict[Address, State] = field(default_factory=dict)
    invites: dict[Address, Invite] = field(default_factory=dict)
    offers: dict[Address, dict[int, Offer]] = field(default_factory=dict)
    rejected: set[Address] = field(default_factory=set)
    ringing: set[Address] = field(default_factory=set)
    numbers: defaultdict[Address, Numbers] = field(default_factory=lambda: defaultdict(Numbers))
    promised: set[Address] = field(default_factory=set)
    """Whose customer got N3 and has had no word since."""
    booted_at: float = 0.0

    def hear(self, sealed: Sealed) -> None:
        """Fold one record and check everything it touched."""
        at = sealed.record.at
        if any(isinstance(fact.event, e.Booted) for fact in sealed.record.facts):
            self.booted_at = at
        for address, state in sealed.states.items():
            if state is None:
                self.world.pop(address, None)
            else:
                self.world[address] = state
        # What a strategy wanted holds in its own record only.
        decided = [(f.subject, f.event) for f in sealed.record.facts if isinstance(f.event, e.DecisionMade)]
        self.rejected = {subject for subject, made in decided if made.rejected is not None}
        self.ringing = {subject for subject, made in decided if made.to == "all"}
        for fact in sealed.record.facts:
            if fact.subject.kind is Kind.CONVERSATION:
                self._happened(fact.subject, fact.event, at)
        unattended = {f.subject for f in sealed.record.facts if isinstance(f.event, e.ConversationUnattended)}
        for address, state in sealed.states.items():
            before = sealed.before.get(address)
            if isinstance(state, Conversation):
                was = state_of(before) if isinstance(before, Conversation) else None
                self._conversation(address, state, was, is_said=address in unattended)
            elif isinstance(state, Agent):
                self._agent(state, before if isinstance(before, Agent) else None)

    def rest(self, now: float) -> None:
        """Nothing is overdue when everything has come to rest."""
        for state in self.conversations():
            for command, when in deadlines(state).items():
                assert when > now, f"I8: {state.id} {command} was due {now - when} s ago"
            invite = state.open_invite
            if invite is not None and invite.state is InviteState.PARKED and invite.target.queue is not None:
                if invite.wait_until is not None:
                    continue
                idle = [agent.id for agent in self._agents() if self._could_serve(agent, state, invite, now)]
                assert not idle, f"I11: {state.id} waits beside {idle}"

    def _could_serve(self, agent: Agent, state: Conversation, invite: Invite, now: float) -> bool:
        """Whether R-Q4 makes the agent a candidate, worked out anew from settings and states."""
        assert invite.target.queue is not None
        queue = self.world[Address(Kind.QUEUE, invite.target.queue)]
        assert isinstance(queue, Queue)
        opened = sum(at <= now for at in invite.steps_at) + 1
        steps = [step.expression for step in queue.settings.steps[:opened]] or [""]
        skills = {str(name): level for name, level in agent.settings.attributes.items()}
        tried = invite.tried_of(agent.id)
        return (
            is_available(agent, queue.settings.media_domain)
            and (not agent.settings.queues or queue.settings.id in agent.settings.queues)
            and any(parse(expression).matches(skills) for expression in steps)
            and state.participant(agent.id) is None
            and agent.id != invite.requester
            and (tried is None or tried.paused_until is None or tried.paused_until <= now)
        )

    def parked(self, queue: str) -> int:
        """How many invites wait in a queue."""
        waiting = [s.open_invite for s in self.conversations() if s.open_invite is not None]
        return sum(i.state is InviteState.PARKED and i.target.queue == queue for i in waiting)

    def _agents(self) -> Iterator[Agent]:
        return (state for state in self.world.values() if isinstance(state, Agent))

    def conversations(self) -> Iterator[Conversation]:
        """All conversations, closed ones included."""
        return (state for state in self.world.values() if isinstance(state, Conversation))

    # --- events

    def _happened(self, subject: Address, event: e.Event, at: float) -> None:
        self._numbered(subject, event)
        match event:
            case e.InvitePlaced(invite=invite):
                assert subject not in self.invites, "INV-2: a second open invite"
                self.invites[subject] = invite
            case e.OfferMade(offer=offer):
                self._offered(subject, offer, at)
            case e.OfferEnded():
                self._offer_ended(subject, event, at)
            case e.InviteEnded():
                self._invite_ended(subject, event, at)
            case e.WhisperSent(text=text):
                assert CANARY in text
            case e.MessageSent(text=text) | e.CustomerNoticed(text=text):
                assert CANARY not in text, "INV-5"
            case _:
                pass
        if isinstance(event, e.CustomerNoticed):
            self._told(subject, event.key)

    def _numbered(self, subject: Address, event: e.Event) -> None:
        last = self.numbers[subject]
        sequence = getattr(event, "sequence", None)
        if sequence is not None:
            assert sequence == last.sequence + 1, "R-G9: the timeline has a gap"
            last.sequence = sequence
        if isinstance(event, e.MessageSent | e.CustomerNoticed):
            assert event.transcript == last.transcript + 1, "R-G11: the transcript has a gap"
            last.transcript = event.transcript
            if event.delivery is not None:
                assert event.delivery == last.delivery + 1, "I3: the deliveries have a gap"
                last.delivery = event.delivery

    def _offered(self, subject: Address, offer: Offer, at: float) -> None:
        invite = self.invites[subject]
        assert subject not in self.offers or subject in self.ringing, "INV-2: a second open offer"
        others = [other for each in self.offers.values() for other in each.values() if other.agent == offer.agent]
        assert not others, "R-O1: a second open offer to one agent in the only media domain"
        assert offer.agent != invite.requester, "D-8"
        assert invite.target.agent in (None, offer.agent), "R-T6"
        assert at < invite.expire_at, "R-O5: an offer after the ttl"
        assert offer.expire_at == at + invite.offer_timeout_s, "R-O2"
        self.offers.setdefault(subject, {})[offer.number] = offer

    def _offer_ended(self, subject: Address, event: e.OfferEnded, at: float) -> None:
        offer = self.offers[subject].pop(event.number)
        if not self.offers[subject]:
            del self.offers[subject]
        assert offer.agent == event.agent, "R-O7"
        if event.outcome is OfferOutcome.MISSED and not event.reason:
            assert offer.expire_at <= at <= offer.expire_at + LATE_S, "I8: a miss at the wrong time"

    def _invite_ended(self, subject: Address, event: e.InviteEnded, at: float) -> None:
        invite = self.invites.pop(subject)
        assert invite.number == event.invite, "INV-2: another invite ended"
        assert subject not in self.offers, "INV-2: the invite ended with an open offer"
        if event.state is InviteState.NO_AGENT and invite.target.queue is not None and subject not in self.rejected:
            assert at >= invite.expire_at, "I8: unserved before its time"
            due = max(invite.expire_at + invite.offer_timeout_s, self.booted_at)
            assert at <= due + LATE_S, "I8: unserved too late"
        if event.state is InviteState.DECLINED:
            assert invite.target.agent is not None, "DECLINED is for named agents"
        state = self.world[subject]
        if invite.kind is InviteKind.TRANSFER and isinstance(state, Conversation) and state.primaries:
            self.promised.discard(subject)  # Somebody is with the customer: he is not told (R-T9).

    def _told(self, subject: Address, key: NoticeKey) -> None:
        if key in _PLACED:
            self.promised.add(subject)
        elif key is NoticeKey.TRANSFER_CUSTOMER_NO_AGENT:
            assert subject in self.promised, "INV-6: N5 without N3, or a second one"
        if key in _WORDS:
            self.promised.discard(subject)

    # --- states

    def _conversation(
        self, address: Address, state: Conversation, was: ConversationState | None, *, is_said: bool
    ) -> None:
        now = state_of(state)
        invite = state.open_invite
        if now is ConversationState.CLOSED:
            assert not state.participants, "INV-4"
            assert invite is None, "INV-4"
            assert not deadlines(state), "INV-4"
            self.promised.discard(address)
        elif not state.primaries:
            assert now in (ConversationState.QUEUED, ConversationState.UNATTENDED), "INV-1"
            assert now is not ConversationState.UNATTENDED or was is now or is_said, "INV-1: nobody was told"
            assert address not in self.promised or invite is not None, "INV-6: left without a word"
        assert (invite is not None) == (address in self.invites), "INV-2"
        offers = {} if invite is None else {offer.number: offer for offer in invite.offers}
        assert offers == self.offers.get(address, {}), "INV-2"
        agents = [p.agent for p in state.participants]
        assert len(set(agents)) == len(agents), "INV-3: an agent is in it twice"
        for agent in agents:
            his = self.world[Address(Kind.AGENT, agent)]
            assert isinstance(his, Agent)
            assert state.id in his.slots, "INV-3: a participant without a slot"

    def _agent(self, state: Agent, before: Agent | None) -> None:
        for conversation in state.slots:
            held = self.world[Address(Kind.CONVERSATION, conversation)]
            assert isinstance(held, Conversation)
            assert held.participant(state.id) is not None, "INV-3: a slot without participation"
        for reservation in state.reservations:
            offers = self.offers.get(Address(Kind.CONVERSATION, reservation.conversation), {})
            offer = offers.get(int(reservation.offer.rpartition("~")[2]))
            assert offer is not None, "INV-3: a reservation without an offer"
            assert offer.agent == state.id, "INV-3: a reservation for another's offer"
        for domain, capacity in state.capacity.items():
            load = state.active(domain) + state.reserved(domain)
            earlier = 0 if before is None else before.active(domain) + before.reserved(domain)
            assert load <= capacity or load <= earlier, "INV-3: capacity exceeded"
