"""What goes over the pipe between the engine and a plugin's process: values in MessagePack, each behind its length.

Nothing here can run code of the other side: what a frame may hold is written in these types, and what does not fit
them ends the child.
"""

import os
import select
from collections.abc import Callable
from datetime import datetime
from time import monotonic
from typing import Any, Final, Literal

import msgspec

from hookflash.sdk.filters import FilterContext, FilterStage
from hookflash.sdk.routing import AgentView, InviteView, QueueView

__all__ = [
    "Answer",
    "AskFilter",
    "AskHours",
    "AskOptions",
    "AskSettings",
    "AskStrategy",
    "Begin",
    "Blocked",
    "Failed",
    "Offered",
    "Passed",
    "PipeBrokenError",
    "Problems",
    "Question",
    "Redacted",
    "Rejected",
    "Report",
    "State",
    "Waited",
    "decode_answer",
    "decode_begin",
    "decode_question",
    "decode_report",
    "encode",
    "read_frame",
    "wait_for_frame",
    "write_frame",
]

FRAME_BYTES_MAX: Final = 4 * 1024 * 1024
_LENGTH_BYTES: Final = 4
_CHUNK_BYTES: Final = 65_536


class PipeBrokenError(Exception):
    """The other side is gone, or says what cannot be read."""


class Begin(msgspec.Struct, frozen=True, kw_only=True):
    """What a child is told first: which plugin it is, from where, with which table, and how much memory it may have."""

    name: str
    module: str
    attribute: str
    path: str
    table: dict[str, Any]
    memory_bytes_max: int


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """How loading ended in the child, and what the plugin registered there, by name."""

    state: str
    reason: str = ""
    traceback: str = ""
    strategies: tuple[str, ...] = ()
    filters: tuple[tuple[FilterStage, str], ...] = ()
    hours: dict[str, tuple[str, ...]] = {}
    channels: tuple[str, ...] = ()


class AskStrategy(msgspec.Struct, frozen=True, kw_only=True, tag="strategy"):
    """Whom a strategy would ask; `seed` is that of its random source."""

    name: str
    invite: InviteView
    queue: QueueView
    candidates: list[AgentView]
    now: float
    waited_s: float
    step: int
    cursor: Any
    seed: int


class AskFilter(msgspec.Struct, frozen=True, kw_only=True, tag="filter"):
    """What a filter, the one at this place among the plugin's, makes of a text."""

    index: int
    text: str
    context: FilterContext


class AskHours(msgspec.Struct, frozen=True, kw_only=True, tag="hours"):
    """Whether a calendar is open."""

    name: str
    calendar: str
    now: datetime


class AskOptions(msgspec.Struct, frozen=True, kw_only=True, tag="options"):
    """What is wrong with a queue's options for a strategy."""

    name: str
    options: dict[str, str]


class AskSettings(msgspec.Struct, frozen=True, kw_only=True, tag="settings"):
    """What is wrong with a channel's settings for the adapter of that kind; no secret is read for it."""

    kind: str
    settings: dict[str, str]


Question = AskStrategy | AskOptions | AskSettings | AskFilter | AskHours


class Offered(msgspec.Struct, frozen=True, kw_only=True, tag="offer"):
    """A strategy's Offer."""

    agents: tuple[str, ...]
    to: Literal["one", "all"]
    cursor: Any


class Waited(msgspec.Struct, frozen=True, kw_only=True, tag="wait"):
    """A strategy's Wait."""

    wait_s: float
    cursor: Any


class Rejected(msgspec.Struct, frozen=True, kw_only=True, tag="reject"):
    """A strategy's Reject."""

    reason: str
    cursor: Any


class Problems(msgspec.Struct, frozen=True, kw_only=True, tag="problems"):
    """Sentences on options or settings that cannot be used; none where they can."""

    problems: tuple[str, ...]


class Passed(msgspec.Struct, frozen=True, tag="passed"):
    """A filter's Passed."""


class Redacted(msgspec.Struct, frozen=True, kw_only=True, tag="redacted"):
    """A filter's Redacted."""

    text: str


class Blocked(msgspec.Struct, frozen=True, kw_only=True, tag="blocked"):
    """A filter's Blocked."""

    reason: str


class State(msgspec.Struct, frozen=True, kw_only=True, tag="state"):
    """A calendar's OpenState."""

    is_open: bool
    until: datetime | None
    reason: str


class Failed(msgspec.Struct, frozen=True, kw_only=True, tag="failed"):
    """The plugin raised, or answered what is none; `kind` is the error's class."""

    kind: str
    words: str = ""


Answer = Offered | Waited | Rejected | Problems | Passed | Redacted | Blocked | State | Failed

encode: Final = msgspec.msgpack.Encoder().encode
decode_begin: Final = msgspec.msgpack.Decoder(Begin).decode
decode_report: Final = msgspec.msgpack.Decoder(Report).decode
decode_question: Final = msgspec.msgpack.Decoder(Question).decode
decode_answer: Final = msgspec.msgpack.Decoder(Answer).decode


def write_frame(descriptor: int, content: bytes, until: float | None = None) -> None:
    """Write a frame whole. Raises PipeBrokenError, and TimeoutError at `until` (of the monotonic clock)."""
    rest = memoryview(len(content).to_bytes(_LENGTH_BYTES, "big") + content)
    while rest:
        _wait(descriptor, select.POLLOUT, until)
        try:
            rest = rest[os.write(descriptor, rest[:_CHUNK_BYTES]) :]
        except BlockingIOError:
            continue
        except OSError as error:
            raise PipeBrokenError("the pipe is closed") from error


def wait_for_frame(descriptor: int, until: float) -> None:
    """Wait until a frame begins. Raises TimeoutError, and then nothing of it has been read."""
    _wait(descriptor, select.POLLIN, until)


def read_frame(descriptor: int, until: float | None = None) -> bytes:
    """Read a frame whole. Raises PipeBrokenError, and TimeoutError at `until` (of the monotonic clock)."""
    length = int.from_bytes(_read(descriptor, _LENGTH_BYTES, until), "big")
    if length > FRAME_BYTES_MAX:
        raise PipeBrokenError("it wrote what is no answer")
    return _read(descriptor, length, until)


def _read(descriptor: int, count: int, until: float | None) -> bytes:
    content = bytearray()
    while len(content) < count:
        _wait(descriptor, select.POLLIN, until)
        try:
            chunk = os.read(descriptor, min(count - len(content), _CHUNK_BYTES))
        except BlockingIOError:
            continue
        except OSError as error:
            raise PipeBrokenError("the pipe is closed") from error
        if not chunk:
            raise PipeBrokenError("the pipe is closed")
        content += chunk
    return bytes(content)


def _wait(descriptor: int, for_what: int, until: float | None, now: Callable[[], float] = monotonic) -> None:
    """Wait for a descriptor; without an end, that is what reading does by itself."""
    if until is None:
        return
    poll = select.poll()
    poll.register(descriptor, for_what)
    left_s = until - now()
    if left_s <= 0 or not poll.poll(left_s * 1_000):
        raise TimeoutError
