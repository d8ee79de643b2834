"""What is true at the end of every record: nobody overloaded, nobody forgotten, nobody idle beside work.

Only what the record touched is looked at: what was at rest before still is.
"""

from hookflash.sdk.types import AgentId, InviteKind

from .findings import Findings
from .happenings import Happenings
from .market import Market
from .violation import Promise
from .world import Person, Talk, World

__all__ = ["Rests"]


class Rests:
    """Judges records at their end."""

    def __init__(self, world: World, market: Market, findings: Findings) -> None:
        """Take what all parts share."""
        self._world, self._market, self._findings = world, market, findings

    def judge(self, now: Happenings) -> None:
        """Look at all that the record touched."""
        if now.has_booted:
            self._boot()
        people = [self._world.people[agent] for agent in now.people if agent in self._world.people]
        for person in people:
            self._market.settle(person)
        self._transfers(now)
        self._cursors(now)
        self._unfinished(now)
        for conversation in now.talks:
            if (talk := self._world.talks.get(conversation)) is not None:
                self._talk(talk)
        for person in people:
            self._person(person, now)
        for agent, domain in now.grew:
            self._load(self._world.person(AgentId(agent)), domain)

    def _boot(self) -> None:
        """No stream outlives its process: everybody has his grace from here, or nothing would ever log him out."""
        for person in self._world.people.values():
            fact = f"{person.id} is attached over a restart, and no grace of his begins"
            self._findings.expect(Promise.I8, not person.is_attached, fact)

    def _transfers(self, now: Happenings) -> None:
        expect = self._findings.expect
        for conversation, invite in now.placed:
            name, by = f"conversations/{conversation}/invites/{invite.number}", invite.requester
            is_out = (conversation, by) in now.left
            match invite.kind:
                case InviteKind.TRANSFER:
                    expect(Promise.I9, by and is_out, f"{name} is a transfer by {by}, who did not leave by it")
                case InviteKind.CONFERENCE | InviteKind.CONSULT:
                    expect(Promise.I9, by and not is_out, f"{name} is a {invite.kind} by {by}, who did not stay")
                case InviteKind.ROUTE:
                    pass
        for conversation in now.whispered & now.told:
            self._findings.say(Promise.I7, f"a whisper in {conversation} told the customer something")

    def _cursors(self, now: Happenings) -> None:
        """What a decision left is with the queue, or it could not be gone on from."""
        for queue, cursor in now.cursors.items():
            line = self._world.lines.get(queue)
            is_kept = line is None or line.cursor == cursor
            self._findings.expect(Promise.I10, is_kept, f"queue {queue} has not kept the cursor of its last decision")

    def _unfinished(self, now: Happenings) -> None:
        for conversation, offer in now.won.items():
            self._findings.say(Promise.I4, f"{offer.agent} accepted an offer of {conversation} and did not join")
            self._world.person(offer.agent).offered.pop(f"{conversation}~{offer.number}", None)
        for conversation, agent in now.accepted.items():
            self._findings.say(Promise.I6, f"{agent} joined {conversation} and the invite did not end by it")

    def _talk(self, talk: Talk) -> None:
        expect, search = self._findings.expect, talk.search
        if talk.is_open and not talk.has_primary:
            expect(Promise.I6, talk.has_session, f"{talk.id} is open with neither a customer nor a PRIMARY")
            is_known = search is not None or talk.is_told_unattended or not talk.has_session
            expect(Promise.I6, is_known, f"{talk.id} has no PRIMARY and no invite, and nobody was told")
            is_inner = search is not None and search.invite.kind in (InviteKind.CONFERENCE, InviteKind.CONSULT)
            expect(Promise.I6, not is_inner, f"{talk.id} seeks a further agent and has no PRIMARY")
        if search is None:
            return
        is_sought = bool(search.offers) or (search.is_parked and search.queue is not None)
        expect(Promise.I6, is_sought, f"{search.name} is open, and neither waits nor is offered")
        if search.queue is None:
            return
        line = self._world.lines.get(search.queue)
        waits = line is not None and (talk.id, search.invite.number) in line.waiting
        fact = f"{search.name} {'waits' if waits else 'does not wait'} in queue {search.queue}, says the queue"
        expect(Promise.I11, waits == search.is_parked, fact)
        idle = self._market.idle_for(search, talk)
        expect(Promise.I11, idle is None, f"{search.name} waits in queue {search.queue} beside {idle}")

    def _person(self, person: Person, now: Happenings) -> None:
        expect = self._findings.expect
        expect(Promise.I9, person.slots == person.present, _differ(person, "slots", person.slots, person.present))
        fact = _differ(person, "reservations", person.reserved, person.offered)
        expect(Promise.I9, person.reserved == person.offered, fact)
        waiting = self._market.unserved_by(person, now.decided)
        expect(Promise.I11, waiting is None, f"{person.id} is available beside the waiting invite of {waiting}")

    def _load(self, person: Person, domain: str) -> None:
        load, most = person.load(domain), person.capacity.get(domain, 0)
        self._findings.expect(Promise.I4, load <= most, f"{person.id} has {load} of {most} slots in {domain}")
        open_offers = sum(each == domain for each in person.offered.values())
        self._findings.expect(Promise.I4, open_offers <= 1, f"{person.id} has {open_offers} open offers in {domain}")


def _differ(person: Person, what: str, own: dict[str, str], others: dict[str, str]) -> str:
    if own == others:
        return ""
    odd = ", ".join(sorted(key for key in own.keys() | others.keys() if own.get(key) != others.get(key)))
    return f"{person.id}'s {what} are not those of his conversations: {odd}"
