"""A closed loop under the clock: so many workers, each beginning its next item when the last one is done.

What is done before the warm-up is over does not count. The server's and the client's CPU belong to the figures.
"""

import asyncio
from collections.abc import Callable, Coroutine
from statistics import median
from time import perf_counter, process_time

from tests.bench.figures import percentile
from tests.bench.processes import cpu_s

__all__ = ["ClosedLoop"]


class ClosedLoop:
    """What the workers of one job share: whether it is over, and how long each item took."""

    def __init__(self) -> None:
        self.is_over = False
        self._spent: list[float] = []
        self._counted = asyncio.Event()

    def count(self, begun: float) -> None:
        """An item that was begun then, by `perf_counter`, is done."""
        self._spent.append(perf_counter() - begun)
        self._counted.set()

    async def run(
        self,
        work: Callable[[], Coroutine[object, object, None]],
        *,
        workers: int,
        warm_up_s: float,
        measured_s: float,
        server_pid: int,
        items: str,
        item: str,
    ) -> dict[str, float]:
        """Let the workers work, each until `is_over`; the figures are named after the items."""
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(work())
            await asyncio.sleep(warm_up_s)
            spent = self._spent = list[float]()
            self._counted.clear()
            begun, cpu, server = perf_counter(), process_time(), cpu_s(server_pid)
            await asyncio.sleep(measured_s)
            # A machine too busy for this time is measured for longer; each call has a deadline of its own.
            await self._counted.wait()
            self.is_over = True
            elapsed, cpu, server = perf_counter() - begun, process_time() - cpu, cpu_s(server_pid) - server
            self._spent = []
        return {
            f"{items}_per_s": len(spent) / elapsed,
            "p50_ms": median(spent) * 1e3,
            "p99_ms": percentile(spent, 0.99) * 1e3,
            "client_cores": cpu / elapsed,
            "server_cores": server / elapsed,
            f"server_us_per_{item}": server / len(spent) * 1e6,
        }
