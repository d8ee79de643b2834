"""The engine's live states beside what the journal says, and the checker of all promises, fed from the disk's bytes.

Live states are taken from what the engine releases with each durable record; the journal's are folded by the checker
from records that the engine's own codec decodes. They are compared whenever a process ends, and so are the snapshots
that the next one starts from (I10).
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from hookflash.engine.actors.calls import Sealed
from hookflash.engine.checker import Checker, Promise
from hookflash.engine.domain.address import Address
from hookflash.engine.domain.conversation.state import Conversation
from hookflash.engine.domain.queue import Queue
from hookflash.engine.domain.states import State, is_live
from hookflash.engine.engine import Engine
from hookflash.engine.journal.errors import Damaged
from hookflash.engine.journal.groups import records_of
from hookflash.engine.journal.state_codec import encode_state
from hookflash.engine.server.methods import methods

if TYPE_CHECKING:
    from .world import World

__all__ = ["Mirror"]

_METHODS = {method.path: method.roles for method in methods()}


class Mirror:
    """The states of all entities, twice."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.checker = Checker(methods=_METHODS, limits=world.mix.limits)
        self.live: dict[Address, State | None] = {}
        self._released = 0
        self._folded_to = 0
        self._excuses: list[tuple[float, float]] = []

    def follow(self, group: Sequence[Sealed]) -> None:
        """Take what the engine says its states are: the shard's listener."""
        for sealed in group:
            self._judge_cursors(sealed)
            self.live.update(sealed.states)
            self._released = sealed.record.position
            self._judge_drain(sealed)
            self._tell(sealed)

    def check_snapshots(self, engine: Engine) -> None:
        """A process has caught its views up with the journal: are their states the journal's?"""
        self._fold(engine.journal.tail().position)
        found = {address: state for address, state, _ in engine.views.live_snapshots()}
        self._compare("the snapshots", found)
        self.live = dict(self._folded)
        self._released = self._folded_to

    def at_crash(self) -> None:
        """A process has ended: was its live state what its journal says?"""
        self._fold(self._released)
        self._compare("the live states", {address: state for address, state in self.live.items() if is_live(state)})

    def at_end(self) -> None:
        """All is over: judge the histories, and the last life's entities themselves."""
        world = self.world
        self.at_crash()
        entities: dict[Address, State] | None = None
        process = world.process
        end = self.checker.at
        if process is not None and process.has_ended_well:
            entities = {entity.address: entity.state for entity in process.engine.shard.facts if entity.state}
            end = process.engine.clock.now()
        world.story.count("records", self.checker.records)
        world.story.count("events", self.checker.events)
        world.violations += self.checker.finish(
            end=end,
            clients=world.calls,
            channels=world.provider.handed,
            gauges=world.gauges,
            canaries=world.secrets,
            live_states=entities,
        )

    def excuse(self, since: float, until: float) -> None:
        """Between these engine times nothing could be written."""
        self._excuses.append((since, until))

    def open_searches(self) -> list[str]:
        """The conversations whose invite is still open."""
        return [
            f"{address.id} {state.open_invite.kind} {state.open_invite.state}"
            for address, state in self.live.items()
            if isinstance(state, Conversation) and state.open_invite is not None
        ]

    @property
    def _folded(self) -> dict[Address, State | None]:
        assert self.checker.replay is not None
        return self.checker.replay.states

    def _fold(self, up_to: int) -> None:
        groups = self.world.disk.store.groups
        start = next((i for i, group in enumerate(groups) if group.last_position > self._folded_to), len(groups))
        try:
            for record in records_of(groups[start:], self._folded_to, groups[start - 1] if start else None):
                if record.position > up_to:
                    break
                self._folded_to = record.position
                self._pass_excuses(record.at)
                self.checker.follow(record)
        except Damaged as damage:
            self.world.broken(Promise.I13, str(damage))

    def _pass_excuses(self, at: float) -> None:
        # Before each record of such a time and the first one after it: what is under way may set deadlines still.
        while self._excuses and at > self._excuses[0][0]:
            self.checker.excuse(self._excuses[0][1])
            if at <= self._excuses[0][1]:
                return
            self._excuses.pop(0)

    def _compare(self, whose: str, found: Mapping[Address, State | None]) -> None:
        folded = self._folded
        for address in sorted({*found, *(a for a, state in folded.items() if is_live(state))}, key=str):
            one, other = found.get(address), folded.get(address)
            if one is None or other is None or encode_state(one) != encode_state(other):
                self.world.broken(Promise.I10, f"{whose} hold {address} as {one}, and the journal as {other}")

    def _judge_cursors(self, sealed: Sealed) -> None:
        """A queue goes on from the cursor that it had: what was lost over a restart might be covered up by the next."""
        for address, before in sealed.before.items():
            known = self.live.get(address)
            if isinstance(before, Queue) and isinstance(known, Queue) and before.cursor != known.cursor:
                self.world.broken(Promise.I10, f"{address} goes on from {before.cursor!r}, not from {known.cursor!r}")

    def _judge_drain(self, sealed: Sealed) -> None:
        """Whoever drains takes no new work; what was decided in that very moment had been taken before."""
        record, process = sealed.record, self.world.process
        began_at = None if process is None else process.draining_at
        if began_at is not None and record.cause.kind.is_new_work and record.at > began_at:
            self.world.defect(f"{record.cause.kind} {record.cause.name} was taken in by an engine that drains")

    def _tell(self, sealed: Sealed) -> None:
        record = sealed.record
        happened = ", ".join(f"{type(fact.event).__name__} {fact.subject}" for fact in record.facts)
        self.world.tell("journal", f"{record.position} {record.cause.kind} {record.cause.name}: {happened}")
