"""One seed's world: the engine's process in its lives, the people around it, and what goes wrong.

Everything that happens is a callback of one loop in one thread, under a clock that jumps from one to the next.
"""

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import suppress
from contextvars import copy_context
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import grpc

from hookflash.engine.actors.calls import Call
from hookflash.engine.checker import ClientCall, Gauge, Promise, Violation
from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.commands import CreateToken
from hookflash.engine.domain.refusals import JournalUnavailable, Refusal
from hookflash.engine.domain.values import TokenSettings
from hookflash.engine.engine import Engine
from hookflash.engine.journal.errors import Damaged
from hookflash.engine.journal.port import JournalError
from hookflash.engine.journal.record import CauseKind
from hookflash.sdk.types import ChannelId, Principal, Role

from .chance import Chance
from .desk import Desk
from .disk import Disk
from .faults import Faults
from .intruder import Intruder
from .loop import SimulatedLoop
from .mirror import Mirror
from .mix import Mix
from .network import Client
from .office import Admin, Office, calm_site, site
from .outside import Customer, ExternalAdapter
from .plugin import OUTSIDE
from .process import Crashed, Process
from .provider import Provider
from .story import Story
from .transcripts import read_transcripts
from .watcher import Watcher

__all__ = ["EPOCH", "World"]

EPOCH = 1_700_000_000.0
"""The wall clock's time at the beginning."""

_SETTLE_MAX_S = 2_000.0


