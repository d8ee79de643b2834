"""The projector in a process of its own: it writes what the thread writes, survives being killed, and never twice."""

import asyncio
import os
import select
import signal
from contextlib import suppress
from pathlib import Path
from time import monotonic

import pytest

from hookflash.engine.journal.sqlite import SqliteJournal
from hookflash.engine.views.projection import Projection
from hookflash.engine.views.projector_process import ProjectorProcess
from hookflash.engine.views.rebuild import follow, rebuild
from hookflash.engine.views.store import VIEWS_FILE, Views
from hookflash.engine.views.writer import Overtaken, Writer
from tests.views.story import Story, a_transfer
from tests.views.test_projection import contents

_LONG_S = 30.0


@pytest.fixture
def story() -> Story:
    story = Story()
    for name in ("c1", "c2", "c3"):
        a_transfer(story, name, f"+49{name}")
    return story


def _rebuilt(journal: SqliteJournal) -> object:
    views = Views.open(None)
    rebuild(journal, views)
    found = contents(views)
    views.close()
    return found


@pytest.mark.spec("I10")
async def test_it_writes_the_rows_that_a_rebuild_writes_and_says_how_far_it_is(tmp_path: Path, story: Story) -> None:
    journal, views = SqliteJournal.open(tmp_path), Views.open(tmp_path / VIEWS_FILE)
    journal.append(story.records)
    projector = ProjectorProcess(views)
    watermarks: list[int] = []
    projector.on_progress(watermarks.append)
    projector.feed(story.projections)
    assert projector.lag == story.position
    assert await asyncio.to_thread(projector.wait_for, story.position, _LONG_S)
    assert (projector.watermark, projector.lag, watermarks) == (story.position, 0, [story.position])
    assert contents(views) == _rebuilt(journal)
    await asyncio.to_thread(projector.stop)
    views.close()
    journal.close()


async def test_what_was_fed_is_written_before_it_stops_and_then_nothing_is_taken(tmp_path: Path, story: Story) -> None:
    journal, views = SqliteJournal.open(tmp_path), Views.open(tmp_path / VIEWS_FILE)
    journal.append(story.records)
    projector = ProjectorProcess(views)
    projector.feed(story.projections)
    await asyncio.to_thread(projector.stop)
    await asyncio.to_thread(projector.stop)
    assert views.watermark() == story.position
    with pytest.raises(RuntimeError, match="stopped"):
        projector.feed(story.projections)
    views.close()
    journal.close()


@pytest.mark.spec("I10")
async def test_when_it_is_killed_another_one_goes_on_where_it_was(tmp_path: Path, story: Story) -> None:
    journal, views = SqliteJournal.open(tmp_path), Views.open(tmp_path / VIEWS_FILE)
    projector = ProjectorProcess(views, restart_s=0.0)

    async def told(projections: list[Projection]) -> None:
        journal.append([each.record for each in projections])
        projector.feed(projections)
        assert await asyncio.to_thread(projector.wait_for, projections[-1].record.position, _LONG_S)

    await told(story.projections[:9])
    os.kill(projector.pid, signal.SIGKILL)
    await told(story.projections[9:])
    assert projector.restarts == 1
    await asyncio.to_thread(projector.stop)
    assert contents(views) == _rebuilt(journal)
    views.close()
    journal.close()


@pytest.mark.spec("I10")
def test_of_two_writers_one_is_overtaken_and_nothing_is_written_twice(tmp_path: Path, story: Story) -> None:
    journal, views = SqliteJournal.open(tmp_path), Views.open(tmp_path / VIEWS_FILE)
    journal.append(story.records)
    late = Writer(views)
    assert list(follow(journal, Writer(views), to=9)) == [[]]
    with pytest.raises(Overtaken):
        list(follow(journal, late))
    assert views.watermark() == 9
    assert list(follow(journal, Writer(views))) == [[]]
    assert contents(views) == _rebuilt(journal)
    views.close()
    journal.close()


