"""What nothing can be faster than: a method call of this Python, and SQLite syncing the same bytes in groups.

The groups are as many records of 550 bytes as there are commands in flight, one row for each group, in the journal's
own mode: write-ahead log, and synced at each commit. The third floor, the bare gRPC echo, stands beside each call.
"""

import sqlite3
from pathlib import Path
from time import perf_counter

from hookflash.cli.bench.closed_loop import spread_of
from hookflash.cli.bench.figures import Sample
from hookflash.cli.bench.processes import apart
from hookflash.cli.bench.round import Round

__all__ = ["measure", "method_calls_per_s", "synced_groups"]

_RECORD_BYTES = 550
_CALLS = 100_000
_LEVELS = (1, 64, 256)


async def measure(round_: Round) -> list[Sample]:
    """Calls a second and records a second."""
    calls = await apart(method_calls_per_s, measured_s=round_.plan.measured_s)
    samples = [Sample(group="floor: a Python method call", name="calls", unit="1/s", value=calls)]
    for level in _LEVELS:
        path = str(round_.place("floor"))
        measured = await apart(synced_groups, path=path, group=level, measured_s=round_.plan.measured_s)
        group = f"floor: SQLite, synced, {level} records of {_RECORD_BYTES} bytes a commit"
        samples += [
            Sample(group=group, name="records", unit="1/s", value=measured["records_per_s"]),
            Sample(group=group, name="commit, p50", unit="ms", value=measured["p50_ms"]),
            Sample(group=group, name="commit, p99", unit="ms", value=measured["p99_ms"]),
        ]
        round_.say(f"{group}: {measured['records_per_s']:,.0f} records/s")
    return samples


class _Called:
    """Something with a method."""

    def __init__(self) -> None:
        self.count = 0

    def call(self, message: int) -> None:
        self.count += message


async def method_calls_per_s(*, measured_s: float) -> float:
    """Return how many bare method calls a second this Python makes."""
    called, begun, calls = _Called(), perf_counter(), 0
    while perf_counter() - begun < measured_s:
        for _ in range(_CALLS):
            called.call(1)
        calls += _CALLS
    return calls / (perf_counter() - begun)


async def synced_groups(*, path: str, group: int, measured_s: float) -> dict[str, float]:
    """Commit one group after the other, each one blob; return records a second and the commits' times."""
    connection = sqlite3.connect(path, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "wal_autocheckpoint=16000"):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    connection.execute("CREATE TABLE groups (position INTEGER PRIMARY KEY, body BLOB NOT NULL)")
    body = bytes(group * _RECORD_BYTES)
    spent: list[float] = []
    begun = perf_counter()
    while perf_counter() - begun < measured_s:
        committed = perf_counter()
        connection.execute("INSERT INTO groups (body) VALUES (?)", (body,))
        spent.append(perf_counter() - committed)
    elapsed = perf_counter() - begun
    connection.close()
    for each in Path(path).parent.glob(f"{Path(path).name}*"):
        each.unlink()
    return {"records_per_s": len(spent) * group / elapsed, **spread_of(spent)}
