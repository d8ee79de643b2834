"""`hookflash doctor`: what it says of sound, damaged, broken and missing data, and what it mends."""

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hookflash.engine.checker import ClientCall, Handed, HistoryWriter
from hookflash.engine.domain import events as e
from hookflash.engine.journal.record import Record
from hookflash.engine.journal.sqlite import SqliteJournal
from hookflash.engine.views.rebuild import rebuild
from hookflash.engine.views.store import Views
from tests.checker.falsifying import drop
from tests.checker.story import honest
from tests.cli.command import Command


def _written(directory: Path, records: Sequence[Record]) -> Path:
    """A data directory with that journal, and views that show it."""
    journal = SqliteJournal.open(directory)
    for at in range(0, len(records), 5):
        journal.append(records[at : at + 5])
    views = Views.open(directory / "views.sqlite")
    rebuild(journal, views)
    views.close()
    journal.close()
    return directory


@pytest.fixture
def data(command: Command) -> Path:
    return _written(command.home / "data", honest().records)


def _asked(command: Command, data: Path, *options: str) -> tuple[int, Any]:
    done = command("doctor", "--data", str(data), "-o", "json", *options)
    return done.code, json.loads(done.out)


def _states(report: Any) -> dict[str, str]:  # noqa: ANN401  JSON
    return {promise["id"]: promise["state"] for promise in report["promises"]}


def _contents(data: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in data.iterdir() if path.suffix == ".sqlite"}


def test_sound_data_is_exit_0_and_every_promise_has_its_line(command: Command, data: Path) -> None:
    done = command("doctor", "--data", str(data))
    assert done.code == 0
    lines = done.out.splitlines()
    assert lines[0] == f"The journal in {data} is sound."
    assert lines[1] == "Checked 43 records with 147 events and 2 boots."
    assert "I4 OWNER             KEPT         the journal, whole" in lines
    assert "I1 DURABLE           NOT_CHECKED  not checked: a history of clients' calls" in lines
    assert any(line.startswith("Views: MATCH at position 43, 0 records behind") for line in lines)


def test_what_only_a_history_shows_is_said_to_be_not_checked(command: Command, data: Path) -> None:
    code, report = _asked(command, data)
    assert code == 0
    assert {name for name, state in _states(report).items() if state == "NOT_CHECKED"} == {"I1", "I16"}
    missing = {promise["id"]: promise["missing"] for promise in report["promises"] if promise["missing"]}
    assert set(missing) == {"I1", "I2", "I3", "I6", "I7", "I16"}
    assert missing["I3"] == "a history of what channels were handed"


def test_histories_of_clients_and_channels_are_checked_against_the_journal(command: Command, data: Path) -> None:
    story = honest()
    lost = ClientCall(
        principal="AGENT:agents/ann", method="A/B", request_id="x", ended_at=1.0, outcome=story.calls[0].outcome
    )
    entries: list[ClientCall | Handed] = [*story.calls, *story.handed]
    path = command.home / "seen.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for entry in entries:
            HistoryWriter(file).write(entry)
    code, report = _asked(command, data, "--history", str(path))
    assert (code, _states(report)["I1"], _states(report)["I3"]) == (0, "KEPT", "KEPT")
    with path.open("a", encoding="utf-8") as file:
        HistoryWriter(file).write(lost)
    code, report = _asked(command, data, "--history", str(path))
    assert (code, _states(report)["I1"]) == (1, "BROKEN")
    assert report["violations"][0]["text"] == "I1 DURABLE: 'AGENT:agents/ann A/B x' was answered OK and is in no record"


def test_a_history_that_cannot_be_read_is_a_sentence(command: Command, data: Path) -> None:
    done = command("doctor", "--data", str(data), "--history", "nowhere.jsonl")
    assert done.code == 1
    assert done.err.startswith("hookflash: The history nowhere.jsonl cannot be read")


def test_a_broken_promise_is_exit_1_and_shown_with_its_position(command: Command) -> None:
    data = _written(command.home / "broken", drop(e.SlotReleased, of="ann")(honest().records))
    done = command("doctor", "--data", str(data))
    assert done.code == 1
    assert "I9 PARTICIPATION: ann's slots are not those of his conversations: one (position 17)" in done.out
    assert "I9 PARTICIPATION" in next(line for line in done.out.splitlines() if "BROKEN" in line)


def test_a_damaged_journal_is_exit_1_and_stays_as_it_is(command: Command, data: Path) -> None:
    with closing(sqlite3.connect(data / "journal.sqlite")) as connection:
        connection.execute("UPDATE groups SET body = zeroblob(length(body)) WHERE first_position = 11")
        connection.commit()
    before = _contents(data)
    done = command("doctor", "--data", str(data))
    assert done.code == 1
    assert "is damaged at position 11" in done.out
    assert "Everything below is about the records before position 11." in done.out
    assert _contents(data) == before


