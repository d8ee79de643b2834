"""One round of a benchmark: where its files lie, how much is measured, and the bare echo that figures stand beside.

Everything that a round measures is measured again in the next, so that a busy minute falls on all alike.
"""

from base64 import b64encode
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

from hookflash.cli.bench import echo
from hookflash.cli.bench.calls import load_calls
from hookflash.cli.bench.processes import Server, apart, start_echo, start_engine
from hookflash.v1.conversation_service_pb2 import SendMessageRequest

__all__ = ["QUICK", "TEXT", "Plan", "Round", "encoded"]

TEXT = "Your refund is on its way, it takes three working days in all."


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is measured. `levels` are the calls in flight; counts are of what their names say."""

    rounds: int
    is_quick: bool = False
    levels: tuple[int, ...] = (1, 16, 64, 256)
    warm_up_s: float = 1.0
    measured_s: float = 3.0
    conversations: int = 64
    listening_desks: int = 1_000
    idle_desks: int = 10_000
    open_conversations: tuple[int, ...] = (10_000, 100_000)
    restarts: int = 3
    agents: tuple[int, ...] = (100, 1_000, 10_000)
    parked: tuple[int, ...] = (10, 100, 1_000, 10_000)
    watched_queues: int = 500
    actors: tuple[int, ...] = (100, 10_000)
    neighbours: tuple[str, ...] | None = None
    """The bad plugins that stand beside the writes, by name; None are all."""


QUICK = Plan(
    rounds=1,
    is_quick=True,
    levels=(1, 64),
    warm_up_s=0.05,
    measured_s=0.2,
    conversations=8,
    listening_desks=10,
    idle_desks=20,
    open_conversations=(40,),
    restarts=1,
    agents=(10, 40),
    parked=(5, 20),
    watched_queues=10,
    actors=(20,),
    neighbours=("none", "spinning strategy, process"),
)
"""Whether it runs, not how fast it is."""


class Round:
    """One round; leaving the `async with` ends the servers that it still has."""

    def __init__(self, plan: Plan, directory: Path, say: Callable[[str], None]) -> None:
        """Take what to measure, where, and whom to tell of progress."""
        self.plan, self.directory, self.say = plan, directory, say
        self._exit = AsyncExitStack()
        self._echo: Server | None = None
        self._echoes: dict[int, dict[str, float]] = {}

    async def __aenter__(self) -> Self:
        """Begin without servers."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the echo server, where there is one."""
        await self._exit.__aexit__(kind, error, trace)

    def place(self, name: str) -> Path:
        """Return a path that nothing has used before, in any round."""
        return self.directory / f"{name}-{uuid4().hex[:8]}"

    async def engine(self, name: str, **settings: object) -> Server:
        """Start an engine on a data directory of its own; settings are named as in the settings page."""
        variables = {f"HOOKFLASH_{key.upper()}": str(value) for key, value in settings.items()}
        return await start_engine(self.place(name), variables)

    async def echo(self, in_flight: int) -> dict[str, float]:
        """Measure the bare echo with so many calls in flight; once a round."""
        if in_flight not in self._echoes:
            if self._echo is None:
                self._echo = await self._exit.enter_async_context(await start_echo(self.directory))
            body = SendMessageRequest(name="conversations/echo", agent="agents/echo", text=TEXT).SerializeToString()
            self._echoes[in_flight] = await self.calls(self._echo, echo.METHOD, [body], in_flight)
            self.say(f"bare echo, {in_flight} in flight: {self._echoes[in_flight]['items_per_s']:,.0f} calls/s")
        return self._echoes[in_flight]

    async def calls(self, server: Server, method: str, bodies: list[bytes], in_flight: int) -> dict[str, float]:
        """Keep so many calls of a method in flight, the bodies in turn, each with a request_id of its own."""
        return await apart(
            load_calls,
            address=server.address,
            token=server.token,
            server_pid=server.pid,
            method=method,
            bodies=encoded(bodies),
            in_flight=in_flight,
            warm_up_s=self.plan.warm_up_s,
            measured_s=self.plan.measured_s,
        )


def encoded(bodies: list[bytes]) -> list[str]:
    """Return bodies as a load's arguments hold them: base 64."""
    return [b64encode(body).decode() for body in bodies]
