"""What clients and channels saw, written down by themselves: the checker's other two sources besides the journal.

A history file has one JSON object a line; bytes are base64. Three kinds of line, told apart by `kind`:

    {"kind": "call", "principal": "AGENT:agents/ann", "method": "ConversationService/Transfer", "request_id": "r1",
     "digest": "...", "invoked_at": 1.0, "ended_at": 1.2, "outcome": "OK", "reason": "", "reply": "..."}
    {"kind": "handed", "conversation": "42", "sequence": 1, "key": "...", "raw": "...", "at": 1.2}
    {"kind": "gauge", "name": "mailbox", "value": 3, "limit": 1000, "at": 1.2}

Fields that have a default may be left out. A line cut short at the end of a file is what a killed writer leaves: it is
passed over. All times are seconds, of one clock within a file.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, TextIO

from hookflash.engine.domain.struct import Struct

__all__ = [
    "RECEIVE",
    "ClientCall",
    "Gauge",
    "Handed",
    "Histories",
    "HistoryError",
    "HistoryWriter",
    "Outcome",
    "read_histories",
]

RECEIVE = "Receive"
"""The method of a customer's message or leaving: known by channel and external id alone, whoever brings it."""


class HistoryError(Exception):
    """A history file that cannot be read; says where and why."""


class Outcome(StrEnum):
    """How a call went, as far as its client knows."""

    OK = "OK"
    REFUSED = "REFUSED"
    UNKNOWN = "UNKNOWN"


class ClientCall(Struct, frozen=True, kw_only=True):
    """One call as its client saw it; a repeat is a call of its own.

    `principal` is `ROLE:subject`; `method` is `Service/Method`; `request_id` is empty where the call had none.
    For what a customer sends, `method` is `Receive` and `request_id` is `CHANNEL/EXTERNAL_ID`.
    `digest` is of the request's content, by any one rule of the client's: equal contents, equal digests.
    `ended_at` is None for a call that never came back; `outcome` is UNKNOWN for one that came back without an answer
    (cut off, timed out). `reason` is the refusal's word; `reply` the answer's bytes, canonical. `is_dry_run`: nothing
    was to happen.
    """

    principal: str
    method: str
    request_id: str = ""
    digest: bytes = b""
    invoked_at: float = 0.0
    ended_at: float | None = None
    outcome: Outcome = Outcome.UNKNOWN
    reason: str = ""
    reply: bytes = b""
    is_dry_run: bool = False

    @property
    def key(self) -> str:
        """What the journal knows this call by; empty where a repeat of it is a new command."""
        if not self.request_id or self.is_dry_run:
            return ""
        if self.method == RECEIVE:
            return f"{RECEIVE} {self.request_id}"
        return f"{self.principal} {self.method} {self.request_id}"


class Handed(Struct, frozen=True, kw_only=True):
    """One delivery as the channel got it, each time it got it; `conversation` is the bare id, `raw` all its bytes."""

    conversation: str
    sequence: int
    key: str
    raw: bytes = b""
    at: float = 0.0


class Gauge(Struct, frozen=True, kw_only=True):
    """How full something was, and its limit."""

    name: str
    value: float
    limit: float
    at: float = 0.0


class Histories(Struct, frozen=True, kw_only=True):
    """What was written down. None: nobody wrote that down, so what needs it is not checked."""

    calls: tuple[ClientCall, ...] | None = None
    handed: tuple[Handed, ...] | None = None
    gauges: tuple[Gauge, ...] | None = None


_KINDS: Mapping[str, type[ClientCall | Handed | Gauge]] = {"call": ClientCall, "handed": Handed, "gauge": Gauge}
_NAMES = {cls: kind for kind, cls in _KINDS.items()}
_BYTES = ("digest", "reply", "raw")


class HistoryWriter:
    """Writes history lines to a file, each whole and at once, so that a killed client loses at most its last."""

    def __init__(self, file: TextIO) -> None:
        """Take an open text file; the caller closes it."""
        self._file = file

    def write(self, entry: ClientCall | Handed | Gauge) -> None:
        """Add one entry."""
        line: dict[str, Any] = {"kind": _NAMES[type(entry)]}
        for name in entry.__struct_fields__:
            value = getattr(entry, name)
            line[name] = b64encode(value).decode() if isinstance(value, bytes) else value
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()


def read_histories(paths: Iterable[Path]) -> Histories:
    """All entries of those files.

    Raises:
        HistoryError: a file cannot be read, or a line in it is none of the three kinds.
    """
    entries = [entry for path in paths for entry in _entries(path)]
    calls = tuple(e for e in entries if isinstance(e, ClientCall))
    handed = tuple(e for e in entries if isinstance(e, Handed))
    gauges = tuple(e for e in entries if isinstance(e, Gauge))
    return Histories(calls=calls or None, handed=handed or None, gauges=gauges or None)


def _entries(path: Path) -> Iterator[ClientCall | Handed | Gauge]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise HistoryError(f"The history {path} cannot be read ({error}).") from error
    lines = text.split("\n")
    lines.pop()  # Empty, or cut short by whatever ended its writer.
    for number, line in enumerate(lines, start=1):
        try:
            yield _entry(json.loads(line))
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise HistoryError(f"Line {number} of the history {path} is no entry ({error}).") from error


def _entry(line: dict[str, Any]) -> ClientCall | Handed | Gauge:
    cls = _KINDS[line.pop("kind")]
    for name in _BYTES:
        if name in line:
            line[name] = b64decode(line[name], validate=True)
    if "outcome" in line:
        line["outcome"] = Outcome(line["outcome"])
    return cls(**line)
