"""The two ways in from Telegram: a webhook that is proven, and a poll whose cursor never skips an update."""

from collections import deque
from collections.abc import Sequence
from dataclasses import replace

import httpx
import pytest

from hookflash.plugins.telegram import Telegram, TelegramConfig
from hookflash.sdk import (
    Arrival,
    BadSignature,
    HttpRequest,
    HttpResponse,
    Inbound,
    Permanent,
    Secret,
    SendError,
    Text,
    Throttled,
    Transient,
)
from hookflash.sdk.testing import RecordedStore, Wire, channel_context
from hookflash.sdk.testing.fakes.telegram import TOKEN, FakeTelegram, Trouble, failed, message, throttled
from tests.channels.telegram_adapter import PUBLIC, SECRET, adapter_at, config, pressed, request


async def test_with_a_public_url_the_webhook_is_set_and_calls_are_proven(
    telegram: FakeTelegram, http: httpx.AsyncClient
) -> None:
    adapter = adapter_at(telegram, http, public_url=PUBLIC)
    await adapter.start()
    assert telegram.webhook == {
        "url": PUBLIC,
        "secret_token": SECRET,
        "allowed_updates": ["message", "edited_message", "callback_query"],
        "max_connections": 40,
    }
    assert [arrival async for arrival in adapter.poll()] == []
    genuine = HttpRequest(method="POST", path="/", headers={"x-telegram-bot-api-secret-token": SECRET})
    adapter.verify(genuine)
    for wrong in ({}, {"x-telegram-bot-api-secret-token": "another"}):
        with pytest.raises(BadSignature):
            adapter.verify(replace(genuine, headers=wrong))
    await adapter.stop()
    assert telegram.webhook, "left set: what comes meanwhile is kept there"


def test_without_a_configured_secret_it_is_made_of_the_token_and_fit_for_telegram() -> None:
    made = TelegramConfig(token=Secret(TOKEN)).secret_token.reveal()
    assert made == TelegramConfig(token=Secret(TOKEN)).secret_token.reveal()
    assert made != TelegramConfig(token=Secret(TOKEN + "x")).secret_token.reveal()
    assert len(made) == 64
    assert made.isalnum()
    assert TOKEN not in made


def test_a_pressed_button_is_answered_in_the_answer_to_the_webhook() -> None:
    adapter = Telegram(channel_context(http=Wire().client()), config())
    answer = adapter.ack(request(callback_query=pressed("yes")))
    assert (answer.status, answer.content_type) == (200, "application/json")
    assert answer.body == b'{"method": "answerCallbackQuery", "callback_query_id": "4382bfdwdsb323b2d9"}'
    assert adapter.ack(request(message=message(1))) == HttpResponse()
    assert adapter.ack(HttpRequest(method="POST", path="/", body=b"junk")) == HttpResponse()


async def _take(adapter: Telegram, count: int) -> list[Arrival]:
    """Take so many arrivals, as if the last were the last thing this process did."""
    taken: list[Arrival] = []
    poll = adapter.poll()
    try:
        while len(taken) < count:
            taken.append(await anext(poll))
    finally:
        await poll.aclose()  # type: ignore[attr-defined]
    return taken


def _texts(arrivals: Sequence[Arrival]) -> list[str]:
    return [one.content.text for one in arrivals if isinstance(one, Inbound) and isinstance(one.content, Text)]


async def test_a_poll_brings_what_is_there_and_confirms_it_when_more_is_asked_for(
    telegram: FakeTelegram, http: httpx.AsyncClient
) -> None:
    telegram.webhook = {"url": "https://before.example"}
    adapter = adapter_at(telegram, http)
    await adapter.start()
    for number in range(3):
        telegram.adds(message=message(number, f"text {number}"))
    telegram.adds(callback_query=pressed("yes"))
    poll = adapter.poll()
    taken = [await anext(poll) for _ in range(4)]
    telegram.adds(message=message(9, "later"))
    taken.append(await anext(poll))
    await poll.aclose()  # type: ignore[attr-defined]
    assert _texts(taken) == ["text 0", "text 1", "text 2", "Yes, please", "later"]
    assert telegram.offsets == [None, 1005]
    assert [fields for method, fields in telegram.calls if method == "answerCallbackQuery"] == [
        {"callback_query_id": "4382bfdwdsb323b2d9"}
    ]
    await adapter.stop()


