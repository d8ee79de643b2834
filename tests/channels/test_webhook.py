"""The webhook adapter against a receiver that checks with the public library: bodies in, posts out, every answer."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from hookflash.plugins.webhook import SinkConfig, Webhook, WebhookConfig
from hookflash.sdk import (
    Arrival,
    AuthExpired,
    BadSignature,
    Choice,
    ConfigError,
    CustomerAddress,
    CustomerLeft,
    CustomerNotice,
    Edited,
    HttpResponse,
    Inbound,
    Media,
    MediaKind,
    MediaRef,
    Message,
    ParseError,
    Permanent,
    Receipt,
    ReceiptState,
    Removed,
    Secret,
    SendError,
    Template,
    Text,
    Throttled,
    Transient,
    Typing,
    Unsupported,
    fill,
)
from hookflash.sdk.testing import Wire, channel_context, delivery_of
from hookflash.sdk.types import ChannelId, DeliveryId, ExternalId
from tests.channels.fake_receiver import SECRET, FakeReceiver, Trouble, fake_receiver, posted

NOW = datetime(2026, 1, 1, tzinfo=UTC)
OTHER = "whsec_" + "b3RoZXI" * 6 + "bw=="
CARLA = CustomerAddress(channel=ChannelId("test"), id="customer-1")


@pytest.fixture
async def receiver() -> AsyncIterator[FakeReceiver]:
    async with fake_receiver() as fake:
        yield fake


def _adapter(url: str, http: httpx.AsyncClient | None = None, previous: str | None = None) -> Webhook:
    before = Secret(previous) if previous else None
    config = WebhookConfig(url=url, secret=Secret(SECRET), previous_secret=before)
    return Webhook(channel_context(http=http or Wire().client()), config)


def _read(kind: str, data: dict[str, Any]) -> list[Arrival]:
    return list(_adapter("https://x.example").parse(posted(kind, "msg_1", NOW, data)))


@pytest.mark.parametrize(
    ("kind", "data", "expected"),
    [
        (
            "message.created",
            {"id": "m-1", "from": "customer-1", "text": "Hello", "name": "Carla", "reply_to": "d-1", "new": [1]},
            Inbound(
                dedupe_key="msg_1",
                address=CARLA,
                content=Text(text="Hello"),
                at=NOW,
                external_id=ExternalId("m-1"),
                name="Carla",
                reply_to=ExternalId("d-1"),
            ),
        ),
        (
            "message.created",
            {
                "from": "customer-1",
                "media": {"url": "https://x.example/1", "name": "b.pdf", "size": 9, "caption": "c"},
            },
            Inbound(
                dedupe_key="msg_1",
                address=CARLA,
                content=Media(
                    kind=MediaKind.FILE, ref=MediaRef(url="https://x.example/1", name="b.pdf", size=9), caption="c"
                ),
                at=NOW,
                external_id=ExternalId("msg_1"),
            ),
        ),
        (
            "message.created",
            {"from": "customer-1", "kind": "location"},
            Unsupported(dedupe_key="msg_1", address=CARLA, what="a location", at=NOW, external_id=ExternalId("msg_1")),
        ),
        (
            "message.edited",
            {"from": "customer-1", "id": "m-1", "text": "Hullo"},
            Edited(dedupe_key="msg_1", address=CARLA, external_id=ExternalId("m-1"), text="Hullo", at=NOW),
        ),
        (
            "message.removed",
            {"from": "customer-1", "id": "m-1"},
            Removed(dedupe_key="msg_1", address=CARLA, external_id=ExternalId("m-1"), at=NOW),
        ),
        ("customer.typing", {"from": "customer-1"}, Typing(address=CARLA)),
        ("customer.typing", {"from": "customer-1", "is_on": False}, Typing(address=CARLA, is_on=False)),
        ("customer.left", {"from": "customer-1"}, CustomerLeft(dedupe_key="msg_1", address=CARLA, at=NOW)),
        (
            "delivery.receipt",
            {"delivery": "conversations/1/deliveries/2", "state": "FAILED", "error": "no such customer"},
            Receipt(
                dedupe_key="msg_1",
                state=ReceiptState.FAILED,
                at=NOW,
                delivery_id=DeliveryId("conversations/1/deliveries/2"),
                error="no such customer",
            ),
        ),
    ],
)
def test_each_type_of_body_is_read(kind: str, data: dict[str, Any], expected: Arrival) -> None:
    assert _read(kind, data) == [expected]


def test_a_type_of_tomorrow_brings_nothing() -> None:
    assert _read("customer.waved", {"hand": "left"}) == []
    assert _read("delivery.created", {"to": "customer-1", "text": "our own, sent back"}) == []


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("message.created", {"text": "secret words"}),
        ("message.created", {"from": 5, "text": "secret words"}),
        ("message.created", {"from": "c", "media": {"kind": "SMELL", "url": "x"}}),
        ("message.created", {"from": "c", "media": {}}),
        ("message.edited", {"from": "c", "text": "secret words"}),
        ("delivery.receipt", {"state": "READ"}),
        ("delivery.receipt", {"delivery": "d", "state": "secret words"}),
    ],
)
def test_a_body_that_lacks_something_is_a_parse_error_without_its_words(kind: str, data: dict[str, Any]) -> None:
    with pytest.raises(ParseError) as refusal:
        _read(kind, data)
    assert "secret" not in str(refusal.value)


def test_without_a_time_of_its_own_a_body_has_that_of_its_signature() -> None:
    request = posted("message.created", "msg_1", NOW, {"from": "c", "text": "x"})
    bare = replace(request, body=b'{"type":"message.created","data":{"from":"c","text":"x"}}')
    (arrival,) = _adapter("https://x.example").parse(bare)
    assert isinstance(arrival, Inbound)
    assert arrival.at == NOW


def test_both_keys_of_a_rotation_are_taken_and_nobody_elses() -> None:
    data = {"from": "c", "text": "x"}
    rotating = _adapter("https://x.example", previous=OTHER)
    rotating.verify(posted("message.created", "1", NOW, data))
    rotating.verify(posted("message.created", "1", NOW, data, secret=OTHER))
    with pytest.raises(BadSignature):
        _adapter("https://x.example").verify(posted("message.created", "1", NOW, data, secret=OTHER))
    with pytest.raises(BadSignature):
        rotating.verify(posted("message.created", "1", NOW - timedelta(seconds=301), data))


async def test_a_delivery_is_posted_with_all_that_it_holds(receiver: FakeReceiver, http: httpx.AsyncClient) -> None:
    adapter = _adapter(receiver.url, http)
    choices = (Choice(id="yes", title="Yes, please"),)
    template = Template(name="ready", language="en", values=("1042",))
    message = Message(sender_name="Ann", text="Grüße \ud83d", choices=choices, template=template)
    answer = replace(delivery_of(message), reply_to=ExternalId("m-1"))
    receiver.troubles.append(HttpResponse(body=b'{"id": "their-7", "more": 1}'))
    assert await adapter.send(answer) == "their-7"
    assert await adapter.send(replace(answer, attempt=2)) == "conversations/1/deliveries/1"
    notice = CustomerNotice(key="join.others.joined", text="Ben has joined")
    assert await adapter.send(delivery_of(notice, sequence=2)) == "conversations/1/deliveries/2"
    assert receiver.forged == 0
    assert receiver.taken == {
        "conversations/1/deliveries/1": {
            "type": "delivery.created",
            "timestamp": "2026-01-01T00:00:00Z",
            "data": {
                "id": "conversations/1/deliveries/1",
                "conversation": "1",
                "sequence": 1,
                "attempt": 2,
                "to": "customer-1",
                "text": "Grüße ?",
                "reply_to": "m-1",
                "sender_name": "Ann",
                "choices": [{"id": "yes", "title": "Yes, please"}],
                "template": {"name": "ready", "language": "en", "values": ["1042"]},
            },
        },
        "conversations/1/deliveries/2": {
            "type": "delivery.created",
            "timestamp": "2026-01-01T00:00:00Z",
            "data": {
                "id": "conversations/1/deliveries/2",
                "conversation": "1",
                "sequence": 2,
                "attempt": 1,
                "to": "customer-1",
                "text": "Ben has joined",
                "notice": "join.others.joined",
            },
        },
    }


async def test_a_medium_is_posted_with_what_is_known_of_it_and_its_caption_as_the_text(
    receiver: FakeReceiver, http: httpx.AsyncClient
) -> None:
    bill = MediaRef(url="https://files.example/1", mime_type="application/pdf", name="b.pdf", size=9)
    for sequence, ref in enumerate((bill, MediaRef(url="https://files.example/2")), start=1):
        message = Message(sender_name="Ann", text="Your bill", media=Media(kind=MediaKind.FILE, ref=ref))
        await _adapter(receiver.url, http).send(delivery_of(message, sequence=sequence))
    assert [(told["data"]["text"], told["data"]["media"]) for told in receiver.taken.values()] == [
        (
            "Your bill",
            {
                "kind": "FILE",
                "url": "https://files.example/1",
                "mime_type": "application/pdf",
                "name": "b.pdf",
                "size": 9,
            },
        ),
        ("Your bill", {"kind": "FILE", "url": "https://files.example/2"}),
    ]


@pytest.mark.parametrize("secrets", [(SECRET,), (OTHER,)])
async def test_while_keys_change_either_one_verifies_what_we_post(
    secrets: tuple[str, ...], receiver: FakeReceiver, http: httpx.AsyncClient
) -> None:
    receiver.secrets = secrets
    await _adapter(receiver.url, http, previous=OTHER).send(delivery_of("Hello"))
    assert receiver.texts() == ["Hello"]


@pytest.mark.parametrize(
    ("trouble", "expected"),
    [
        (HttpResponse(status=429, headers={"retry-after": "12"}), Throttled(12.0, scope="account")),
        (
            HttpResponse(status=429, headers={"retry-after": "Thu, 01 Jan 2026 00:01:00 GMT"}),
            Throttled(60.0, scope="account"),
        ),
        (HttpResponse(status=429, headers={"retry-after": "soon"}), Throttled(1.0, scope="account")),
        (HttpResponse(status=400), Permanent("http 400", "the provider answered HTTP 400")),
        (HttpResponse(status=401), Permanent("http 401", "the receiver does not take the signature", is_alarming=True)),
        (
            HttpResponse(status=302, headers={"location": "http://127.0.0.1:1/"}),
            Permanent("http 302", "redirects are not followed", is_alarming=True),
        ),
        (HttpResponse(status=503), Transient("the provider answered HTTP 503")),
        (HttpResponse(body=b'{"id": '), Transient("the receiver's answer is no JSON")),
        (None, Transient()),
    ],
)
async def test_what_the_receiver_answers_has_its_class(
    trouble: Trouble, expected: SendError, receiver: FakeReceiver, http: httpx.AsyncClient
) -> None:
    receiver.troubles.append(trouble)
    with pytest.raises(type(expected)) as raised:
        await _adapter(receiver.url, http).send(delivery_of("Hello"))
    if str(expected):
        assert (str(raised.value), vars(raised.value)) == (str(expected), vars(expected))


async def test_a_post_whose_answer_was_lost_is_known_again(receiver: FakeReceiver, http: httpx.AsyncClient) -> None:
    adapter = _adapter(receiver.url, http)
    receiver.troubles.append(None)
    with pytest.raises(Transient):
        await adapter.send(delivery_of("Hello"))
    await adapter.send(delivery_of("Hello", attempt=2))
    assert (receiver.texts(), receiver.repeats) == (["Hello"], 1)


async def test_who_answered_gone_is_posted_to_no_more(receiver: FakeReceiver, http: httpx.AsyncClient) -> None:
    adapter = _adapter(receiver.url, http)
    receiver.troubles.append(HttpResponse(status=410))
    for number in range(3):
        with pytest.raises(AuthExpired, match="410 Gone"):
            await adapter.send(delivery_of("Hello", sequence=1 + number))
    assert len(receiver.requests) == 1
    await _adapter(receiver.url, http).send(delivery_of("Hello"))
    assert receiver.texts() == ["Hello"]


async def test_a_medium_is_fetched_from_where_it_is_said_to_be(receiver: FakeReceiver, http: httpx.AsyncClient) -> None:
    receiver.files["/1.png"] = b"\x89PNG" * 50_000
    adapter = _adapter(receiver.url, http)
    pieces = [piece async for piece in adapter.fetch_media(MediaRef(url=f"{receiver.server.url}/1.png"))]
    assert b"".join(pieces) == receiver.files["/1.png"]
    with pytest.raises(Permanent):
        [piece async for piece in adapter.fetch_media(MediaRef(url=f"{receiver.server.url}/2.png"))]
    for url in ("http://127.0.0.1:1/", "nonsense", "http://[", ""):
        with pytest.raises(SendError):
            [piece async for piece in adapter.fetch_media(MediaRef(url=url))]


@pytest.mark.parametrize(
    "settings", [{"url": "receiver.example"}, {"secret": "env:SHORT"}, {"previous_secret": "env:SHORT"}]
)
def test_settings_that_do_not_fit_are_refused_without_showing_a_secret(settings: dict[str, str]) -> None:
    environ = {"WHSEC": SECRET, "SHORT": "whsec_c2hvcnQ"}
    given = {"url": "https://x.example", "secret": "env:WHSEC", **settings}
    for config in (WebhookConfig, SinkConfig):
        with pytest.raises(ConfigError) as refusal:
            fill(config, given, environ=environ)
        assert not [secret for secret in environ.values() if secret.removeprefix("whsec_") in str(refusal.value)]


def test_a_sink_with_a_url_needs_a_secret() -> None:
    assert fill(SinkConfig, {}).url == ""
    with pytest.raises(ConfigError, match="'secret' is missing"):
        fill(SinkConfig, {"url": "https://x.example"})
