"""A process that keeps the views behind a journal: `python -m hookflash.engine.views.following DATA KEPT_S`.

It is told on stdin how far the journal is durable, a line a time, writes the views that far and says so on stdout. It
ends with its stdin: after an orderly stop, a kill or a crash of its engine alike, when it has written what it was told.
"""

import os
import signal
import sqlite3
import sys
import time
from collections.abc import Iterator
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
    while chunk := os.read(sys.stdin.fileno(), _PIPE_BYTES):
        *lines, rest = (rest + chunk).split(b"\n")
        if lines:
            yield int(lines[-1])


def _say(progress: Progress) -> None:
    try:
        os.write(sys.stdout.fileno(), _encode(progress) + b"\n")
    except BrokenPipeError:
        sys.exit()  # The engine is gone, and the next one brings the views up itself.


def _write(reader: GroupReader, writer: Writer, to: int) -> None:
    """Write as far as `to`, again and again until the disk takes it: nothing is lost by waiting."""
    while True:
        try:
            for violations in follow(reader, writer, to=to):
                _say(Progress(watermark=writer.position, violations=tuple(violations)))
        except Overtaken:
            sys.exit(_OVERTAKEN)
        except (JournalError, OSError, sqlite3.Error) as error:
            _say(Progress(watermark=writer.position, trouble=str(error)))
            time.sleep(_RETRY_S)
        else:
            return


def _main(data: Path, request_id_kept_s: float) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # Meant for the engine, which closes our stdin when it is done.
    reader, views = GroupReader(data), Views.open(data / VIEWS_FILE)
    writer = Writer(views, request_id_kept_s=request_id_kept_s)
    for to in _orders():
        _write(reader, writer, to)
    views.close()
    reader.close()


if __name__ == "__main__":
    _main(Path(sys.argv[1]), float(sys.argv[2]))
