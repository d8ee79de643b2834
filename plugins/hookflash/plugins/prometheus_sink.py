"""The sink that counts events by kind, in a file for Prometheus: what node_exporter's textfile collector reads.

The file is written anew with every batch, whole or not at all, and says up to which event it counts. So an event that
comes twice counts once, also after a kill, and the counts go on after a restart.
"""

import asyncio
import os
import re
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, final

from hookflash.sdk import Ack, Audience, Event, Registry, Said, hookimpl

__all__ = ["SDK_API", "EventCounts", "PrometheusConfig", "hookflash_register"]

SDK_API = ">=1.0,<2"

COUNT = re.compile(r'hookflash_events_total\{kind="([A-Za-z]+)"\} ([0-9]+)')
POSITION = re.compile(r"hookflash_events_position ([0-9]+)")
INDEX = re.compile(r"hookflash_events_index ([0-9]+)")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PrometheusConfig:
    """Where the file is, such as `/var/lib/node_exporter/textfile_collector/hookflash.prom`; none: there is no sink."""

    path: Path | None = None


@final
class EventCounts:
    """Counts every event; nothing of what it holds is kept but its kind."""

    name: ClassVar[str] = "prometheus"
    audience: ClassVar[Audience] = Audience.AGENTS

    def __init__(self, path: Path) -> None:
        """Count on from what the file says, once there is something to count."""
        self._path = path
        self._counts: Counter[str] = Counter()
        self._reached = (0, -1)
        self._is_read = False

    async def deliver(self, batch: Sequence[Said] | Sequence[Event]) -> Ack:
        """Count a batch and write the file."""
        await asyncio.to_thread(self._count, [event for event in batch if isinstance(event, Event)])
        return Ack()

    def _count(self, batch: Sequence[Event]) -> None:
        if not self._is_read:
            self._read()
        counts, reached = Counter(self._counts), self._reached
        for event in batch:
            if (event.position, event.index) > reached:
                reached = (event.position, event.index)
                counts[event.kind] += 1
        self._write(counts, reached)
        # Only what is in the file is counted: a batch that could not be written comes again.
        self._counts, self._reached = counts, reached

    def _read(self) -> None:
        with suppress(FileNotFoundError):
            content = self._path.read_text(encoding="ascii")
            position, index = POSITION.search(content), INDEX.search(content)
            if position is not None and index is not None:
                self._counts = Counter({kind: int(count) for kind, count in COUNT.findall(content)})
                self._reached = (int(position[1]), int(index[1]))
        self._is_read = True

    def _write(self, counts: Counter[str], reached: tuple[int, int]) -> None:
        lines = [
            "# HELP hookflash_events_total Events recorded, by kind.",
            "# TYPE hookflash_events_total counter",
            *(f'hookflash_events_total{{kind="{kind}"}} {count}' for kind, count in sorted(counts.items())),
            "# HELP hookflash_events_position The journal position up to which events are counted.",
            "# TYPE hookflash_events_position gauge",
            f"hookflash_events_position {reached[0]}",
            "# HELP hookflash_events_index The last counted event's place in its record.",
            "# TYPE hookflash_events_index gauge",
            f"hookflash_events_index {reached[1]}",
        ]
        beside = self._path.with_name(f"{self._path.name}.new")
        # Readable by all: the collector is another user, and there is nothing in it but numbers.
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644), "w", encoding="ascii") as file:
            file.write("\n".join(lines) + "\n")
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self._path)


@hookimpl
def hookflash_register(registry: Registry) -> None:
    """Register the sink, where the settings name a file."""
    config = registry.config(PrometheusConfig)
    if config.path is not None:
        registry.sink(EventCounts(config.path))
