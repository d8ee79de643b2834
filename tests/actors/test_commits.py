"""When a group is written: at the latest in the loop's next round, however many commands go on arriving."""

import asyncio
from collections.abc import Callable

import pytest

from hookflash.engine.actors.cascade import Cascade
from hookflash.engine.actors.commits import Commits, Sealing
from hookflash.engine.domain.address import SITE
from hookflash.engine.domain.refusals import JournalUnavailable
from hookflash.engine.journal.memory import MemoryJournal
from hookflash.engine.journal.port import JournalError, WriterStopped
from hookflash.engine.journal.writer import JournalWriter
from tests.journal.samples import record_at

_AT_ONCE_S = 3_600.0


class _Watched:
    """Commits of cascades that never ran, and what was said of them."""

    def __init__(self) -> None:
        self.writer = JournalWriter(MemoryJournal(), quick_s=_AT_ONCE_S)
        self.groups: list[int] = []
        self.errors: list[JournalError] = []
        self.commits = Commits(
            self.writer,
            0,
            on_durable=lambda group: self.groups.append(len(group)),
            on_failed=lambda _group, error: self.errors.append(error),
        )

    def add(self, position: int) -> "asyncio.Future[bytes]":
        done: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
        cascade = Cascade.__new__(Cascade)  # Only carried along.
        self.commits.add(Sealing(cascade, record_at(position), SITE, b"done", done))
        return done


@pytest.mark.spec("I6")
async def test_commands_that_arrive_in_every_round_of_the_loop_do_not_put_a_commit_off() -> None:
    watched, loop = _Watched(), asyncio.get_running_loop()
    first: list[asyncio.Future[bytes]] = []

    def arrive(position: int, again: Callable[..., None]) -> None:
        if position > 20:
            return
        loop.call_soon(again, position + 1, again)  # Before the commit that this command makes due.
        first.append(watched.add(position))

    arrive(1, arrive)
    for _ in range(6):
        await asyncio.sleep(0)
    assert first[0].done()
    assert len(first) < 20
    await asyncio.gather(*first)
    watched.commits.stop()


async def test_what_is_sealed_after_the_writer_stopped_is_rolled_back_and_refused() -> None:
    watched = _Watched()
    watched.commits.stop()
    done = watched.add(1)
    with pytest.raises(JournalUnavailable):
        await done
    assert [type(error) for error in watched.errors] == [WriterStopped]
    assert watched.commits.is_idle
