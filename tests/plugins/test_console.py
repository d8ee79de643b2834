"""The console adapter reads customers' lines and shows them what they would see."""

import asyncio
import io
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from hookflash.plugins.console import Console, ConsoleConfig
from hookflash.sdk import Arrival, CustomerAddress, CustomerLeft, CustomerNotice, Delivery, Inbound, Message, Text, fill
from hookflash.sdk.channel import HttpRequest
from hookflash.sdk.errors import BadSignature, ConfigError, ParseError
from hookflash.sdk.testing import RecordedLog, channel_context
from hookflash.sdk.types import ChannelId, ConversationId, DeliveryId, ExternalId

START = datetime(2026, 1, 1, tzinfo=UTC)


def _address(name: str) -> CustomerAddress:
    return CustomerAddress(channel=ChannelId("test"), id=name)


def _said(line: int, name: str, text: str, after_s: float = 0) -> Inbound:
    key = f"run-{line}"
    at = START + timedelta(seconds=after_s)
    content = Text(text=text)
    return Inbound(dedupe_key=key, address=_address(name), content=content, at=at, external_id=ExternalId(key))


async def _play(adapter: Console) -> list[Arrival]:
    await adapter.start()
    try:
        return [arrival async for arrival in adapter.poll()]
    finally:
        await adapter.stop()


def _script(folder: Path, content: str) -> dict[str, str]:
    file = folder / "script.txt"
    file.write_text(content, encoding="utf-8")
    return {"script": str(file)}


def _delivery(number: int, content: Message | CustomerNotice, to: str = "carla") -> Delivery:
    return Delivery(
        id=DeliveryId(f"d{number}"),
        conversation=ConversationId("1"),
        sequence=number,
        to=_address(to),
        content=content,
    )


async def test_a_script_is_played_line_by_line_at_its_pace(tmp_path: Path) -> None:
    lines = "# a comment\ncarla> Hello, I have a question\n\n+49 30> 5 > 3 < 7\r\n"
    with pytest.raises(ParseError, match="line 4: a customer's line reads"):
        await _play(Console(channel_context(), fill(ConsoleConfig, _script(tmp_path, lines))))
    lines = "# a comment\ncarla> Hello, I have a question\n\n+4930> 5 > 3 < 7\r\ncarla> /leave"
    settings = {**_script(tmp_path, lines), "pace_s": "1.5"}
    assert await _play(Console(channel_context(), fill(ConsoleConfig, settings))) == [
        _said(2, "carla", "Hello, I have a question"),
        _said(4, "+4930", "5 > 3 < 7", after_s=1.5),
        CustomerLeft(dedupe_key="run-5", address=_address("carla"), at=START + timedelta(seconds=3)),
    ]


async def test_without_a_script_the_lines_come_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("carla> Hello\nwhat is this\ncarla> Anybody?\n"))
    log = RecordedLog()
    played = await _play(Console(channel_context(log=log), ConsoleConfig()))
    assert played == [_said(1, "carla", "Hello"), _said(3, "carla", "Anybody?")]
    assert [(level, event, fields["line"]) for level, event, fields in log.entries] == [
        ("warning", "console_line_unreadable", 2)
    ]
    assert "what is this" not in str(log.entries)


async def test_a_poll_can_be_ended_while_nobody_types(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, encoding="utf-8") as silent, os.fdopen(writing, "w", encoding="utf-8"):
        monkeypatch.setattr("sys.stdin", silent)
        polling = asyncio.create_task(_play(Console(channel_context(), ConsoleConfig())))
        await asyncio.sleep(0)
        polling.cancel()
        with pytest.raises(asyncio.CancelledError):
            await polling


async def test_what_the_customer_sees_is_printed_once_in_order_and_settled(capsys: pytest.CaptureFixture[str]) -> None:
    adapter = Console(channel_context(), ConsoleConfig())
    await adapter.start()
    hello = _delivery(1, Message(sender_name="Ann", text="Hello"))
    joined = _delivery(2, CustomerNotice(key="customer.joined", text="Ben has joined."), to="dora")
    assert [await adapter.send(one) for one in (hello, joined, hello)] == ["d1", "d2", "d1"]
    assert capsys.readouterr().out == "carla< Hello\ndora< Ben has joined.\n"


async def test_a_text_stays_on_its_line_and_cannot_command_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    text = "two\nlines\r\x1b[2Jand\u2028three, \U0001f468\u200d\U0001f469\u200d\U0001f467 e\u0301"
    await Console(channel_context(), ConsoleConfig()).send(_delivery(1, Message(sender_name="Ann", text=text)))
    shown = capsys.readouterr().out
    expected = "two\\nlines\\r\\x1b[2Jand\\u2028three, \U0001f468\u200d\U0001f469\u200d\U0001f467 e\u0301"
    assert shown == f"carla< {expected}\n"


@pytest.mark.parametrize(
    "line", ["carla", "carla>", "carla>  ", "> text", "two words> text", "carla>text", "carla< hi"]
)
async def test_a_bad_line_keeps_the_script_from_starting(line: str, tmp_path: Path) -> None:
    adapter = Console(channel_context(), fill(ConsoleConfig, _script(tmp_path, f"carla> fine\n{line}\n")))
    with pytest.raises(ParseError, match="line 2"):
        await adapter.start()


async def test_a_script_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "none.txt"
    with pytest.raises(ParseError, match=r"none\.txt cannot be read"):
        await Console(channel_context(), ConsoleConfig(script=str(missing))).start()
    missing.write_bytes(b"\xff\xfe")
    with pytest.raises(ParseError, match=r"none\.txt cannot be read"):
        await Console(channel_context(), ConsoleConfig(script=str(missing))).start()


def test_settings_that_do_not_fit_are_refused() -> None:
    for settings in ({"pace_s": "-1"}, {"pace_s": "nan"}, {"speed": "1"}):
        with pytest.raises(ConfigError):
            fill(ConsoleConfig, settings)


def test_nobody_calls_a_console() -> None:
    adapter = Console(channel_context(), ConsoleConfig())
    request = HttpRequest(method="POST", path="/")
    with pytest.raises(BadSignature):
        adapter.verify(request)
    with pytest.raises(ParseError):
        adapter.parse(request)
