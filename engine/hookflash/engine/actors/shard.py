"""The unit of order and durability: one journal, one owner, all its entities.

A command runs at once, as one cascade; its record waits for the group commit, and only when that is durable do the
answer, the desks and the channels hear of it.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from uuid import uuid4

import structlog

from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.commands import Command
from hookflash.engine.domain.limits import Limits
from hookflash.engine.domain.notices import Catalogue
from hookflash.engine.domain.refusals import (
    Draining,
    Internal,
    JournalUnavailable,
    MailboxFull,
    Refusal,
    RequestIdReused,
)
from hookflash.engine.domain.states import State
from hookflash.engine.domain.struct import Struct
from hookflash.engine.domain.turn import Context
from hookflash.engine.journal.port import Journal, JournalBroken, JournalError
from hookflash.engine.journal.record import Record
from hookflash.engine.journal.writer import JournalWriter

from .calls import Answer, Call, Outcome, Sealed, no_answer
from .cascade import Cascade, World
from .clock import Clock
from .commits import Commits, Sealing
from .keys import Keys, Remembered
from .matching import Match
from .quarantine import Quarantine

__all__ = ["Archive", "Shard"]

_log = structlog.get_logger(__name__)


class Archive(Struct, frozen=True, kw_only=True):
    """How the shard reaches what is not in memory. The first three block and are called in a thread."""

    snapshot: Callable[[Address], tuple[State, int] | None]
    position_of_key: Callable[[str], int | None]
    record: Callable[[int], Record]
    lag: Callable[[], int]
    watermark: Callable[[], int]
    lag_max: int = 100_000


class Shard:
    """Gives entities their turns and makes what they decide durable, on one event loop."""

    def __init__(
        self,
        *,
        world: World,
        journal: Journal,
        writer: JournalWriter,
        archive: Archive,
        clock: Clock,
        limits: Limits,
        catalogue: Catalogue,
        on_broken: Callable[[JournalBroken], None],
    ) -> None:
        """Stand where the journal ends; `recovery` loads the entities."""
        self.world = world
        self.facts = world.directory
        self.matching = world.matching
        self.clock = clock
        self.limits = limits
        self.catalogue = catalogue
        self.keys = Keys()
        self.quarantine = Quarantine()
        self.is_draining = False
        self.last_position = journal.tail().position
        self.on_asked: Callable[[Match], None] = lambda _match: None
        self.on_sealed: Callable[[], None] = lambda: None
        self.on_undone: Callable[[], None] = lambda: None
        self._archive = archive
        self._on_broken = on_broken
        self._broken: JournalBroken | None = None
        self._loop = asyncio.get_running_loop()
        self._listeners: list[Callable[[Sequence[Sealed]], None]] = []
        self._in_flight: Counter[Address] = Counter()
        self._commits = Commits(writer, self.last_position, on_durable=self._release, on_failed=self._undo)

    # --- commands

    def submit(self, address: Address, command: Command, call: Call, answer: Answer = no_answer) -> Awaitable[bytes]:
        """Run the command now; the answer comes when its record is durable, and a repeat gets the same again.

        Raises, when awaited: Refusal, and then nothing has happened.
        """
        try:
            if self.is_draining and call.cause.is_new_work:
                raise Draining
            return self._submit(address, command, call, answer)
        except Refusal as refusal:
            refused: asyncio.Future[bytes] = self._loop.create_future()
            refused.set_exception(refusal)
            return refused

    def _submit(self, address: Address, command: Command, call: Call, answer: Answer) -> Awaitable[bytes]:
        if self._in_flight[address] >= self.limits.mailbox_size_max or self._archive.lag() >= self._archive.lag_max:
            raise MailboxFull
        key = call.key
        if key and not call.is_dry_run:
            repeat = self._repeat(call, key)
            if repeat is not None:
                return repeat
            if self.keys.may_be_old(key):
                return self._submit_unless_known(address, command, call, answer)
        if self._is_asleep(address, call):
            return self._submit_awake(address, command, call, answer)
        return self.run(address, command, call, answer)

    def _repeat(self, call: Call, key: str) -> Awaitable[bytes] | None:
        remembered = self.keys.find(key)
        if remembered is None:
            return None
        if remembered.digest != call.digest:
            raise RequestIdReused(call.request_id)
        return self._once_durable(remembered.position, remembered.answer)

    async def _submit_unless_known(self, address: Address, command: Command, call: Call, answer: Answer) -> bytes:
        known = await self._old_answer(call)
        return await self._submit_awake(address, command, call, answer) if known is None else known

    async def _old_answer(self, call: Call) -> bytes | None:
        position = await asyncio.to_thread(self._archive.position_of_key, call.key)
        if position is None:
            return None
        record = await asyncio.to_thread(self._archive.record, position)
        if record.digest != call.digest:
            raise RequestIdReused(call.request_id)
        return record.answer

    async def answer_of(self, call: Call) -> bytes | None:
        """What a repeat of that call is answered; None where it was never taken. Raises RequestIdReused."""
        if not call.key or call.is_dry_run:
            return None
        repeat = self._repeat(call, call.key)
        if repeat is not None:
            return await repeat
        return await self._old_answer(call) if self.keys.may_be_old(call.key) else None

    async def _submit_awake(self, address: Address, command: Command, call: Call, answer: Answer) -> bytes:
        if self._is_asleep(address, call):
            await self.activate(address)
        # The same request may have come again while this one waited.
        repeat = self._repeat(call, call.key) if call.key and not call.is_dry_run else None
        return await (repeat or self.run(address, command, call, answer))

    def run(self, address: Address, command: Command, call: Call, answer: Answer = no_answer) -> Awaitable[bytes]:
        """Run the command as one cascade, without asking whether it was asked before. Raises Refusal."""
        if self._broken is not None:
            raise JournalUnavailable("the journal failed and the engine is stopping")
        self.quarantine.check(address)
        now, position = self.clock.now(), self.last_position + 1
        ctx = Context(
            now=now,
            position=position,
            limits=self.limits,
            catalogue=self.catalogue,
            facts=self.facts,
            etag_given=call.etag,
        )
        cascade = Cascade(self.world, ctx)
        try:
            cascade.run(address, command)
            facts = tuple(cascade.facts)
            rendered = answer(Outcome(position, now, facts, self.state, self.position_of))
        except Refusal:
            cascade.roll_back()
            raise
        except Exception:  # noqa: BLE001  a defect of any kind must leave the shard as it was
            cascade.roll_back()
            raise self._failed(address, command) from None
        if call.is_dry_run:
            cascade.roll_back()
            return self._once_durable(self.last_position, rendered)
        if not facts and not call.request_id:
            return self._once_durable(self.last_position, rendered)
        return self._seal(cascade, address, call, rendered)

    def _failed(self, address: Address, command: Command) -> Internal:
        error_id = uuid4().hex[:12]
        _log.exception("turn.raised", address=str(address), command=type(command).__name__, error_id=error_id)
        self.quarantine.failed(address, self.clock.now())
        return Internal(error_id)

    # --- records

    def _seal(self, cascade: Cascade, address: Address, call: Call, rendered: bytes) -> Awaitable[bytes]:
        self.last_position += 1
        key = call.key
        record = Record(
            position=self.last_position,
            at=cascade.now,
            principal=call.signed,
            cause=call.because(),
            facts=tuple(cascade.facts),
            key=key,
            digest=call.digest,
            answer=rendered if key else b"",
        )
        if key:
            self.keys.remember(key, Remembered(record.position, record.at, call.digest, rendered))
        done: asyncio.Future[bytes] = self._loop.create_future()
        self._in_flight[address] += 1
        self._commits.add(Sealing(cascade, record, address, rendered, done))
        self.on_sealed()
        return done

    def _release(self, group: list[Sealing]) -> None:
        """Let the world outside hear of what is durable now."""
        sealed = []
        for each in group:
            before, after = each.cascade.touched()
            sealed.append(Sealed(each.record, after, before))
        for listener in self._listeners:
            listener(sealed)
        for each in group:
            self._land(each)
            for match in each.cascade.asked:
                self.on_asked(match)
        self.keys.prune(self.clock.now(), self._archive.watermark())

    def _undo(self, lost: list[Sealing], error: JournalError) -> None:
        for each in reversed(lost):
            each.cascade.roll_back()
            if each.record.key:
                self.keys.forget(each.record.key)
            self._land(each)
        self.last_position = self._commits.durable_position
        _log.error("journal.failed", error=str(error), rolled_back=len(lost))
        self.on_undone()
        if isinstance(error, JournalBroken):
            self._broken = error
            self._on_broken(error)

    def _land(self, sealing: Sealing) -> None:
        self._in_flight[sealing.address] -= 1
        if not self._in_flight[sealing.address]:
            del self._in_flight[sealing.address]

    def subscribe(self, listener: Callable[[Sequence[Sealed]], None]) -> Callable[[], None]:
        """Hear of every group of durable records, on the loop; the answer ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @property
    def fullest_mailbox(self) -> int:
        """How many commands wait for the entity for which most do."""
        return max(self._in_flight.values(), default=0)

    @property
    def durable_position(self) -> int:
        """The last position that is on the disk."""
        return self._commits.durable_position

    async def until_durable(self, position: int) -> None:
        """Wait until a position is on the disk. Raises JournalUnavailable where it was rolled back."""
        await self._commits.until_durable(position)

    async def _once_durable(self, position: int, answer: bytes) -> bytes:
        await self._commits.until_durable(position)
        return answer

    # --- states

    def state(self, address: Address) -> State | None:
        """The live state, which may not be durable yet."""
        entity = self.facts.find(address)
        return None if entity is None else entity.state

    def position_of(self, address: Address) -> int:
        """The position of the last record that changed the entity; 0 where there is none."""
        entity = self.facts.find(address)
        return 0 if entity is None else entity.position

    async def read(self, address: Address) -> tuple[State, int] | None:
        """The state and its position, never showing what is not durable. Raises JournalUnavailable."""
        found = self.facts.find(address)
        if found is None:
            if address.kind is not Kind.CONVERSATION:
                return None
            return await asyncio.to_thread(self._archive.snapshot, address)
        state, position = found.state, found.position
        await self._commits.until_durable(position)
        return None if state is None else (state, position)

    async def activate(self, address: Address) -> None:
        """Bring a passivated entity back to life, where there is one."""
        found = await asyncio.to_thread(self._archive.snapshot, address)
        if found is not None and self.facts.find(address) is None:
            self.facts.load(address, *found)

    def _is_asleep(self, address: Address, call: Call) -> bool:
        return address.kind is Kind.CONVERSATION and not call.is_fresh and self.facts.find(address) is None

    # --- the end

    async def stop(self) -> None:
        """Let what is sealed become durable, then stop writing."""
        while not self._commits.is_idle and self._broken is None:
            await self._commits.until_durable(self.last_position)
        await asyncio.to_thread(self._commits.stop)
