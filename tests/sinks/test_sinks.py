"""Sinks at work: nothing is left out, nobody waits for them, and what goes wrong with one is seen."""

import threading
from pathlib import Path

import pytest

from hookflash.engine.domain.commands import SendWhisper
from hookflash.engine.domain.struct import changed
from hookflash.engine.edge.sinks.cursors import CURSORS_FILE
from hookflash.engine.edge.sinks.run import SinkState
from hookflash.sdk.errors import Throttled, Transient
from hookflash.sdk.sinks import Ack, Said
from tests.actors.running import Running, conversation, running
from tests.sinks.telling import (
    ANN,
    QUICK,
    Batch,
    Faults,
    Heard,
    HeardByAgents,
    blocked,
    conference,
    hanging,
    host,
    say,
    started,
    until,
)


def _texts(heard: Heard) -> list[str]:
    return [item.content.text for item in heard.items if isinstance(item, Said)]


def _said(heard: Heard, text: str) -> bool:
    return text in _texts(heard)


async def _talking(run: Running) -> None:
    await conference(run, lambda _: None, rounds=0)


async def test_a_sink_hears_what_is_said_after_it_was_first_started(tmp_path: Path) -> None:
    heard = Heard()
    async with running() as run:
        await _talking(run)
        await say(run, "before")
        sinks = await started(run, host(run, tmp_path, heard))
        await say(run, "one", "two")
        await heard.until(lambda: _said(heard, "two"))
        await sinks.stop()
    assert _texts(heard) == ["one", "two"]


async def test_what_was_said_while_a_sink_was_away_comes_when_it_is_back(tmp_path: Path) -> None:
    heard, again = Heard(), Heard()
    async with running() as run:
        await _talking(run)
        sinks = await started(run, host(run, tmp_path, heard))
        await say(run, "one")
        await heard.until(lambda: _said(heard, "one"))
        await sinks.stop()
        await say(run, "two", "three")
        sinks = await started(run, host(run, tmp_path, again))
        await again.until(lambda: _said(again, "three"))
        await sinks.stop()
    assert _texts(again) == ["two", "three"]


async def test_a_batch_that_was_not_taken_comes_again_as_it_was_and_nothing_overtakes_it(tmp_path: Path) -> None:
    errors: list[BaseException | None] = [Transient("503"), ValueError("secret"), SystemExit(3), None]

    async def answering(_batch: Batch) -> object:
        if errors and (error := errors.pop(0)) is not None:
            raise error
        return Ack()

    heard, faults = Heard(answering), Faults()
    async with running() as run:
        await _talking(run)
        sinks = await started(run, host(run, tmp_path, heard, faults=faults))
        await say(run, "one")
        await heard.until(lambda: len(heard.batches) == 4)
        await say(run, "two")
        await heard.until(lambda: _said(heard, "two"))
        await sinks.stop()
    assert heard.batches[0] == heard.batches[1] == heard.batches[2] == heard.batches[3]
    assert _texts(heard) == ["one"] * 4 + ["two"]
    # The first of a row is told; each would be a record, and so another event.
    assert faults.reported == [("plug", "sink heard", "Transient: 503", "its batch comes again")]


@pytest.mark.parametrize("answer", [None, True, "ok"])
async def test_an_answer_that_is_no_ack_is_a_fault(answer: object, tmp_path: Path) -> None:
    answers = [answer]

    async def answering(_batch: Batch) -> object:
        return answers.pop() if answers else Ack()

    heard, faults = Heard(answering), Faults()
    async with running() as run:
        await _talking(run)
        sinks = await started(run, host(run, tmp_path, heard, faults=faults))
        await say(run, "one")
        await heard.until(lambda: len(heard.batches) == 2)
        await sinks.stop()
    assert faults.reported[0][2] == f"it answered {type(answer).__name__}, not an Ack"


async def test_a_sink_that_does_not_answer_is_given_up_and_asked_again(tmp_path: Path) -> None:
    calls: list[Batch] = []

    async def answering(batch: Batch) -> object:
        calls.append(batch)
        return await hanging() if len(calls) == 1 else Ack()

    heard, faults = Heard(answering), Faults()
    async with running() as run:
        await _talking(run)
        rules = changed(QUICK, deliver_timeout_s=0.02)
        sinks = await started(run, host(run, tmp_path, heard, faults=faults, rules=rules))
        await say(run, "one")
        await heard.until(lambda: len(heard.batches) == 2)
        await sinks.stop()
    assert faults.reported[0][2] == "no answer within 0.02 s"


