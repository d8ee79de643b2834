"""A conversation with whispers, and without them, in an engine in process; and sinks that tests write."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import ClassVar

from hookflash.engine.domain.commands import AcceptOffer, PlaceInvite, ReceiveMessage, SendMessage, SendWhisper
from hookflash.engine.domain.values import Target
from hookflash.engine.edge.sinks.host import SinkHost
from hookflash.engine.edge.sinks.run import SinkRules
from hookflash.engine.plugins import LoadedSink
from hookflash.sdk.sinks import Ack, Audience, Event, EventSink, Said
from hookflash.sdk.types import AgentId, InviteKind
from tests.actors.running import Running, conversation

ANN, BEN = AgentId("ann"), AgentId("ben")
CANARY = "canary-7f3a"
QUICK = SinkRules(gather_s=0.0, backoff_s=0.001, backoff_max_s=0.002, finish_s=2.0, allow_private=("127.0.0.0/8",))
PATIENCE_S = 20.0

Batch = Sequence[Said] | Sequence[Event]
Answering = Callable[[Batch], Awaitable[object]]


async def _taken(_batch: Batch) -> object:
    return Ack()


@dataclass
class Heard:
    """A sink that keeps its batches, and answers as told; `until` is for the test's own loop."""

    name: ClassVar[str] = "heard"
    audience: ClassVar[Audience] = Audience.CUSTOMER

    answering: Answering = _taken
    batches: list[Batch] = field(default_factory=list)
    changed: threading.Condition = field(default_factory=threading.Condition)

    async def deliver(self, batch: Batch) -> Ack:
        with self.changed:
            self.batches.append(batch)
            self.changed.notify_all()
        return await self.answering(batch)  # type: ignore[return-value]  # rubbish, where a test wants it

    @property
    def items(self) -> list[Said | Event]:
        return [item for batch in self.batches for item in batch]

    async def until(self, is_so: Callable[[], bool]) -> None:
        def wait() -> bool:
            with self.changed:
                return self.changed.wait_for(is_so, PATIENCE_S)

        assert await asyncio.to_thread(wait), f"only {len(self.batches)} batches came"


class HeardByAgents(Heard):
    audience: ClassVar[Audience] = Audience.AGENTS


@dataclass
class Faults:
    """What the host reports."""

    reported: list[tuple[str, str, str, str]] = field(default_factory=list)

    def __call__(self, plugin: str, hook: str, error: str, fallback: str) -> None:
        self.reported.append((plugin, hook, error, fallback))


def host(
    run: Running,
    folder: Path,
    *sinks: EventSink,
    rules: SinkRules = QUICK,
    faults: Faults | None = None,
    settings: str = "as they were",
) -> SinkHost:
    """The sinks of that engine, with cursors in a folder."""
    loaded = [LoadedSink(plugin="plug", sink=sink, settings_digest=settings) for sink in sinks]
    return SinkHost(
        run.engine.journal,
        loaded,
        folder,
        clock=run.clock.now,
        random=Random(1),  # noqa: S311  no secret
        on_fault=faults or Faults(),
        rules=rules,
    )


async def started(run: Running, made: SinkHost) -> SinkHost:
    await made.start()
    run.engine.shard.subscribe(made.follow)
    return made


async def conference(run: Running, whispers: Callable[[int], str | None], rounds: int = 10) -> None:
    """Customer and two agents talk in turns, and Ann whispers before each; where there is no text she does not."""
    await run.site("ann", "ben")
    await run.attended("1")
    talk = conversation("1")
    joined = PlaceInvite(kind=InviteKind.CONFERENCE, agent=ANN, target=Target(agent=BEN))
    await run.run(talk, joined)
    await run.run(talk, AcceptOffer(number=len(run.talk("1").offers)))
    for number in range(rounds):
        whisper = whispers(number)
        if whisper is not None:
            await run.run(talk, SendWhisper(agent=ANN, text=whisper))
        await run.run(talk, ReceiveMessage(text=f"asked {number}"))
        await run.run(talk, SendMessage(agent=BEN if number % 2 else ANN, text=f"answered {number}"))
        run.clock.advance(1.0)


async def say(run: Running, *texts: str) -> None:
    for text in texts:
        await run.run(conversation("1"), SendMessage(agent=ANN, text=text))


async def until(is_so: Callable[[], object]) -> None:
    """Let a sink's thread come so far."""
    async with asyncio.timeout(PATIENCE_S):
        while not is_so():  # noqa: ASYNC110  what is awaited differs from test to test
            await asyncio.sleep(0.001)


async def blocked(until: threading.Event) -> object:
    """What no sink should do: block its thread."""
    until.wait(PATIENCE_S)
    return Ack()


async def hanging() -> object:
    """Never answers, and lets itself be cancelled."""
    with suppress(TimeoutError):
        await asyncio.Event().wait()
    return Ack()
