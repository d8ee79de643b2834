"""What clients and channels saw against the journal: lost, doubled, left out, given away, over the limit."""

from pathlib import Path

import pytest

from hookflash.engine.checker import (
    ClientCall,
    Gauge,
    Handed,
    HistoryError,
    HistoryWriter,
    Outcome,
    Promise,
    read_histories,
)
from hookflash.engine.domain import events as e
from hookflash.engine.domain.struct import changed
from tests.actors.running import conversation

from .falsifying import add, broken
from .story import NOTE, WHISPER, honest


def _last(calls: list[ClientCall]) -> ClientCall:
    return calls[-1]


@pytest.mark.spec("I1")
def test_an_answer_whose_request_is_in_no_record_is_lost_work() -> None:
    story = honest()
    lost = changed(_last(story.calls), request_id="never-written")
    assert broken(story.records, clients=[*story.calls, lost]) == {Promise.I1}


@pytest.mark.spec("I1")
def test_a_dry_run_leaves_no_record_and_is_not_lost() -> None:
    story = honest()
    dry = changed(_last(story.calls), request_id="dry", is_dry_run=True)
    assert broken(story.records, clients=[*story.calls, dry]) == set()


@pytest.mark.spec("I16")
def test_a_dry_run_that_is_in_a_record_was_none() -> None:
    story = honest()
    done = next(record.key for record in story.records if record.key.startswith("AGENT:"))
    principal, method, request_id = done.split(" ")
    dry = ClientCall(
        principal=principal, method=method, request_id=request_id, ended_at=1.0, outcome=Outcome.OK, is_dry_run=True
    )
    assert broken(story.records, clients=[dry]) == {Promise.I16}


@pytest.mark.spec("I2")
def test_two_replies_to_one_request_are_found() -> None:
    story = honest()
    other = changed(_last(story.calls), reply=b"something else")
    assert broken(story.records, clients=[*story.calls, other]) == {Promise.I2}


@pytest.mark.spec("I2")
def test_other_content_under_a_used_request_id_has_to_be_refused() -> None:
    story = honest()
    again = changed(_last(story.calls), digest=b"other content")
    refused = changed(again, outcome=Outcome.REFUSED, reason="REQUEST_ID_REUSED", reply=b"")
    assert broken(story.records, clients=[*story.calls, again]) == {Promise.I2}
    assert broken(story.records, clients=[*story.calls, refused]) == set()


@pytest.mark.spec("I6")
def test_a_call_that_never_came_back_is_found_once_it_had_its_second() -> None:
    story = honest()
    silent = changed(_last(story.calls), ended_at=None, outcome=Outcome.UNKNOWN)
    end = silent.invoked_at
    assert broken(story.records, clients=[silent], end=end + 0.5) == set()
    assert Promise.I6 in broken(story.records, clients=[silent], end=end + 1.5)


@pytest.mark.spec("I6", "I8")
def test_a_deadline_that_passes_after_the_last_record_is_found() -> None:
    """Ann is offered `six` when the journal ends; the offer lives 30 s and its timer 1 s longer."""
    records = honest().records
    assert broken(records, end=records[-1].at + 30.9) == set()
    assert broken(records, end=records[-1].at + 31.1) == {Promise.I8}


@pytest.mark.spec("I16")
def test_a_refused_call_with_a_record_is_found() -> None:
    story = honest()
    calls = [*story.calls[:-1], changed(_last(story.calls), outcome=Outcome.REFUSED, reason="MAILBOX_FULL", reply=b"")]
    assert broken(story.records, clients=calls) == {Promise.I16}


@pytest.mark.spec("I16")
def test_a_refused_try_of_a_call_that_was_done_is_no_fault() -> None:
    story = honest()
    tried = changed(_last(story.calls), outcome=Outcome.REFUSED, reason="RATE_LIMITED", reply=b"")
    assert broken(story.records, clients=[tried, *story.calls]) == set()


@pytest.mark.spec("I16")
def test_a_gauge_above_its_limit_is_found() -> None:
    gauges = [Gauge(name="mailbox", value=1_000, limit=1_000), Gauge(name="outbox", value=11, limit=10)]
    assert broken(honest().records, gauges=gauges[:1]) == set()
    assert broken(honest().records, gauges=gauges) == {Promise.I16}


@pytest.mark.spec("I3")
def test_deliveries_handed_out_again_are_dropped_by_their_key() -> None:
    handed = honest().handed
    assert broken(honest().records, channels=[*handed[:2], *handed[:2], *handed[2:]]) == set()


@pytest.mark.spec("I3")
@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda h: h[1:], id="one was left out"),
        pytest.param(lambda h: [h[1], h[0], *h[2:]], id="two changed places"),
        pytest.param(lambda h: [*h, changed(h[0], key="another")], id="one came under another key"),
        pytest.param(lambda h: [*h, changed(h[0], sequence=99, key="one/99")], id="one was never made"),
        pytest.param(lambda h: [*h, changed(h[0], conversation="none")], id="one is of an unknown conversation"),
    ],
)
def test_a_channel_that_got_something_else_is_found(spoil: object) -> None:
    assert callable(spoil)
    assert broken(honest().records, channels=spoil(honest().handed)) == {Promise.I3}


@pytest.mark.spec("I3")
def test_a_receipt_that_says_failed_explains_a_hole() -> None:
    failed = conversation("one"), e.DeliveryReceived(delivery=1, state="FAILED", error="no such number")
    story = honest()
    assert broken(add(13, failed)(story.records), channels=story.handed[1:]) == set()


@pytest.mark.spec("I7")
@pytest.mark.parametrize("secret", [NOTE, WHISPER])
def test_a_whisper_or_note_in_what_the_channel_got_is_found_without_a_canary(secret: str) -> None:
    story = honest()
    leaking = [changed(story.handed[0], raw=f"Hello! {secret}".encode()), *story.handed[1:]]
    assert broken(story.records, channels=leaking) == {Promise.I7}


@pytest.mark.spec("I7")
def test_a_canary_in_what_an_adapter_is_answered_is_found() -> None:
    story = honest()
    call = ClientCall(
        principal="ADAPTER:channels/web", method="GetTranscript", ended_at=1.0, outcome=Outcome.OK, reply=b"tok-1"
    )
    assert broken(story.records, clients=[call], canaries=["tok-1"]) == {Promise.I7}


def test_a_history_file_gives_back_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    gauge = Gauge(name="mailbox", value=3, limit=10, at=2.0)
    handed = Handed(conversation="one", sequence=1, key="one/1", raw=b"\x00\xff", at=1.0)
    with path.open("w", encoding="utf-8") as file:
        writer = HistoryWriter(file)
        entries: list[ClientCall | Handed | Gauge] = [*honest().calls, handed, gauge]
        for entry in entries:
            writer.write(entry)
        file.write('{"kind": "call", "princi')  # Its writer was killed here.
    seen = read_histories([path])
    assert (seen.calls, seen.handed, seen.gauges) == (tuple(honest().calls), (handed,), (gauge,))


def test_a_line_that_is_no_entry_is_named(tmp_path: Path) -> None:
    path = tmp_path / "history.jsonl"
    path.write_text('{"kind": "rumour"}\n', encoding="utf-8")
    with pytest.raises(HistoryError, match=r"Line 1 of the history .*history\.jsonl is no entry"):
        read_histories([path])