@pytest.mark.parametrize("killed_after", range(9))
async def test_wherever_polling_is_killed_no_update_is_skipped(
    killed_after: int, telegram: FakeTelegram, http: httpx.AsyncClient
) -> None:
    store = RecordedStore()
    expected = [f"text {number}" for number in range(4)]
    for text in expected:
        telegram.adds(message=message(1, text))
        telegram.adds(message={"message_id": "junk"})
    first = await _take(adapter_at(telegram, http, store=store), min(killed_after, 4))
    telegram.adds(message=message(1, "text 4"))
    if killed_after > 4:
        # Killed between the cursor's move and the poll that would have told Telegram, or later.
        first += await _take(adapter_at(telegram, http, store=store), min(killed_after - 4, 1))
    telegram.adds(message=message(1, "last"))
    second: list[Arrival] = []
    poll = adapter_at(telegram, http, store=store).poll()
    while "last" not in _texts(second):
        second.append(await anext(poll))
    await poll.aclose()  # type: ignore[attr-defined]
    keys = {arrival.dedupe_key: arrival for arrival in (*first, *second) if isinstance(arrival, Inbound)}
    assert sorted(_texts(list(keys.values()))) == sorted([*expected, "text 4", "last"])


async def test_the_cursor_is_of_one_bot_and_forgotten_before_telegram_counts_anew(
    telegram: FakeTelegram, http: httpx.AsyncClient
) -> None:
    store = RecordedStore()
    telegram.adds(message=message(1, "one"))
    poll = adapter_at(telegram, http, store=store).poll()
    await anext(poll)
    telegram.adds(message=message(2, "two"))
    await anext(poll)
    await poll.aclose()  # type: ignore[attr-defined]
    assert store.values == {"cursor 987654321": "1002 2026-01-01T00:00:00+00:00"}
    store.values["cursor 987654321"] = "9000 2025-12-20T00:00:00+00:00"
    assert _texts(await _take(adapter_at(telegram, http, store=store), 1)) == ["two"]
    store.values = {"cursor 1": "9000 2026-01-01T00:00:00+00:00"}
    assert _texts(await _take(adapter_at(telegram, http, store=store), 1)) == ["two"]


@pytest.mark.parametrize(
    ("trouble", "expected"),
    [
        (throttled(3), Throttled),
        (failed(502), Transient),
        (HttpResponse(body=b"<html>not json"), Transient),
        (HttpResponse(body=b'{"ok": true, "result": 5}'), Transient),
        (None, Transient),
        (HttpResponse(status=302, headers={"location": "http://127.0.0.1:1/"}), Transient),
    ],
)
async def test_a_poll_that_fails_is_named_and_the_next_one_brings_everything(
    trouble: Trouble, expected: type[SendError], telegram: FakeTelegram, http: httpx.AsyncClient
) -> None:
    telegram.troubles["getUpdates"] = deque([trouble])
    telegram.adds(message=message(1, "Hello"))
    adapter = adapter_at(telegram, http)
    with pytest.raises(expected):
        await anext(adapter.poll())
    assert _texts(await _take(adapter, 1)) == ["Hello"]


async def test_another_poll_beside_ours_is_told_as_what_it_is(telegram: FakeTelegram, http: httpx.AsyncClient) -> None:
    telegram.polls = 1
    with pytest.raises(Permanent, match="terminated by other getUpdates"):
        await anext(adapter_at(telegram, http).poll())
