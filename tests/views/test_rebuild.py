"""The views' file: made anew from the journal whenever it is not of this journal or not of this release."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from hookflash.engine.journal.memory import MemoryJournal
from hookflash.engine.journal.port import RecordsMissing
from hookflash.engine.views.examination import last_shown
from hookflash.engine.views.projector import Projector
from hookflash.engine.views.reads import Reads
from hookflash.engine.views.rebuild import catch_up, rebuild
from hookflash.engine.views.store import Views
from tests.views.story import ANN, Story, Talk, a_transfer
from tests.views.test_projection import contents


def _journal(story: Story) -> MemoryJournal:
    journal = MemoryJournal()
    journal.append(story.records)
    return journal


def _days() -> Story:
    story = Story()
    a_transfer(story, "c1")
    story.at += 8 * 86_400
    a_transfer(story, "c2", "+50")
    talk = Talk(story, "c3", "+51")
    talk.tell(talk.opened(), talk.placed(), key="web:c1")
    talk.tell(talk.ended(1), talk.placed())
    story.at += 86_400
    talk.tell(talk.ended(2), talk.placed(), talk.said("hello", ANN))
    return story


@pytest.mark.spec("I10")
def test_views_made_from_the_journal_hold_the_rows_of_those_that_were_kept(views: Views) -> None:
    story = _days()
    projector = Projector(views, gather_s=0.0)
    for projection in story.projections:
        projector.feed([projection])
    projector.stop()
    kept = contents(views)

    assert rebuild(_journal(story), views) == []
    assert contents(views) == kept


@pytest.mark.spec("I10")
def test_views_that_are_behind_take_up_where_they_are(views: Views) -> None:
    story = _days()
    whole = Views.open(None)
    rebuild(_journal(story), whole)
    for end in (3, 12, 19, story.position):
        part = MemoryJournal()
        part.append(story.records[:end])
        catch_up(part, views)
        assert Reads(views).watermark() == end

    assert contents(views) == contents(whole)
    whole.close()


def _talk(length: int) -> tuple[Story, Talk]:
    story = Story()
    talk = Talk(story, "c9")
    talk.tell(talk.opened())
    for _ in range(length - 1):
        talk.tell(talk.said("hello"))
    return story, talk


@pytest.mark.parametrize("longer_by", [0, 12])
def test_views_of_another_journal_that_is_no_shorter_are_made_anew(views: Views, longer_by: int) -> None:
    other = Story(at=5_000.0)
    a_transfer(other)
    story, talk = _talk(other.position + longer_by)
    rebuild(_journal(other), views)

    catch_up(_journal(story), views)

    assert [row.conversation for row in Reads(views).conversations()] == [talk.state]
    assert Reads(views).watermark() == story.position


@pytest.mark.spec("I1", "I13")
@pytest.mark.parametrize("end", [0, 1, 8])
def test_a_journal_that_ends_before_its_views_is_refused_and_the_views_stay(views: Views, end: int) -> None:
    story = Story()
    a_transfer(story)
    rebuild(_journal(story), views)
    before = contents(views)
    short = MemoryJournal()
    short.append(story.records[:end])

    with pytest.raises(RecordsMissing, match=f"ends at position {end}, .* at position {story.position}: ") as refusal:
        catch_up(short, views)

    assert (refusal.value.end, refusal.value.known, refusal.value.position) == (end, story.position, end + 1)
    assert contents(views) == before
    assert rebuild(short, views) == []
    assert catch_up(short, views) == []
    assert Reads(views).watermark() == end


def test_how_far_views_were_is_known_without_opening_them_also_those_of_another_layout(tmp_path: Path) -> None:
    place = tmp_path / "views.sqlite"
    assert last_shown(place) == 0
    assert list(tmp_path.iterdir()) == []
    story = _days()
    with closing(Views.open(place)) as views:
        rebuild(_journal(story), views)
        assert last_shown(place) == story.position
    with closing(sqlite3.connect(place)) as older:
        older.execute("UPDATE progress SET layout = x'00'")
        older.commit()
    assert last_shown(place) == story.position
    place.write_bytes(b"no database, but long enough to be taken for one" * 100)
    assert last_shown(place) == 0


def test_a_file_outlives_being_closed(tmp_path: Path) -> None:
    story = _days()
    views = Views.open(tmp_path / "views.sqlite")
    rebuild(_journal(story), views)
    before = contents(views)
    views.close()

    again = Views.open(tmp_path / "views.sqlite")

    assert contents(again) == before
    again.close()


@pytest.mark.parametrize("content", [b"no database, but long enough to be taken for one" * 100, b""])
def test_a_file_that_is_no_views_is_made_anew(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "views.sqlite").write_bytes(content)

    views = Views.open(tmp_path / "views.sqlite")

    assert views.watermark() == 0
    views.close()


def test_a_file_of_another_layout_is_made_anew(tmp_path: Path) -> None:
    views = Views.open(tmp_path / "views.sqlite")
    rebuild(_journal(_days()), views)
    views.close()
    older = sqlite3.connect(tmp_path / "views.sqlite")
    older.execute("UPDATE progress SET layout = x'00'")
    older.commit()
    older.close()

    views = Views.open(tmp_path / "views.sqlite")

    assert (views.watermark(), Reads(views).conversations()) == (0, [])
    views.close()


def _written(place: Path) -> Views:
    views = Views.open(place)
    rebuild(_journal(_days()), views)
    return views


@pytest.mark.parametrize("open_it", [Views.open, Views.join])
def test_a_file_that_only_cannot_be_opened_now_is_not_thrown_away(
    tmp_path: Path, open_it: Callable[[Path], Views], monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "views.sqlite"
    views = _written(place)
    before = contents(views)
    views.close()
    monkeypatch.setattr("hookflash.engine.views.store._BUSY_TIMEOUT_S", 0.0)
    with closing(sqlite3.connect(place, isolation_level=None)) as other:
        other.execute("PRAGMA journal_mode = DELETE").fetchall()
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            open_it(place)
    with closing(open_it(place)) as again:
        assert contents(again) == before


def test_a_file_that_is_joined_is_never_made_and_never_made_anew(tmp_path: Path) -> None:
    place = tmp_path / "views.sqlite"
    with pytest.raises(sqlite3.OperationalError, match="is gone"):
        Views.join(place)
    assert list(tmp_path.iterdir()) == []
    place.write_bytes(b"no database, but long enough to be taken for one" * 100)
    with pytest.raises(sqlite3.DatabaseError, match="not a database"):
        Views.join(place)
    assert place.read_bytes().startswith(b"no database")