@pytest.mark.parametrize("option", ["--repair", "--rebuild-views"])
def test_a_damaged_journal_is_never_mended_by_dropping_records(command: Command, data: Path, option: str) -> None:
    with closing(sqlite3.connect(data / "journal.sqlite")) as connection:
        connection.execute("UPDATE groups SET body = zeroblob(length(body)) WHERE first_position = 11")
        connection.commit()
    before = _contents(data)
    code, report = _asked(command, data, option)
    assert code == 1
    assert [step["isDone"] for step in report["repair"]] == [False, False]
    assert report["repair"][0]["what"] == "The journal is damaged at position 11; only a backup brings that back."
    assert _contents(data) == before


def _spoil_views(data: Path) -> None:
    """Let the views hold one conversation as another."""
    with closing(sqlite3.connect(data / "views.sqlite")) as connection:
        connection.execute(
            "UPDATE snapshots SET state = (SELECT state FROM snapshots WHERE id = 'two') WHERE id = 'one'"
        )
        connection.commit()


def test_views_that_differ_from_the_journal_are_found_and_mended(command: Command, data: Path) -> None:
    _spoil_views(data)
    code, report = _asked(command, data)
    assert (code, report["views"]["state"], _states(report)["I10"]) == (1, "DIFFER", "BROKEN")
    assert report["views"]["facts"] == ["the snapshots hold conversations/one otherwise than the journal"]
    code, report = _asked(command, data, "--repair")
    assert (code, report["views"]["state"]) == (0, "MATCH")
    assert report["repair"] == [{"isDone": True, "what": "The views (DIFFER) were made anew from the journal."}]


def test_views_that_match_are_made_anew_only_on_demand(command: Command, data: Path) -> None:
    code, report = _asked(command, data, "--repair")
    assert (code, report["repair"]) == (0, [{"isDone": False, "what": "Nothing needs to be mended."}])
    code, report = _asked(command, data, "--rebuild-views")
    assert (code, report["repair"]) == (
        0,
        [{"isDone": True, "what": "The views (MATCH) were made anew from the journal."}],
    )


def _without_its_end(data: Path) -> None:
    """Take the last five records away, as a log that SQLite takes for shorter than it is does."""
    with closing(sqlite3.connect(data / "journal.sqlite")) as connection:
        connection.execute("DELETE FROM groups WHERE last_position > 38")
        connection.commit()


@pytest.mark.spec("I1", "I13")
def test_a_journal_that_ends_before_its_views_has_lost_records_and_repair_leaves_both(
    command: Command, data: Path
) -> None:
    _without_its_end(data)
    before = _contents(data)
    code, report = _asked(command, data, "--repair")
    assert (code, report["damagedPosition"], report["missing"], report["records"]) == (1, 36, 8, 35)
    assert report["why"] == "it ends at position 35, but the views show what was durable up to 43"
    assert (_states(report)["I1"], _states(report)["I13"], report["views"]["state"]) == ("BROKEN", "KEPT", "DIFFER")
    assert [step["isDone"] for step in report["repair"]] == [False, False]
    assert _contents(data) == before


@pytest.mark.spec("I1")
def test_views_made_anew_accept_a_journal_that_is_older_than_they_were(command: Command, data: Path) -> None:
    _without_its_end(data)
    code, report = _asked(command, data, "--rebuild-views")
    assert (code, report["missing"], report["damagedPosition"], report["views"]["state"]) == (0, 0, None, "MATCH")
    assert report["repair"] == [{"isDone": True, "what": "The views (DIFFER) were made anew from the journal."}]
    assert report["views"]["watermark"] == report["records"]


def test_missing_views_are_no_fault_for_the_next_start_makes_them(command: Command, data: Path) -> None:
    (data / "views.sqlite").unlink()
    code, report = _asked(command, data)
    assert (code, report["views"]["state"], report["views"]["lag"]) == (0, "MISSING", 43)


def test_an_audit_log_whose_chain_is_broken_is_found(command: Command, data: Path) -> None:
    (data / "audit.log").write_text('{"what": "refused", "previous": "not the hash"}\n', encoding="utf-8")
    code, report = _asked(command, data)
    assert code == 1
    assert report["auditLog"] == {
        "state": "BROKEN",
        "fact": "the chain of hashes breaks at line 1 of audit.log",
    }


def test_beside_an_owner_it_checks_and_refuses_to_mend(command: Command, data: Path) -> None:
    owner = SqliteJournal.open(data)
    try:
        code, report = _asked(command, data)
        assert (code, report["isInUse"], report["records"]) == (0, True, 43)
        done = command("doctor", "--data", str(data), "--rebuild-views")
        assert done.code == 1
        assert "is in use by another hookflash" in done.err
    finally:
        owner.close()
    assert _asked(command, data)[1]["isInUse"] is False


def test_checking_changes_no_byte(command: Command, data: Path) -> None:
    before = _contents(data)
    assert command("doctor", "--data", str(data)).code == 0
    assert _contents(data) == before


def test_a_directory_without_a_journal_is_told_apart(command: Command) -> None:
    done = command("doctor", "--data", "nowhere")
    assert done.code == 1
    assert done.err.startswith("hookflash: There is no journal in nowhere.")
