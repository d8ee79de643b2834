"""Everything that follows from one command inside the shard, run to rest before the next command.

One synchronous call on the loop, so no other turn sees it half done. What it changed is kept as pairs of states;
rolling back is following the pairs in reverse, for entities and for every index alike.
"""

from collections import deque
from typing import NamedTuple

from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.agent import day_of
from hookflash.engine.domain.commands import AskStrategy, Command
from hookflash.engine.domain.deciders import decide
from hookflash.engine.domain.refusals import Refusal
from hookflash.engine.domain.states import State
from hookflash.engine.domain.struct import changed
from hookflash.engine.domain.turn import Context, Tell
from hookflash.engine.journal.record import Fact

from .decisions import Decisions
from .directory import Directory
from .entity import Entity
from .matching import Match, Matching
from .registry import Registry
from .timers import Timers

__all__ = ["Cascade", "Change", "World"]


class World(NamedTuple):
    """All that a cascade may change, and who decides for it."""

    directory: Directory
    registry: Registry
    timers: Timers
    matching: Matching
    decisions: Decisions

    def follow(self, address: Address, before: State | None, after: State | None) -> None:
        """Keep every index in step with a state."""
        self.registry.change(before, after)
        self.timers.change(address, before, after)
        self.matching.change(address, before, after)


class Change(NamedTuple):
    """One entity's step from a state to the next, and the position it stood at before."""

    entity: Entity
    before: State | None
    after: State | None
    position: int


class Cascade:
    """One command's turns, in the order in which entities told each other."""

    def __init__(self, world: World, ctx: Context) -> None:
        """Begin with nothing done."""
        self._world = world
        self._ctx = ctx
        self.facts: list[Fact] = []
        self.changes: list[Change] = []
        self.asked: list[Match] = []

    @property
    def now(self) -> float:
        """The engine time of all its turns."""
        return self._ctx.now

    def run(self, address: Address, command: Command) -> None:
        """Run the command, whatever it tells, and the matching. Raises Refusal; the caller then rolls back."""
        self._run_to_rest(address, command, self._ctx)
        for match in self._world.matching.matches(day_of(self._ctx.now)):
            self._decide(match)

    def roll_back(self, *, to: tuple[int, int] = (0, 0)) -> None:
        """Put everything back as it was at the beginning, or at a mark taken by `mark`."""
        facts, changes = to
        while len(self.changes) > changes:
            change = self.changes.pop()
            self._world.follow(change.entity.address, change.after, change.before)
            if change.before is None and change.position == 0:
                self._world.directory.drop(change.entity.address)
            else:
                self._world.directory.set(change.entity, change.before, change.position)
        del self.facts[facts:]
        self._world.matching.forget_marks()

    def mark(self) -> tuple[int, int]:
        """Where `roll_back` can return to."""
        return len(self.facts), len(self.changes)

    def touched(self) -> tuple[dict[Address, State | None], dict[Address, State | None]]:
        """The states of the entities that changed, each before its first change and after its last."""
        before: dict[Address, State | None] = {}
        after: dict[Address, State | None] = {}
        for entity, first, last, _ in self.changes:
            before.setdefault(entity.address, first)
            after[entity.address] = last
        return before, after

    def _run_to_rest(self, address: Address, command: Command, ctx: Context) -> None:
        waiting = deque([Tell(address, command)])
        while waiting:
            tell = waiting.popleft()
            waiting.extend(self._turn(tell.address, tell.command, ctx))
            ctx = _without_etag(ctx)

    def _turn(self, address: Address, command: Command, ctx: Context) -> list[Tell]:
        entity = self._world.directory.find(address)
        before = None if entity is None else entity.state
        decided = decide(address, before, command, ctx)
        if decided.events:
            entity = entity or self._world.directory.entity(address)
            self.facts += [Fact(address, event) for event in decided.events]
            self.changes.append(Change(entity, before, decided.state, entity.position))
            self._world.directory.set(entity, decided.state, ctx.position)
            self._world.follow(address, before, decided.state)
        return decided.tells

    def _decide(self, match: Match) -> None:
        """Let the strategy decide. An invite whose candidate refuses is left: he could not be reserved after all."""
        address = Address(Kind.CONVERSATION, match.conversation)
        command = self._world.decisions.command(match, self._ctx.now)
        if isinstance(command, AskStrategy):
            self.asked.append(match)
        mark = self.mark()
        try:
            self._run_to_rest(address, command, _without_etag(self._ctx))
        except Refusal:
            self.roll_back(to=mark)


def _without_etag(ctx: Context) -> Context:
    """The caller's etag is of the first entity only."""
    return changed(ctx, etag_given="") if ctx.etag_given else ctx
