"""A process that appends to a journal until it is killed: `python -m tests.journal.appender DIRECTORY [LIMIT_BYTES]`.

It prints the last position of each group that it was told is durable. With a limit on the size of files it goes on
until that fails, lifts the limit, and prints what a further append says.
"""

import random
import resource
import sys
from pathlib import Path

from hookflash.engine.journal.port import JournalBroken
from hookflash.engine.journal.sqlite import SqliteJournal
from tests.journal.samples import records_from


def append_for_ever(journal: SqliteJournal) -> None:
    """Append groups of one to eight records and acknowledge each."""
    sizes = random.Random(journal.epoch)  # noqa: S311  no secret, only variety
    while True:
        count = sizes.randint(1, 8)
        first = journal.tail().position + 1
        journal.append(records_from(first, count))
        print(first + count - 1, flush=True)  # noqa: T201


def main(directory: str, limit_bytes: str = "") -> None:
    """Open the journal there and append."""
    journal = SqliteJournal.open(Path(directory))
    if not limit_bytes:
        append_for_ever(journal)
    resource.setrlimit(resource.RLIMIT_FSIZE, (int(limit_bytes), resource.RLIM_INFINITY))
    for _ in range(2):
        try:
            append_for_ever(journal)
        except JournalBroken as broken:
            print(f"broken: {broken}", flush=True)  # noqa: T201
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main(*sys.argv[1:])
