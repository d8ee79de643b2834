"""What goes out through Telegram, what its refusals mean, and that the token never shows."""

import asyncio
import logging
from collections import deque
from dataclasses import replace

import httpx
import pytest

from hookflash.plugins.telegram import Telegram, TelegramConfig
from hookflash.sdk import (
    AuthExpired,
    Blocked,
    ChannelContext,
    Choice,
    ConfigError,
    CustomerNotice,
    HttpResponse,
    Media,
    MediaKind,
    MediaRef,
    Message,
    Permanent,
    Secret,
    SendError,
    Throttled,
    Transient,
    fill,
)
from hookflash.sdk.testing import RecordedLog, channel_context, delivery_of
from hookflash.sdk.testing.fakes.loopback import loopback_client
from hookflash.sdk.testing.fakes.telegram import TOKEN, FakeTelegram, Trouble, failed, throttled
from hookflash.sdk.types import ExternalId
from tests.channels.telegram_adapter import PUBLIC, SECRET, adapter_at, address, config

FILES = "https://files.example"


async def test_a_delivery_is_sent_with_its_choices_as_buttons(telegram: FakeTelegram, http: httpx.AsyncClient) -> None:
    adapter = adapter_at(telegram, http)
    choices = (Choice(id="yes", title="Yes, please"), Choice(id="x" * 65, title="No"))
    offered = Message(sender_name="Ann", text="More?", choices=choices)
    answer = replace(delivery_of(offered, to="42"), reply_to=ExternalId("42/1365"))
    assert await adapter.send(answer) == "42/1"
    assert await adapter.send(delivery_of(CustomerNotice(key="x", text="Ben has joined."), to="42")) == "42/2"
    keyboard = [[{"text": "Yes, please", "callback_data": "yes"}], [{"text": "No", "callback_data": "#2"}]]
    assert telegram.sent == [
        {
            "chat_id": 42,
            "text": "More?",
            "reply_markup": {"inline_keyboard": keyboard},
            "reply_parameters": {"message_id": 1365, "allow_sending_without_reply": True},
        },
        {"chat_id": 42, "text": "Ben has joined."},
    ]


@pytest.mark.parametrize(
    ("kind", "ref", "sent"),
    [
        (MediaKind.IMAGE, MediaRef(url=f"{FILES}/1.jpg"), {"photo": f"{FILES}/1.jpg", "caption": "Look"}),
        (MediaKind.IMAGE, MediaRef(url=f"{FILES}/1.jpg", size=5_242_881), {"text": f"Look\n{FILES}/1.jpg"}),
        (MediaKind.AUDIO, MediaRef(url=f"{FILES}/1.mp3"), {"audio": f"{FILES}/1.mp3", "caption": "Look"}),
        (MediaKind.VIDEO, MediaRef(url=f"{FILES}/1.mp4"), {"video": f"{FILES}/1.mp4", "caption": "Look"}),
        (
            MediaKind.FILE,
            MediaRef(url=f"{FILES}/1.pdf", mime_type="application/pdf"),
            {"document": f"{FILES}/1.pdf", "caption": "Look"},
        ),
        (
            MediaKind.FILE,
            MediaRef(url=f"{FILES}/1.doc"),
            {"text": f"Look\n{FILES}/1.doc"},
        ),
    ],
)
async def test_a_medium_is_sent_by_its_url_or_as_a_link_where_telegram_would_not_fetch_it(
    kind: MediaKind, ref: MediaRef, sent: dict[str, str], telegram: FakeTelegram, http: httpx.AsyncClient
) -> None:
    message = Message(sender_name="Ann", text="Look", media=Media(kind=kind, ref=ref))
    assert await adapter_at(telegram, http).send(delivery_of(message, to="42")) == "42/1"
    assert telegram.sent == [{"chat_id": 42, **sent}]


@pytest.mark.parametrize(
    ("trouble", "expected"),
    [
        (throttled(35), Throttled(35.0)),
        (failed(500), Transient("Internal Server Error")),
        (HttpResponse(status=400, body=b'{"ok":false,"error_code":400,"description":"Bad Request: x"}'), Permanent),
        (HttpResponse(status=502, body=b"<html>"), Transient),
        (HttpResponse(body=b'{"ok":true,"result":{}}'), Transient),
        (None, Transient),
    ],
)
async def test_what_telegram_refuses_has_its_class(
    trouble: Trouble, expected: SendError | type[SendError], telegram: FakeTelegram, http: httpx.AsyncClient
) -> None:
    telegram.troubles["sendMessage"] = deque([trouble])
    with pytest.raises(expected if isinstance(expected, type) else type(expected)) as raised:
        await adapter_at(telegram, http).send(delivery_of("Hello", to="42"))
    if not isinstance(expected, type):
        assert vars(raised.value) == vars(expected)
        assert str(raised.value) == str(expected)


async def test_who_blocked_the_bot_is_blocked_and_a_wrong_token_expired(
    telegram: FakeTelegram, http: httpx.AsyncClient
) -> None:
    telegram.blocked.add(42)
    with pytest.raises(Blocked):
        await adapter_at(telegram, http).send(delivery_of("Hello", to="42"))
    other = TelegramConfig(token=Secret("1:wrong"), api_url=telegram.server.url)
    adapter = Telegram(channel_context(http=http), other)
    for call in (adapter.send(delivery_of("Hello", to="42")), adapter.start(), adapter.health()):
        with pytest.raises(AuthExpired, match="Unauthorized"):
            await call
    await adapter.stop()


