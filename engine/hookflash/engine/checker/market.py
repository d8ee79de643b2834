"""Who could serve which waiting invite (R-Q2 to R-Q4), kept in step so that a look costs what changed.

The checker's own: it shares the language of step expressions with the engine and nothing else.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import cast

from sortedcontainers import SortedList

from hookflash.engine.domain.expressions import Expression, parse

from .world import Person, Search, Talk, World

__all__ = ["Market", "Place"]

Place = tuple[int, int, float, int, str]
"""R-Q3: queue priority, invite priority (both negated), age, number of placement; the conversation settles ties."""


class _Stand:
    """A queue: its steps, its parked invites by open step, its available agents by first step that matches."""

    def __init__(self, priority: int, domain: str, steps: list[Expression], *, is_ordered: bool) -> None:
        self.is_ordered = is_ordered  # By a plugin's own key, which the checker does not know.
        self.priority = priority
        self.domain = domain
        self.steps = steps
        self.parked: dict[int, SortedList[Place]] = {}
        self.available: list[dict[str, Person]] = [{} for _ in steps]
        self.step_of: dict[str, int] = {}


class Market:
    """The waiting invites and the agents who could serve them."""

    def __init__(self, world: World) -> None:
        """Begin with nobody."""
        self._world = world
        self._stands: dict[str, _Stand] = {}
        self._serves: dict[str, dict[str, _Stand]] = {}
        self._placed: dict[str, tuple[_Stand, int, Place]] = {}

    # --- following

    def configure_queue(self, queue: str) -> list[str]:
        """Take a queue's settings anew; answers the conversations that wait in it."""
        old = self._stands.pop(queue, None)
        for serves in self._serves.values():
            serves.pop(queue, None)
        line = self._world.lines.get(queue)
        if line is not None:
            settings = line.settings
            steps = [parse(step.expression) for step in settings.steps] or [parse("")]
            stand = self._stands[queue] = _Stand(
                settings.priority, settings.media_domain, steps, is_ordered=bool(settings.ordering)
            )
            for person in self._world.people.values():
                self._enlist(person, queue, stand)
                self.settle(person)
        waiting = [] if old is None else [place[-1] for places in old.parked.values() for place in places]
        for conversation in waiting:
            self._placed.pop(conversation, None)
            search = self._world.talks[conversation].search
            if search is not None:
                self.park(search)
        return waiting

    def configure_person(self, person: Person) -> None:
        """Take an agent's settings anew: which queues he serves, and from which step on."""
        self.forget(person)
        for queue, stand in self._stands.items():
            self._enlist(person, queue, stand)
        self.settle(person)

    def _enlist(self, person: Person, queue: str, stand: _Stand) -> None:
        if person.settings.queues and queue not in person.settings.queues:
            return
        named = cast("Mapping[str, int]", person.settings.attributes)
        step = next((n for n, each in enumerate(stand.steps, start=1) if each.matches(named)), None)
        if step is not None:
            stand.step_of[person.id] = step
            self._serves.setdefault(person.id, {})[queue] = stand

    def settle(self, person: Person) -> None:
        """Follow what the agent can be offered now."""
        for stand in self._serves.get(person.id, {}).values():
            shelf = stand.available[stand.step_of[person.id] - 1]
            if person.why_not(stand.domain):
                shelf.pop(person.id, None)
            else:
                shelf[person.id] = person

    def forget(self, person: Person) -> None:
        """The agent is gone from the settings."""
        for stand in self._serves.pop(person.id, {}).values():
            stand.available[stand.step_of.pop(person.id) - 1].pop(person.id, None)

    def park(self, search: Search) -> None:
        """Let it wait, or wait under a new place."""
        self.unpark(search.conversation)
        stand = self._stands.get(search.queue or "")
        if stand is None:
            return
        place = self._place(stand, search)
        stand.parked.setdefault(search.step, SortedList()).add(place)
        self._placed[search.conversation] = stand, search.step, place

    def unpark(self, conversation: str) -> None:
        """It waits no more."""
        placed = self._placed.pop(conversation, None)
        if placed is not None:
            stand, step, place = placed
            stand.parked[step].remove(place)

    # --- asking

    def why_no_candidate(self, person: Person, talk: Talk, search: Search) -> str:
        """Why the agent may not be asked for a queue's invite (R-Q4); empty when he may."""
        stand = self._stands.get(search.queue or "")
        if stand is None:
            return "the queue is not there"
        step = stand.step_of.get(person.id)
        if step is None or step > search.step:
            return f"{person.id} matches no open step of the queue"
        return person.why_not(stand.domain) or _why_excluded(person, talk, search)

    def overtaken(self, person: Person, talk: Talk, search: Search) -> Place | None:
        """A parked invite that comes before this one and was open to the agent (R-Q3)."""
        own = self._stands.get(search.queue or "")
        if own is None:
            return None
        limit = self._place(own, search)
        for stand in self._serves.get(person.id, {}).values():
            if person.why_not(stand.domain):
                continue
            compared = len(limit)
            if own.is_ordered or stand.is_ordered:
                compared = 0 if own is stand else 1  # Of two queues the priority counts, whoever is first in each.
            for place in self._open_to(stand, person, talk.id, None):
                if place[:compared] < limit[:compared]:
                    return place
                break
        return None

    def better(self, person: Person, talk: Talk, search: Search) -> str | None:
        """An agent who had to be asked before him: offered it fewer times, or matching a lower step (R-Q7)."""
        stand = self._stands.get(search.queue or "")
        if stand is None or person.id not in stand.step_of:
            return None
        own = search.tried.get(person.id, 0), stand.step_of[person.id]
        for step, shelf in enumerate(stand.available[: search.step], start=1):
            if (0, step) >= own:
                return None
            for other in shelf.values():
                if (search.tried.get(other.id, 0), step) < own and not self.why_no_candidate(other, talk, search):
                    return other.id
        return None

    def idle_for(self, search: Search, talk: Talk) -> str | None:
        """An agent who could serve this parked invite now."""
        stand = self._stands.get(search.queue or "")
        if stand is None or not search.is_parked or _is_excused(search, None):
            return None
        for shelf in stand.available[: search.step]:
            for person in shelf.values():
                if not _why_excluded(person, talk, search):
                    return person.id
        return None

    def unserved_by(self, person: Person, decided: Collection[str]) -> str | None:
        """A conversation whose parked invite this agent, who was another a moment ago, could serve now.

        A strategy that waits must have been asked again then, and so is one of those that `decided`.
        """
        for stand in self._serves.get(person.id, {}).values():
            if not person.why_not(stand.domain):
                for place in self._open_to(stand, person, "", decided):
                    return place[-1]
        return None

    def _open_to(self, stand: _Stand, person: Person, but: str, decided: Collection[str] | None) -> Iterator[Place]:
        """The first invite of each open step that the agent may be asked for, the earliest first."""
        step = stand.step_of[person.id]
        firsts = [
            place
            for opened, line in stand.parked.items()
            if opened >= step and (place := self._first(line, person, but, decided)) is not None
        ]
        yield from sorted(firsts)

    def _first(self, line: Iterable[Place], person: Person, but: str, decided: Collection[str] | None) -> Place | None:
        for place in line:
            talk = self._world.talks[place[-1]]
            search = talk.search
            if search is None or talk.id == but or _is_excused(search, decided):
                continue
            if not _why_excluded(person, talk, search):
                return place
        return None

    def _place(self, stand: _Stand, search: Search) -> Place:
        invite = search.invite
        return -stand.priority, -search.priority, invite.placed_at, invite.placement, search.conversation


def _is_excused(search: Search, decided: Collection[str] | None) -> bool:
    """Whether its strategy is being asked, or waits: by a word of this record where these are the ones that spoke."""
    if search.wait_until is not None:
        return decided is None or search.conversation in decided
    return search.decision is not None


def _why_excluded(person: Person, talk: Talk, search: Search) -> str:
    if person.id in talk.present:
        return f"{person.id} is in the conversation"
    if person.id == search.invite.requester:
        return f"{person.id} placed the invite"
    if person.id in search.paused:
        return f"{person.id} missed or declined it just now"
    return ""