class World:
    """Everything of one seed."""

    def __init__(self, mix: Mix, chance: Chance, story: Story, loop: SimulatedLoop, folder: Path) -> None:
        self.mix, self.chance, self.story, self.loop = mix, chance, story, loop
        self.disk = Disk()
        self.violations: list[Violation] = []
        self.calls: list[ClientCall] = []
        self.gauges: list[Gauge] = []
        self.secrets: list[str] = []
        self.transcripts: dict[str, bytes] = {}
        self.process: Process | None = None
        self.lives: list[Process] = []
        self.is_calm = self.is_over = False
        self.wall_jump_s = 0.0
        self.provider = Provider(self)
        self.faults = Faults(self)
        self.mirror = Mirror(self)
        self.context = copy_context()
        self.context.run(OUTSIDE.set, self.provider)
        self.settled_at = 0.0
        self._folder = folder
        self._open_calls: dict[int, ClientCall] = {}
        self._running: set[asyncio.Task[Any]] = set()
        self._made_tokens: list[tuple[TokenSettings, str]] = []
        loop.set_exception_handler(self._raised)

    # --- time and tasks

    @property
    def stream_s(self) -> float:
        """How late a stream's item is."""
        return 0.001 if self.mix.is_steady else max(self.mix.latency_s, 0.001)

    def now(self) -> float:
        """The true time, which no jump of the wall clock touches."""
        return EPOCH + self.loop.time()

    def outside(self, delay_s: float, callback: Callable[[], object]) -> None:
        """Call back later, in nobody's process."""
        self.loop.call_later(delay_s, callback, context=self.context)

    def start(self, coroutine: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        """Let somebody outside do something."""
        task = self.loop.create_task(coroutine, context=self.context.copy())
        self._running.add(task)
        task.add_done_callback(self._done, context=self.context)
        return task

    def _done(self, task: "asyncio.Task[Any]") -> None:
        self._running.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            raise error

    def _raised(self, _loop: object, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, Crashed | JournalUnavailable | grpc.aio.AbortError):
            return  # Whoever was to hear of it died with his process.
        self.defect(f"{context.get('message')}: {type(error).__name__}: {error}")

    # --- what is written down

    def tell(self, who: str, what: str) -> None:
        """Add a line to the story."""
        self.story.tell(self.loop.time(), who, what)

    def defect(self, fact: str) -> None:
        """Something happened that never may, whatever the promises say."""
        self.broken(Promise.I6, f"defect: {fact}")

    def broken(self, promise: Promise, fact: str) -> None:
        """A promise was broken."""
        violation = Violation(promise=promise, position=0, fact=fact)
        self.tell("VIOLATION", str(violation))
        self.violations.append(violation)

    def secret(self, name: str) -> str:
        """Words for a whisper or a note, with a token that is found again wherever it leaks."""
        token = "canary" + sha256(f"{self.chance.seed}/{name}{self.mix.whispers.salt}".encode()).hexdigest()[:16]
        self.secrets.append(token)
        return f"{token} between us {self.mix.whispers.salt}"

    def calls_open(self, call: ClientCall) -> int:
        """Write down a call that begins."""
        self.calls.append(call)
        return len(self.calls) - 1

    def calls_close(self, index: int, call: ClientCall) -> None:
        """Write down how it ended."""
        self.calls[index] = call

    # --- who is there

    def client(self, role: Role, subject: str, channel: str = "") -> Client:
        """Somebody with a token, which the engine learns of at the start."""
        identifier = sha256(f"token {subject}".encode()).hexdigest()[:16]
        secret = f"hf_{identifier}_{sha256(f'secret {subject}'.encode()).hexdigest()}"
        settings = TokenSettings(
            id=identifier,
            subject=subject,
            role=role,
            digest=sha256(secret.encode()).digest(),
            created_at=EPOCH,
            channel=ChannelId(channel) if channel else None,
        )
        self._made_tokens.append((settings, secret))
        return Client(self, Principal(role, subject).key, secret)

    async def run(self) -> None:
        """The whole life of this world."""
        admin = self.client(Role.ADMIN, "admins/root")
        desks = [Desk(self, f"a{n}", self.client(Role.AGENT, f"agents/a{n}")) for n in range(self.mix.agents)]
        offices = [
            Office(self, "service", self.client(Role.SERVICE, "services/shop")),
            Office(self, "supervisor", self.client(Role.SUPERVISOR, "supervisors/sue")),
        ]
        externals: dict[str, ExternalAdapter] = {}
        if self.mix.has_external:
            channel = f"c{self.mix.channels - 1}"
            adapter = self.client(Role.ADAPTER, f"channels/{channel}", channel)
            externals[channel] = ExternalAdapter(self, channel, adapter)
        customers = [Customer(self, n, externals.get(f"c{n % self.mix.channels}")) for n in range(self.mix.customers)]
        watchers = [
            Watcher(self, self.client(Role.VIEWER, f"viewers/v{n}"), self.mix.watch_s) for n in range(self.mix.watchers)
        ]
        service = offices[0].client
        intruder = Intruder(self, desks, self.client(Role.VIEWER, "viewers/ivo"), service)
        await self.boot()
        await self._settle_in(admin)
        mix = self.mix
        people: list[tuple[Callable[[], None], float]] = [
            *((desk.beat, mix.desk_beat_s) for desk in desks),
            *((customer.beat, mix.customer_beat_s) for customer in customers),
            *((office.beat, mix.office_beat_s) for office in offices),
            (Admin(self, admin).beat, mix.admin_beat_s),
            *((watcher.beat, 4.0) for watcher in watchers),
            *((external.beat, 2.0) for external in externals.values()),
            (intruder.beat, 11.0),
        ]
        for number, (beat, every_s) in enumerate(people, 1):
            # Everybody in a phase of his own: nobody acts in the very moment in which somebody else does.
            self.outside(number * 0.0211, partial(self._beat, beat, every_s))
        self.faults.begin()
        self.outside(5.0, self._measure)
        await asyncio.sleep(mix.seconds)
        await self._settle_down(admin, service)
        with suppress(Damaged):  # Where the journal cannot be read, the mirror has said so.
            for watcher in watchers:
                watcher.judge(self.disk.records())

    async def _settle_in(self, admin: Client) -> None:
        process = self.process
        assert process is not None
        for settings, _ in self._made_tokens:
            address = Address(Kind.TOKEN, settings.id)
            call = Call(cause=CauseKind.BOOT)
            await process.spawn(_awaited(process.engine, address, CreateToken(settings=settings), call))
        self.is_calm = True
        reply = await admin.call("AdminService/Apply", site(self.mix))
        self.is_calm = False
        self.faults.aim(process)
        if not reply.is_ok:
            raise RuntimeError(f"the site was refused: {reply}")

    def _beat(self, beat: Callable[[], None], every_s: float) -> None:
        if not self.is_over:
            beat()
            self.outside(every_s, partial(self._beat, beat, every_s))

    async def _settle_down(self, admin: Client, service: Client) -> None:
        """End all faults and wait for rest: what does not come to rest now never will."""
        self.is_calm = True
        self.tell("world", "no more faults")
        self.faults.end()
        self.start(admin.call("AdminService/Apply", calm_site(self.mix)))
        began = self.loop.time()
        while self.loop.time() - began < _SETTLE_MAX_S:
            await asyncio.sleep(5.0)
            if not (unrest := self._unrest()):
                break
        else:
            self.broken(Promise.I6, f"no rest {_SETTLE_MAX_S:.0f} s after the last fault: {unrest}")
        self.settled_at = self.now()
        self.transcripts = await read_transcripts(self, service)
        self.is_over = True
        await asyncio.sleep(30.0)
        process = self.process
        if process is not None and process.is_serving:
            self.tell("world", "ends the engine in order")
            await self._of_process(process, process.run_end())
            process.has_ended_well = not process.is_dead
            process.kill()
        self.mirror.at_end()

    def _unrest(self) -> str:
        process = self.process
        if process is None or not process.is_serving:
            return "the engine is not up"
        if pending := process.engine.outbox.pending():
            return f"{pending} deliveries are not settled"
        if waiting := self.provider.waiting():
            return f"{waiting} arrivals are not taken"
        if searches := self.mirror.open_searches():
            return f"open searches: {searches}"
        return f"{len(self._running)} calls are not answered" if self._running else ""

    def _measure(self) -> None:
        process = self.process
        if process is not None and process.is_serving:
            engine = process.engine
            self.gauges.append(Gauge(name="projector lag", value=engine.projector.lag, limit=100_000, at=self.now()))
        if not self.is_over:
            self.outside(5.0, self._measure)

    # --- the engine's lives

    async def boot(self) -> None:
        """Start a process, and again where it dies while starting."""
        process = self.process = Process(
            self.loop,
            self.disk,
            self._folder / "views.sqlite",
            self.chance,
            self.mix.limits,
            len(self.lives) + 1,
            wall=self.now() + self.wall_jump_s,
            write_s=self.faults.write_s,
            answers_s=self.faults.answers_s,
            on_broken=lambda process: self.outside(0.0, lambda: self.die(process, "its journal is broken")),
        )
        self.lives.append(process)
        self.story.count("starts")
        if process.number > 1:
            self.faults.aim(process)
        outcome = await self._of_process(process, process.run_start(self._before))
        if isinstance(outcome, JournalError | Refusal):
            self.die(process, f"could not start: {outcome}")
        elif outcome is not None and process.number == 1:
            raise outcome  # Nothing can be simulated that does not even start.
        elif isinstance(outcome, BaseException):
            self.defect(f"a start raised {type(outcome).__name__}: {outcome}")
            self.die(process, "could not start")
        elif not process.is_dead:
            self.tell("engine", f"is up, life {process.number}, position {process.engine.shard.last_position}")

    def _before(self, engine: Engine) -> None:
        self.mirror.check_snapshots(engine)
        engine.shard.subscribe(self.mirror.follow)

    async def _of_process(self, process: Process, coroutine: Coroutine[Any, Any, None]) -> BaseException | None:
        """What came of something inside a process; None also when the process died meanwhile."""
        over: asyncio.Future[BaseException | None] = self.loop.create_future()

        def settle(outcome: BaseException | None) -> None:
            if not over.done():
                over.set_result(outcome)

        forget = process.at_end(lambda: settle(None))
        task = process.spawn(coroutine)
        task.add_done_callback(lambda done: settle(done.exception()), context=process.context)
        outcome = await over
        forget()
        return outcome

    def die(self, process: Process, why: str) -> None:
        """The process is killed now; another one is started after a while."""
        if process.is_dead or self.is_over:
            return
        process.kill()
        self.mirror.at_crash()
        random = self.chance.stream("crashes")
        lost = self.disk.crash(random)
        self.faults.lose_views(self._folder)
        down_s = self.faults.down_s()
        self.story.count("crashes")
        self.tell("engine", f"DIES: {why}; {lost} groups that were not synced are lost; back in {down_s:.2f} s")
        self.outside(down_s, lambda: self.start(self.boot()))

    async def drain(self) -> None:
        """Stop the engine in order and start it again."""
        process = self.process
        if process is None or not process.is_serving:
            return
        self.tell("engine", "drains")
        self.story.count("drains")
        process.draining_at = process.engine.clock.now()
        outcome = await self._of_process(process, process.run_end())
        if outcome is not None and not isinstance(outcome, JournalError | Refusal):
            self.defect(f"a stop raised {type(outcome).__name__}: {outcome}")
        if not process.is_dead:
            process.kill()
            self.mirror.at_crash()
            self.tell("engine", "has stopped in order")
            self.outside(1.0, lambda: self.start(self.boot()))


async def _awaited(engine: Engine, address: Address, command: CreateToken, call: Call) -> None:
    await engine.shard.submit(address, command, call)
