"""The bundled sinks: a file of lines, and counts for Prometheus."""

import asyncio
import json
import stat
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from hookflash.plugins.jsonl import AgentLines, CustomerLines, JsonlConfig
from hookflash.plugins.prometheus_sink import EventCounts
from hookflash.sdk import CustomerNotice, Event, EventSink, Media, MediaKind, MediaRef, Message, Said
from hookflash.sdk.testing import SinkContract
from hookflash.sdk.types import ConversationId

ONE = ConversationId("1")
HELLO = Said(
    conversation=ONE, sequence=1, at=1.5, content=Message(sender_name="Carl", text="Grüß\ngott"), is_from_customer=True
)
NOTICE = Said(conversation=ONE, sequence=2, at=2.0, content=CustomerNotice(key="customer.x", text="Wait."))


def _event(position: int, kind: str, index: int = 0) -> Event:
    return Event(
        position=position, index=index, at=1.0, kind=kind, subject="conversations/1", payload={"text": "canary-5e"}
    )


class TestCustomerLines(SinkContract):
    @pytest.fixture
    def sink(self, tmp_path: Path) -> EventSink:
        path = tmp_path / "said.jsonl"
        return CustomerLines(path, JsonlConfig(path=path))


class TestAgentLines(SinkContract):
    @pytest.fixture
    def sink(self, tmp_path: Path) -> EventSink:
        path = tmp_path / "events.jsonl"
        return AgentLines(path, JsonlConfig(path=path, audience="AGENTS", size_max=10_000, files_max=3))


class TestEventCounts(SinkContract):
    @pytest.fixture
    def sink(self, tmp_path: Path) -> EventSink:
        return EventCounts(tmp_path / "hookflash.prom")


def test_each_entry_is_a_line_that_only_the_owner_reads(tmp_path: Path) -> None:
    path = tmp_path / "said.jsonl"
    asyncio.run(CustomerLines(path, JsonlConfig(path=path)).deliver([HELLO, NOTICE]))
    assert [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] == [
        {
            "conversation": "1",
            "sequence": 1,
            "at": 1.5,
            "is_from_customer": True,
            "sender": "Carl",
            "text": "Grüß\ngott",
        },
        {
            "conversation": "1",
            "sequence": 2,
            "at": 2.0,
            "is_from_customer": False,
            "notice": "customer.x",
            "text": "Wait.",
        },
    ]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_medium_is_in_the_line_of_its_message(tmp_path: Path) -> None:
    path = tmp_path / "said.jsonl"
    media = Media(kind=MediaKind.IMAGE, ref=MediaRef(url="https://files.example/1.png"))
    said = Said(conversation=ONE, sequence=1, at=1.5, content=Message(sender_name="Ann", text="", media=media))
    asyncio.run(CustomerLines(path, JsonlConfig(path=path)).deliver([said]))
    line = json.loads(path.read_text(encoding="utf-8"))
    assert line["media"] == {"kind": "IMAGE", "url": "https://files.example/1.png"}


def test_a_full_file_is_set_aside_and_the_oldest_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    sink = AgentLines(path, JsonlConfig(path=path, size_max=1, files_max=3))
    for position in range(1, 6):
        asyncio.run(sink.deliver([_event(position, "MessageSent")]))
    kept = {file.name: json.loads(file.read_text(encoding="utf-8"))["position"] for file in tmp_path.iterdir()}
    assert kept == {"events.jsonl": 5, "events.jsonl.1": 4, "events.jsonl.2": 3}


def test_a_line_that_a_kill_cut_short_does_not_spoil_the_next(tmp_path: Path) -> None:
    path = tmp_path / "said.jsonl"
    path.write_text('{"conversation":"1","seq', encoding="utf-8")
    asyncio.run(CustomerLines(path, JsonlConfig(path=path)).deliver([NOTICE]))
    cut, whole = path.read_text(encoding="utf-8").splitlines()
    assert (cut, json.loads(whole)["sequence"]) == ('{"conversation":"1","seq', 2)


@pytest.mark.parametrize("setting", ["size_max", "files_max"])
def test_sizes_that_keep_nothing_are_refused(setting: str) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        JsonlConfig(**{setting: 0})  # type: ignore[arg-type]


def test_events_are_counted_once_however_often_they_come_and_on_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "hookflash.prom"
    first = [_event(1, "MessageSent"), _event(1, "InvitePlaced", 1), _event(2, "MessageSent")]
    sink = EventCounts(path)
    asyncio.run(sink.deliver(first))
    asyncio.run(sink.deliver(first))
    asyncio.run(EventCounts(path).deliver([*first, _event(3, "MessageSent")]))
    families = {each.name: each for each in text_string_to_metric_families(path.read_text(encoding="ascii"))}
    counts = {sample.labels["kind"]: sample.value for sample in families["hookflash_events"].samples}
    assert counts == {"MessageSent": 3, "InvitePlaced": 1}
    assert [sample.value for sample in families["hookflash_events_position"].samples] == [3]
    assert "canary-5e" not in path.read_text(encoding="ascii")


def test_a_batch_whose_file_could_not_be_written_is_not_counted_twice(tmp_path: Path) -> None:
    folder = tmp_path / "later"
    sink = EventCounts(folder / "hookflash.prom")
    with pytest.raises(FileNotFoundError):
        asyncio.run(sink.deliver([_event(1, "MessageSent")]))
    folder.mkdir()
    asyncio.run(sink.deliver([_event(1, "MessageSent")]))
    assert 'hookflash_events_total{kind="MessageSent"} 1' in (folder / "hookflash.prom").read_text(encoding="ascii")