async def test_a_throttled_sink_is_shown_as_failing_with_how_far_it_is_behind(tmp_path: Path) -> None:
    async def answering(_batch: Batch) -> object:
        raise Throttled(3600.0, "account")

    heard = Heard(answering)
    async with running() as run:
        await _talking(run)
        sinks = await started(run, host(run, tmp_path, heard))
        await say(run, "one", "two", "three")
        await heard.until(lambda: len(heard.batches) == 1)
        await until(lambda: sinks.reports[0].failures)
        (report,) = sinks.reports
        await sinks.stop()
    assert (report.name, report.plugin, report.audience, report.state) == (
        "heard",
        "plug",
        "CUSTOMER",
        SinkState.FAILING,
    )
    assert report.lag >= 1
    assert report.reason == "Throttled: throttled: the account may send again in 3600 s"
    assert len(heard.batches) == 1, "it said when it may be asked again"


async def test_a_sink_that_blocks_its_thread_holds_up_no_conversation_and_is_left_behind(tmp_path: Path) -> None:
    until = threading.Event()
    heard, other = Heard(lambda _: blocked(until)), HeardByAgents()
    async with running() as run:
        await _talking(run)
        sinks = await started(run, host(run, tmp_path, heard, other, rules=changed(QUICK, finish_s=0.05)))
        await say(run, "one")
        await heard.until(lambda: len(heard.batches) == 1)
        await say(run, "two", "three")
        await other.until(lambda: sum(getattr(item, "kind", "") == "MessageSent" for item in other.items) == 3)
        await sinks.stop()
        until.set()
    assert len(heard.batches) == 1


async def test_a_sink_that_is_gone_is_asked_no_more_until_its_settings_change(tmp_path: Path) -> None:
    async def gone(_batch: Batch) -> object:
        return Ack(is_gone=True)

    first, second, third = Heard(gone), Heard(), Heard()
    faults = Faults()
    async with running() as run:
        await _talking(run)
        sinks = await started(run, host(run, tmp_path, first, faults=faults))
        await say(run, "one")
        await first.until(lambda: len(first.batches) == 1)
        await say(run, "two")
        await until(lambda: sinks.reports[0].state is SinkState.GONE)
        await sinks.stop()
        sinks = await started(run, host(run, tmp_path, second))
        await say(run, "three")
        (report,) = sinks.reports
        await sinks.stop()
        sinks = await started(run, host(run, tmp_path, third, settings="others"))
        await third.until(lambda: _said(third, "three"))
        await sinks.stop()
    assert (len(first.batches), second.batches) == (1, [])
    assert (report.state, report.reason) == (
        SinkState.GONE,
        "it said that it is gone; change its plugin's settings to begin again",
    )
    assert _texts(third) == ["one", "two", "three"]
    assert faults.reported == [("plug", "sink heard", "it said that it is gone", "it is asked no more")]


async def test_whispers_neither_wake_a_customers_sink_nor_move_what_it_is_given(tmp_path: Path) -> None:
    heard = Heard()
    async with running() as run:
        await _talking(run)
        sinks = await started(run, host(run, tmp_path, heard))
        woken = []
        for made in sinks._runs:  # noqa: SLF001  what wakes it is what must not be seen from outside
            made.wake = lambda: woken.append("woken")  # type: ignore[method-assign]
        await run.run(conversation("1"), SendWhisper(agent=ANN, text="between us"))
        assert woken == []
        await say(run, "aloud")
        assert woken == ["woken"]
        await sinks.stop()


async def test_without_a_sink_there_is_neither_file_nor_thread(tmp_path: Path) -> None:
    async with running() as run:
        sinks = await started(run, host(run, tmp_path))
        assert sinks.reports == ()
        assert not [thread for thread in threading.enumerate() if thread.name.startswith("hookflash-sink")]
        await sinks.stop()
    assert not (tmp_path / CURSORS_FILE).exists()


async def test_cursors_that_cannot_be_opened_stop_the_sinks_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / CURSORS_FILE).write_bytes(b"this is no database, and long enough to be seen as none" * 100)
    heard = Heard()
    async with running() as run:
        await _talking(run)
        sinks = await started(run, host(run, tmp_path, heard))
        await say(run, "one")
        (report,) = sinks.reports
        await sinks.stop()
    assert report.state is SinkState.FAILING
    assert str(tmp_path / CURSORS_FILE) in report.reason
    assert heard.batches == []


async def test_a_cursor_beyond_the_journals_end_goes_back_to_it(tmp_path: Path) -> None:
    heard = Heard()
    async with running() as run:
        await _talking(run)
        await say(run, *(str(number) for number in range(5)))
        sinks = await started(run, host(run, tmp_path, Heard()))
        await sinks.stop()
    async with running() as run:  # Another journal, with fewer records, as after a restore.
        await _talking(run)
        sinks = await started(run, host(run, tmp_path, heard))
        await say(run, "one")
        await heard.until(lambda: _said(heard, "one"))
        await sinks.stop()
    assert _texts(heard) == ["one"]


async def test_only_the_owner_reads_the_cursors(tmp_path: Path) -> None:
    async with running() as run:
        sinks = await started(run, host(run, tmp_path, Heard()))
        await sinks.stop()
    assert (tmp_path / CURSORS_FILE).stat().st_mode & 0o777 == 0o600
