"""A process that keeps the views behind a journal: `python -m hookflash.engine.views.following DATA KEPT_S`.

It is told on stdin how far the journal is durable, a line a time, writes the views that far and says so on stdout. It
ends with its stdin, after an orderly stop, a kill or a crash of its engine alike: with what it was told written as long
as somebody hears of it, and at once where the disk does not take that.
"""

import os
import select
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

import msgspec

from hookflash.engine.journal.port import JournalError
from hookflash.engine.journal.sqlite_reader import GroupReader
from hookflash.engine.views.projection import Violation
from hookflash.engine.views.rebuild import follow
from hookflash.engine.views.store import VIEWS_FILE, Views
from hookflash.engine.views.writer import Overtaken, Writer

__all__ = ["Progress", "decode_progress", "encode_order"]

_RETRY_S: Final = 1.0
_PIPE_BYTES: Final = 65_536
_OVERTAKEN: Final = 3
_STDIN, _STDOUT, _STDERR = range(3)


class Progress(msgspec.Struct, frozen=True, kw_only=True):
    """How far the views are, what was put aside since the last one, and what keeps them from going on."""

    watermark: int
    violations: tuple[Violation, ...] = ()
    trouble: str = ""


_encode: Final = msgspec.json.Encoder().encode
decode_progress: Final = msgspec.json.Decoder(Progress).decode
"""The progress in a line of stdout."""


def encode_order(position: int) -> bytes:
    """The line that says: the journal is durable up to there, write the views as far."""
    return b"%d\n" % position


def _orders() -> Iterator[int]:
    """What stdin says; of several at once only the last, since they only grow."""
    rest = b""
    while chunk := os.read(_STDIN, _PIPE_BYTES):
        *lines, rest = (rest + chunk).split(b"\n")
        if lines:
            yield int(lines[-1])


def _answers() -> int:
    """Where progress is said; whatever else is printed goes where errors go, for it would be taken for progress."""
    answers = os.dup(_STDOUT)
    with suppress(OSError):  # There is no stderr.
        os.dup2(_STDERR, _STDOUT)
    return answers


def _is_left(for_s: float) -> bool:
    """Whether stdin ends within so many seconds, however much of it is not read yet."""
    poll = select.poll()
    poll.register(_STDIN, 0)
    return bool(poll.poll(for_s * 1_000))


def _write(reader: GroupReader, writer: Writer, to: int, say: Callable[[Progress], None]) -> None:
    """Write as far as `to`, again and again until the disk takes it or the engine ends: nothing is lost by waiting."""
    while True:
        try:
            for violations in follow(reader, writer, to=to):
                say(Progress(watermark=writer.position, violations=tuple(violations)))
        except Overtaken:
            sys.exit(_OVERTAKEN)
        except (JournalError, OSError, sqlite3.Error) as error:
            say(Progress(watermark=writer.position, trouble=str(error)))
            if _is_left(_RETRY_S):
                sys.exit()
        else:
            return


def _main(data: Path, request_id_kept_s: float) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # Meant for the engine, which closes our stdin when it is done.
    answers = _answers()

    def say(progress: Progress) -> None:
        try:
            os.write(answers, _encode(progress) + b"\n")
        except BrokenPipeError:
            sys.exit()  # The engine is gone, and the next one brings the views up itself.

    with closing(GroupReader(data)) as reader, closing(Views.join(data / VIEWS_FILE)) as views:
        writer = Writer(views, request_id_kept_s=request_id_kept_s)
        # Who was here before may have written more than it lived to say.
        say(Progress(watermark=writer.position))
        for to in _orders():
            _write(reader, writer, to, say)


if __name__ == "__main__":
    _main(Path(sys.argv[1]), float(sys.argv[2]))
