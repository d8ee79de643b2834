"""Write the golden journal of a release: `python -m tests.journal.make_golden 0.1.0`.

It holds one event of every class, in several groups; beside it lies what it says, as JSON lines. While a release is in
the making its two files may be deleted and written again. Once it is out they stay as they are: later releases have to
read them, which is what `test_golden.py` checks for each.
"""

import shutil
import sys
import tempfile
from contextlib import closing
from pathlib import Path

import msgspec
from hypothesis import HealthCheck, Phase, given, seed, settings

from hookflash.engine.domain.address import Address, Kind
from hookflash.engine.domain.events import Event
from hookflash.engine.journal.codec import EVENTS
from hookflash.engine.journal.record import Cause, CauseKind, Fact, Record
from hookflash.engine.journal.sqlite import SqliteJournal
from tests.journal.every_event import of_class

__all__ = ["GOLDEN", "lines"]

GOLDEN = Path(__file__).parent / "golden"
_EXAMPLES = 12
_GROUP_SIZE = 4


def _sample(cls: type[Event]) -> Event:
    """One event with most of its fields filled: the longest of a few that hypothesis makes."""
    made: list[Event] = []

    @seed(1)
    @settings(
        max_examples=_EXAMPLES,
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(of_class(cls))
    def keep(event: Event) -> None:
        made.append(event)

    keep()
    return max(made, key=lambda event: len(msgspec.msgpack.encode(event)))


def _records() -> list[Record]:
    causes = list(CauseKind)
    kinds = list(Kind)
    return [
        Record(
            position=position,
            at=1_700_000_000.25 + position,
            principal="AGENT:ann",
            cause=Cause(causes[position % len(causes)], f"cause-{position}"),
            facts=(Fact(Address(kinds[position % len(kinds)], f"{position}"), _sample(cls)),),
            key=f"AGENT:ann/Method/{position}" if position % 2 else "",
            digest=bytes([position]) * 32 if position % 2 else b"",
            answer=b"answer" if position % 2 else b"",
        )
        for position, cls in enumerate(EVENTS.values(), 1)
    ]


def lines(records: list[Record]) -> str:
    """What records say, one JSON object a line."""
    return "".join(msgspec.json.encode(record).decode() + "\n" for record in records)


def main(release: str) -> None:
    """Write `golden/RELEASE.sqlite` and `golden/RELEASE.jsonl`."""
    target = GOLDEN / f"{release}.sqlite"
    if target.exists():
        sys.exit(f"{target} is there already. That of a release that is out is never written again.")
    GOLDEN.mkdir(exist_ok=True)
    records = _records()
    with tempfile.TemporaryDirectory() as folder:
        with closing(SqliteJournal.open(Path(folder))) as journal:
            for first in range(0, len(records), _GROUP_SIZE):
                journal.append(records[first : first + _GROUP_SIZE])
        shutil.copyfile(Path(folder) / "journal.sqlite", target)
    target.with_suffix(".jsonl").write_text(lines(records), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
