"""Agents and the site by their own events: who is there, what he may take, which queues there are (I4, I8, I9)."""

from typing import assert_never

from hookflash.engine.domain import events as e
from hookflash.engine.journal.record import CauseKind
from hookflash.sdk.types import AgentId, OfferOutcome

from .deadlines import Deadlines
from .findings import Findings
from .happenings import Happenings
from .market import Market
from .violation import Promise
from .world import Line, Person, World

__all__ = ["AgentRules", "QueueRules"]


class AgentRules:
    """Follows all agents."""

    def __init__(self, world: World, market: Market, deadlines: Deadlines, findings: Findings) -> None:
        """Take what all parts share."""
        self._world, self._market, self._deadlines, self._findings = world, market, deadlines, findings

    def follow(self, agent: str, event: e.AgentEvent, now: Happenings) -> None:
        """Judge the event, then let it have happened."""
        now.people.add(agent)
        if isinstance(event, e.AgentConfigured):
            self._configured(agent, event)
            return
        if agent not in self._world.people:
            self._findings.say(Promise.I13, f"{type(event).__name__} of {agent}, whom nobody applied")
        person = self._world.person(AgentId(agent))
        match event:
            case e.AgentAttached(logged_in=logged_in):
                self._attached(person, is_new=logged_in)
            case e.AgentDetached(grace_until=until):
                person.is_attached, person.grace_until = False, until
                self._deadlines.set(("grace", agent), until, now.at)
            case e.AgentLoggedOut():
                self._logged_out(person, now)
            case e.ReadinessChanged(is_ready=is_ready, media_domains=domains):
                person.ready = person.ready | set(domains) if is_ready else person.ready - set(domains)
            case e.AgentDeleted():
                is_free = not person.present and not person.offered
                self._findings.expect(Promise.I9, is_free, f"{agent} was deleted while he is in a conversation")
                self._world.people.pop(agent, None)
                self._market.forget(person)
            case e.SlotReserved() | e.ReservationEnded() | e.SlotTaken() | e.SlotReleased():
                self._slot(person, event)
            case _:
                assert_never(event)

    def _configured(self, agent: str, event: e.AgentConfigured) -> None:
        person = self._world.people.get(agent)
        if person is None:
            self._world.people[agent] = person = Person(agent, event.settings, {})
        person.settings = event.settings
        person.capacity = {str(domain): slots for domain, slots in event.capacity.items()}
        self._market.configure_person(person)

    def _attached(self, person: Person, *, is_new: bool) -> None:
        fact = f"{person.id} attached and was {'' if is_new else 'not '}logged in by it"
        self._findings.expect(Promise.I9, is_new != person.is_logged_in, fact)
        if is_new:
            person.ready = set()
        person.is_logged_in = person.is_attached = True
        person.grace_until = None
        self._deadlines.clear(("grace", person.id))

    def _logged_out(self, person: Person, now: Happenings) -> None:
        if now.record.cause.kind is CauseKind.TIMER:
            until = person.grace_until
            is_due = until is not None and now.at >= until
            self._findings.expect(Promise.I8, is_due, f"{person.id} was logged out before his grace was over")
        person.is_logged_in = person.is_attached = False
        person.ready, person.grace_until = set(), None
        self._deadlines.clear(("grace", person.id))

    def _slot(self, person: Person, event: e.SlotReserved | e.ReservationEnded | e.SlotTaken | e.SlotReleased) -> None:
        expect = self._findings.expect
        match event:
            case e.SlotReserved(reservation=reservation):
                is_new = reservation.offer not in person.reserved
                expect(Promise.I4, is_new, f"{person.id} has two slots reserved for offer {reservation.offer}")
                person.reserved[reservation.offer] = reservation.media_domain
            case e.ReservationEnded(offer=offer, outcome=outcome):
                had = person.reserved.pop(offer, None) is not None
                expect(Promise.I9, had, f"{person.id} gave back a slot that offer {offer} did not hold")
                accepted = outcome is OfferOutcome.ACCEPTED
                expect(Promise.I9, not accepted, f"{person.id} gave back the slot of offer {offer}, which he accepted")
            case e.SlotTaken(offer=offer, conversation=conversation, media_domain=domain):
                had = person.reserved.pop(offer, None) == domain
                expect(Promise.I4, had, f"{person.id} took a slot for {conversation} that was not reserved for him")
                expect(Promise.I9, conversation not in person.slots, f"{person.id} has two slots for {conversation}")
                person.slots[conversation] = domain
            case e.SlotReleased(conversation=conversation):
                had = person.slots.pop(conversation, None) is not None
                expect(Promise.I9, had, f"{person.id} gave back a slot for {conversation} that he did not have")
            case _:
                assert_never(event)


class QueueRules:
    """Follows all queues."""

    def __init__(self, world: World, market: Market, findings: Findings) -> None:
        """Take what all parts share."""
        self._world, self._market, self._findings = world, market, findings

    def follow(self, queue: str, event: e.QueueEvent, now: Happenings) -> None:
        """Judge the event, then let it have happened."""
        line = self._world.lines.get(queue)
        match event:
            case e.QueueConfigured(settings=settings):
                self._world.lines[queue] = new = Line(settings, {} if line is None else line.waiting)
                if line is not None and line.settings.strategy == settings.strategy:
                    new.cursor = line.cursor
                waiting = self._market.configure_queue(queue)
                now.talks.update(waiting)
                for conversation in waiting:
                    if (search := self._world.talks[conversation].search) is not None:
                        search.wait_until = None
            case e.QueueDeleted():
                is_free = line is None or not line.waiting
                self._findings.expect(Promise.I6, is_free, f"queue {queue} was deleted while invites wait in it")
                self._world.lines.pop(queue, None)
                self._market.configure_queue(queue)
            case e.LineJoined(conversation=conversation, invite=invite):
                if line is not None:
                    is_new = (conversation, invite) not in line.waiting
                    self._findings.expect(Promise.I11, is_new, f"{conversation} waits twice in queue {queue}")
                    line.waiting[conversation, invite] = None
                now.talks.add(conversation)
            case e.LineLeft(conversation=conversation, invite=invite):
                there = line is not None and (conversation, invite) in line.waiting
                self._findings.expect(Promise.I11, there, f"{conversation} left queue {queue} without waiting there")
                if line is not None:
                    line.waiting.pop((conversation, invite), None)
                now.talks.add(conversation)
            case e.CursorMoved(cursor=cursor):
                is_moved = line is not None and line.cursor != cursor
                self._findings.expect(Promise.I10, is_moved, f"the cursor of queue {queue} was forgotten")
                if line is not None:
                    line.cursor = cursor
            case _:
                assert_never(event)