async def test_while_telegram_is_down_the_channel_starts_and_the_webhook_is_set_when_it_is_back(
    telegram: FakeTelegram, http: httpx.AsyncClient
) -> None:
    log = RecordedLog()
    telegram.troubles["setWebhook"] = deque([None, failed(503), throttled(1)])
    tasks: list[asyncio.Task[None]] = []
    context = channel_context(http=http, log=log, public_url=PUBLIC)
    keeping: ChannelContext = replace(
        context, create_task=lambda work: tasks.append(asyncio.get_running_loop().create_task(work))
    )
    adapter = Telegram(keeping, config(telegram.server.url))
    await adapter.start()
    assert not telegram.webhook
    await asyncio.gather(*tasks)
    assert telegram.webhook["url"] == PUBLIC
    assert [event for _, event, _ in log.entries] == ["telegram_not_reached"] * 3
    await adapter.stop()


async def test_a_public_url_that_telegram_would_not_call_is_refused_but_an_own_server_calls_it(
    telegram: FakeTelegram, http: httpx.AsyncClient
) -> None:
    plain = "http://hookflash.example/channels/test"
    own = adapter_at(telegram, http, public_url=plain)
    await own.start()
    assert telegram.webhook["url"] == plain
    await own.stop()
    with pytest.raises(ConfigError, match="https://"):
        await Telegram(channel_context(http=http, public_url=plain), config()).start()


async def test_a_file_is_fetched_by_the_path_that_telegram_names(
    telegram: FakeTelegram, http: httpx.AsyncClient
) -> None:
    telegram.files["photos/large.jpg"] = b"\xff\xd8" * 100_000
    adapter = adapter_at(telegram, http)
    pieces = [piece async for piece in adapter.fetch_media(MediaRef(id="large"))]
    assert b"".join(pieces) == telegram.files["photos/large.jpg"]
    assert len(pieces) > 1
    with pytest.raises(Permanent):
        [piece async for piece in adapter.fetch_media(MediaRef(id="gone"))]
    telegram.troubles["getFile"] = deque([HttpResponse(body=b'{"ok":true,"result":{"file_path":"../../etc"}}')])
    with pytest.raises(Permanent, match="names no path"):
        [piece async for piece in adapter.fetch_media(MediaRef(id="large"))]


async def test_typing_is_shown_and_its_end_is_not(telegram: FakeTelegram, http: httpx.AsyncClient) -> None:
    adapter = adapter_at(telegram, http)
    for is_on in (True, False):
        await adapter.typing(address(), is_on)
    assert telegram.calls == [("sendChatAction", {"chat_id": 42, "action": "typing"})]


@pytest.mark.parametrize(
    "settings",
    [
        {"token": "not a token"},
        {"webhook_secret": "has spaces"},
        {"poll_s": "0"},
        {"poll_s": "60"},
        {"max_connections": "0"},
        {"api_url": "ftp://x"},
    ],
)
def test_settings_that_do_not_fit_are_refused_without_showing_a_secret(settings: dict[str, str]) -> None:
    environ = {"BOT": settings.get("token", TOKEN), "HOOK": settings.get("webhook_secret", SECRET)}
    given = {**settings, "token": "env:BOT", "webhook_secret": "env:HOOK"}
    with pytest.raises(ConfigError) as refusal:
        fill(TelegramConfig, given, environ=environ)
    assert not [secret for secret in environ.values() if secret in str(refusal.value)]


async def test_the_token_is_in_no_log_and_no_error(telegram: FakeTelegram, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    log = RecordedLog()
    said: list[object] = []
    refusing = loopback_client(timeout=0.2)
    adapter = adapter_at(telegram, refusing, log=log)
    await adapter.start()
    telegram.troubles["sendMessage"] = deque([None, failed(), HttpResponse(body=b"?"), throttled(1)])
    for _ in range(5):
        try:
            said.append(await adapter.send(delivery_of("Hello", to="42")))
        except SendError as error:
            said.extend((error, repr(error), error.__cause__, error.__context__))
    await refusing.aclose()
    closed = Telegram(channel_context(http=loopback_client(timeout=0.2)), config("http://127.0.0.1:1"))
    for call in (
        closed.send(delivery_of("Hello", to="42")),
        anext(closed.poll()),
        anext(closed.fetch_media(MediaRef())),
    ):
        with pytest.raises(Transient) as raised:
            await call
        said.extend((raised.value, raised.value.__cause__, raised.value.__context__))
    await closed.context.http.aclose()
    assert "HTTP Request: POST" in caplog.text, "httpx does log its calls"
    assert "/bot***/sendMessage" in caplog.text
    secret = TOKEN.partition(":")[2]
    assert secret not in caplog.text
    assert not [record for record in caplog.records if secret in record.getMessage()]
    assert secret not in f"{said} {log.entries} {adapter!r} {vars(adapter)}"
    await adapter.stop()
    assert not logging.getLogger("httpx").filters
