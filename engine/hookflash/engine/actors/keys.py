"""What repeats are known by: the keys of recent records in memory, and a filter that spares looking up fresh ones.

A key is remembered for `request_id_kept_s`. Those of the last ten minutes, and all that the views do not have yet,
are here; older ones are in the views. The filter may err on one side only: it never says "new" of a known key.
"""

from collections import OrderedDict
from typing import NamedTuple

__all__ = ["Keys", "Remembered"]

_RECENT_S = 600.0
_FILTER_BITS = 1 << 25
_PROBES = 4
_STEP_MAX = 1 << 16


class Remembered(NamedTuple):
    """The record that a key belongs to, with what a repeat is compared with and answered."""

    position: int
    at: float
    digest: bytes
    answer: bytes


class Keys:
    """The keys of this shard's records."""

    def __init__(self) -> None:
        """Begin with none."""
        self._recent: OrderedDict[str, Remembered] = OrderedDict()
        self._filter = bytearray((_FILTER_BITS + _PROBES * _STEP_MAX) // 8)

    def find(self, key: str) -> Remembered | None:
        """The record of that key, where it is a recent one."""
        return self._recent.get(key)

    def may_be_old(self, key: str) -> bool:
        """Whether the views have to be asked: true of every known key, and of very few others."""
        bits = self._filter
        for n in _probes(key):  # noqa: SIM110  a fresh key is known by the first
            if not bits[n >> 3] & (1 << (n & 7)):
                return False
        return True

    def remember(self, key: str, remembered: Remembered) -> None:
        """A record with that key was sealed."""
        self._recent[key] = remembered
        self.add_old(key)

    def add_old(self, key: str) -> None:
        """A key that the views hold: after a restart."""
        bits = self._filter
        for n in _probes(key):
            bits[n >> 3] |= 1 << (n & 7)

    def forget(self, key: str) -> None:
        """The record was not written after all."""
        self._recent.pop(key, None)

    def prune(self, now: float, watermark: int) -> None:
        """Let go of what is old and in the views."""
        while self._recent:
            key, oldest = next(iter(self._recent.items()))
            if oldest.position > watermark or now - oldest.at < _RECENT_S:
                return
            del self._recent[key]


def _probes(key: str) -> range:
    """Where the filter's bits of that key are. The filter is this process's own, and so may be its hash."""
    digest = hash(key)
    first, step = digest % _FILTER_BITS, (digest >> 32) % _STEP_MAX + 1
    return range(first, first + _PROBES * step, step)
