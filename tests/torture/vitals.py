"""How a server is, all its processes: the memory that is their own, their open descriptors, and whether either grows.

Read from /proc. Growth is a straight line fitted through samples, so that one high reading proves nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import linear_regression
from threading import Event, Thread
from time import monotonic
from types import TracebackType
from typing import Final, Self

from hookflash.cli.bench.processes import processes_of

__all__ = ["MIB", "Vitals", "VitalsLog", "vitals_of"]

MIB: Final = 1024.0 * 1024.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Vitals:
    """One reading; `work` is whatever count of work done the reading is to be compared with."""

    at_s: float
    memory_bytes: int
    descriptors: int
    sockets: int
    work: float = 0.0


def vitals_of(pid: int, *, work: float = 0.0) -> Vitals:
    """Read a process, with those that it started. Raises OSError where it is gone."""
    memory = _memory_bytes(pid)
    open_now = list(_descriptors(pid))
    for each in tuple(processes_of(pid))[1:]:
        with suppress(OSError, KeyError):  # It has ended.
            memory += _memory_bytes(each)
            open_now += _descriptors(each)
    sockets = sum(each.startswith("socket:") for each in open_now)
    return Vitals(at_s=monotonic(), memory_bytes=memory, descriptors=len(open_now), sockets=sockets, work=work)


def _memory_bytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace")
    fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    return int(fields["RssAnon"].split()[0]) * 1024


def _descriptors(pid: int) -> Iterator[str]:
    for each in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # Closed since it was listed.
            yield str(each.readlink())


@dataclass
class VitalsLog:
    """Readings of one process, taken by a thread while the block runs; `work` is asked at each of them."""

    pid: int
    every_s: float = 0.5
    work: Callable[[], float] = lambda: 0.0
    readings: list[Vitals] = field(default_factory=list)
    _over: Event = field(default_factory=Event)
    _thread: Thread | None = None

    def __enter__(self) -> Self:
        """Begin."""
        self._thread = Thread(target=self._read, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """Stop."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def _read(self) -> None:
        while True:
            try:
                self.readings.append(vitals_of(self.pid, work=self.work()))
            except OSError:
                return
            if self._over.wait(self.every_s):
                return

    @property
    def peak_mib(self) -> float:
        """The most memory in any reading."""
        return max((each.memory_bytes for each in self.readings), default=0) / MIB

    @property
    def second_half(self) -> Sequence[Vitals]:
        """The readings of the later half of the time: caches are full by then."""
        if not self.readings:
            return ()
        middle = (self.readings[0].at_s + self.readings[-1].at_s) / 2
        return [each for each in self.readings if each.at_s >= middle]

    def memory_slope_mib_per_h(self) -> float:
        """Growth of memory in the second half."""
        return _slope([(each.at_s, each.memory_bytes) for each in self.second_half]) * 3600 / MIB

    def memory_slope_bytes_per_work(self) -> float:
        """Growth of memory in the second half for each unit of work."""
        return _slope([(each.work, each.memory_bytes) for each in self.second_half])

    def descriptor_slope_per_h(self) -> float:
        """Growth of descriptors in the second half."""
        return _slope([(each.at_s, each.descriptors) for each in self.second_half]) * 3600


def _slope(points: Sequence[tuple[float, float]]) -> float:
    if len({x for x, _ in points}) < 2:
        return 0.0
    return linear_regression([x for x, _ in points], [y for _, y in points]).slope
