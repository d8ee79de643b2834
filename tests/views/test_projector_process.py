"""The projector in a process of its own: it writes what the thread writes, survives being killed, and never twice."""

import asyncio
import os
import signal
from pathlib import Path

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
