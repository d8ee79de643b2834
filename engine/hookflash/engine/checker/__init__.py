"""The checker of what the engine promises: it reads a journal and histories, and finds what was not kept."""

from .checker import Checker
from .histories import ClientCall, Gauge, Handed, Histories, HistoryError, HistoryWriter, Outcome, read_histories
from .replay import digest
from .violation import Promise, Violation

__all__ = [
    "Checker",
    "ClientCall",
    "Gauge",
    "Handed",
    "Histories",
    "HistoryError",
    "HistoryWriter",
    "Outcome",
    "Promise",
    "Violation",
    "digest",
    "read_histories",
]