@pytest.mark.spec("I10")
async def test_a_new_process_says_what_the_one_before_wrote_and_did_not_live_to_say(
    tmp_path: Path, story: Story
) -> None:
    journal, views = SqliteJournal.open(tmp_path), Views.open(tmp_path / VIEWS_FILE)
    journal.append(story.records)
    projector = ProjectorProcess(views, restart_s=0.0)
    assert list(follow(journal, Writer(views))) == [[]]
    projector.feed(story.projections)
    # Where it was the quicker one to look, it is overtaken and ends. Otherwise it has nothing left to write, either.
    assert await asyncio.to_thread(projector.wait_for, story.position, _LONG_S)
    assert projector.lag == 0
    await asyncio.to_thread(projector.stop)
    views.close()
    journal.close()


async def test_stopped_while_another_process_is_about_to_start_it_starts_none(tmp_path: Path, story: Story) -> None:
    journal, views = SqliteJournal.open(tmp_path), Views.open(tmp_path / VIEWS_FILE)
    journal.append(story.records)
    projector = ProjectorProcess(views, restart_s=0.0)
    first = projector.pid
    os.kill(first, signal.SIGKILL)
    projector.feed(story.projections)
    await asyncio.to_thread(projector.stop)
    for _ in range(5):
        await asyncio.sleep(0)
    if projector.pid != first:  # It was quicker; then that one has ended in order.
        assert views.watermark() == story.position
    with pytest.raises(ProcessLookupError):
        os.kill(projector.pid, 0)
    views.close()
    journal.close()


@pytest.mark.spec("I10")
async def test_an_order_that_a_full_pipe_did_not_take_is_given_again(tmp_path: Path, story: Story) -> None:
    journal, views = SqliteJournal.open(tmp_path), Views.open(tmp_path / VIEWS_FILE)
    journal.append(story.records)
    projector = ProjectorProcess(views)
    os.kill(projector.pid, signal.SIGSTOP)
    for size in (select.PIPE_BUF, 2):
        with suppress(BlockingIOError):
            while True:
                os.write(projector._child.orders.fileno(), b"0\n" * (size // 2))  # noqa: SLF001  as readers do who wait
    projector.feed(story.projections)
    assert not await asyncio.to_thread(projector.wait_for, story.position, 0.0)
    os.kill(projector.pid, signal.SIGCONT)
    done = asyncio.Event()
    projector.on_progress(lambda watermark: done.set() if watermark == story.position else None)
    await asyncio.wait_for(done.wait(), _LONG_S)
    await asyncio.to_thread(projector.stop)
    views.close()
    journal.close()


async def test_it_finds_its_modules_and_its_data_as_this_process_does_from_wherever_it_is_started(
    tmp_path: Path, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "place"
    place.mkdir()
    (place / "sitecustomize.py").write_text(f"open({str(place / 'found')!r}, 'w').close()")
    monkeypatch.syspath_prepend(place)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.chdir(tmp_path)
    data = tmp_path / "data"
    journal, views = SqliteJournal.open(Path("data")), Views.open(Path("data") / VIEWS_FILE)
    journal.append(story.records)
    projector = ProjectorProcess(views, restart_s=0.0)
    monkeypatch.chdir("/")
    os.kill(projector.pid, signal.SIGKILL)
    projector.feed(story.projections)
    assert await asyncio.to_thread(projector.wait_for, story.position, _LONG_S)
    await asyncio.to_thread(projector.stop)
    monkeypatch.chdir(tmp_path)
    views.close()
    journal.close()
    assert (data / VIEWS_FILE).exists()
    assert (place / "found").exists()


async def test_views_that_take_nothing_do_not_hold_up_the_end(tmp_path: Path, story: Story) -> None:
    journal, views = SqliteJournal.open(tmp_path), Views.open(tmp_path / VIEWS_FILE)
    journal.append(story.records)
    views.writer.execute("ALTER TABLE entries RENAME TO gone")
    projector = ProjectorProcess(views)
    projector.feed(story.projections)
    assert not await asyncio.to_thread(projector.wait_for, story.position, 0.1)
    begun = monotonic()
    await asyncio.to_thread(projector.stop)
    assert monotonic() - begun < _LONG_S
    assert (projector.watermark, views.watermark()) == (0, 0)
    views.close()
    journal.close()
