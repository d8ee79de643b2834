"""A closed loop under the clock: so many workers, each beginning its next item when the last one is done.

What is done before the warm-up is over does not count. The server's and the client's CPU belong to the figures.
"""

import asyncio
import gc
from collections.abc import Awaitable, Callable, Sequence
from statistics import median
from time import perf_counter, process_time
from typing import Any

from hookflash.cli.bench.figures import percentile
from hookflash.cli.bench.processes import cpu_s
from hookflash.cli.bench.wire import Wire

__all__ = ["ClosedLoop", "spread_of"]

_PATIENCE_S = 60.0


class ClosedLoop:
    """What the workers of one load share: whether it is over, and how long each item took, in seconds."""

    def __init__(self, *, warm_up_s: float, measured_s: float, server_pid: int) -> None:
        """Take for how long, and whose CPU is counted."""
        self.is_over = False
        self.spent: list[float] = []
        self._warm_up_s, self._measured_s, self._server_pid = warm_up_s, measured_s, server_pid

    @staticmethod
    def begin() -> float:
        """Return the time at which an item is begun, for `count`."""
        return perf_counter()

    def count(self, begun: float, done: float | None = None) -> None:
        """An item that was begun then is done, or was done then."""
        self.spent.append((perf_counter() if done is None else done) - begun)

    async def run_calls(
        self, wire: Wire, path: str, body: Callable[[], bytes], in_flight: int, broken: Sequence[Wire] = ()
    ) -> dict[str, float]:
        """Keep so many unary calls in flight, without a task or a future for any. Raises CallError."""

        def begin() -> None:
            begun = perf_counter()

            def answered(_answer: bytes) -> None:
                self.spent.append(perf_counter() - begun)
                if not self.is_over:
                    begin()

            wire.call(path, body(), answered)

        for _ in range(in_flight):
            begin()
        return await self._measured([each.broken for each in (wire, *broken)])

    async def run(self, work: Callable[[], Awaitable[None]], workers: int, wires: Sequence[Wire]) -> dict[str, float]:
        """Let workers work, each until `is_over`. Raises what one of them, or a wire, ends with."""
        tasks = [asyncio.ensure_future(work()) for _ in range(workers)]
        try:
            return await self._measured([*tasks, *(wire.broken for wire in wires)])
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _measured(self, watched: "Sequence[asyncio.Future[Any]]") -> dict[str, float]:
        # The client's own collections must not show as the server's tail.
        gc.collect()
        gc.disable()
        await _pause(self._warm_up_s, watched)
        self.spent = spent = list[float]()
        begun, cpu, server = perf_counter(), process_time(), cpu_s(self._server_pid)
        await _pause(self._measured_s, watched)
        while not spent:
            # A machine too busy for this time is measured for longer; each call has a deadline of its own.
            if perf_counter() - begun > _PATIENCE_S:
                raise TimeoutError("Nothing was finished within a minute.")
            await _pause(self._measured_s, watched)
        elapsed = perf_counter() - begun
        cpu, server = process_time() - cpu, cpu_s(self._server_pid) - server
        self.is_over, self.spent = True, []
        return {
            "items_per_s": len(spent) / elapsed,
            **spread_of(spent),
            "client_cores": cpu / elapsed,
            "server_cores": server / elapsed,
            "server_us_per_item": server / len(spent) * 1e6,
        }


def spread_of(spent: list[float]) -> dict[str, float]:
    """Return median and tail of durations in seconds, as milliseconds."""
    return {
        "p50_ms": median(spent) * 1e3,
        "p99_ms": percentile(spent, 0.99) * 1e3,
        "p999_ms": percentile(spent, 0.999) * 1e3,
    }


async def _pause(seconds: float, watched: "Sequence[asyncio.Future[Any]]") -> None:
    done, _ = await asyncio.wait(watched, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    for future in done:
        future.result()
        raise RuntimeError("The load ended before its time.")
